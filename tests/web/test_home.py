"""`/`, where people ask for pictures."""

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from app.database.ids import first_id, now
from app.database.models import Download, Image
from tests.browser import Tab
from tests.samples import picture
from tests.site import Site
from tests.web.conftest import barriers, drop, forget

PAGE = "https://example.com/"


def test_a_page_becomes_a_download(client: FlaskClient) -> None:
    answer = client.post("/", data={"urls": f" {PAGE}\n"})

    download = Download.get()
    assert (answer.status_code, answer.location) == (303, f"/downloads/{download.id}")
    assert (download.url, download.limit, download.types) == (PAGE, 50, None)


def test_every_option_of_the_form_reaches_the_download(client: FlaskClient) -> None:
    options = {"limit": "7", "min_width": "640", "min_height": "480", "types": ["JPG", "png"]}
    options |= {"min_bytes": "20 kB", "include": "/photos/ *.jpg", "exclude": "thumb"}
    options["pattern"] = " {alt} "
    flags = {"dry_run": "true", "manifest": "true"}
    client.post("/", data={"urls": PAGE, "image_urls": "/a.png\r\n/b.png", **options, **flags})

    told = Download.get().__data__
    assert told["types"] == ["jpeg", "png"]
    assert (told["limit"], told["min_width"], told["min_height"]) == (7, 640, 480)
    assert told["image_urls"] == ["/a.png", "/b.png"]
    assert (told["min_bytes"], told["exclude"]) == (20_000, ["thumb"])
    assert told["pattern"] == "{alt}"
    assert told["include"] == ["/photos/", "*.jpg"]
    assert told["dry_run"]
    assert told["manifest"]


def test_several_pages_become_several_downloads(client: FlaskClient) -> None:
    answer = client.post("/", data={"urls": f"{PAGE}a\n\n{PAGE}b"}, follow_redirects=True)

    assert "Pictures of 2 pages</h1>" in answer.text
    assert [one.url for one in Download.select().order_by(Download.id)] == [f"{PAGE}a", f"{PAGE}b"]


def test_addresses_of_images_become_copies_that_are_shown_together(client: FlaskClient) -> None:
    Image.create(id=first_id(now() - timedelta(hours=1)), source_url=f"{PAGE}before.png")
    urls = f"{PAGE}a.png\n{PAGE}b.png"
    answer = client.post("/", data={"urls": urls, "kind": "images"}, follow_redirects=True)

    assert answer.request.path == "/gallery"
    assert re.findall(r"(\w+\.png)</bdi>", answer.text) == ["b.png", "a.png"]
    assert not Download.select().exists()


def test_an_address_without_a_scheme_is_https(client: FlaskClient) -> None:
    client.post("/", data={"urls": "example.com/a?b=1"})

    assert Download.get().url == "https://example.com/a?b=1"


def test_a_list_may_have_comments_and_empty_lines(client: FlaskClient) -> None:
    images = "# of the gallery\n\n/a.png\n#/b.png\n/c.png#top"
    client.post("/", data={"urls": f"# mine\n\n  {PAGE}  \n", "image_urls": images})

    download = Download.get()
    assert (download.url, download.image_urls) == (PAGE, ["/a.png", "/c.png#top"])


def test_a_file_of_addresses_is_taken_beside_those_typed_in(client: FlaskClient) -> None:
    file = BytesIO(f"\ufeff# pages\r\n{PAGE}b\r\n".encode()), "list.txt"
    client.post("/", data={"urls": PAGE, "list": file})

    assert [row.url for row in Download.select().order_by(Download.id)] == [PAGE, f"{PAGE}b"]


def test_a_file_that_is_no_text_is_refused(client: FlaskClient) -> None:
    answer = client.post("/", data={"urls": PAGE, "list": (BytesIO(picture()), "a.png")})

    assert answer.status_code == 422
    assert "Not a text file" in answer.text
    assert not Download.select().exists()


def test_a_list_of_ten_thousand_images_has_room_in_the_form(client: FlaskClient) -> None:
    urls = "\n".join(f"https://example.com/{'x' * 100}{number}.png" for number in range(10_000))
    answer = client.post("/", data={"urls": urls, "kind": "images"})

    assert answer.status_code == 303
    assert Image.select().count() == 10_000


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_a_file_of_addresses_fills_the_form(tab: Tab, url: str, tmp_path: Path, way: str) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"# mine\n{PAGE}a\n{PAGE}b\n")
    tab.page.goto(url)
    if way == "chosen":
        tab.page.get_by_label("Or choose a text file").set_input_files(file)
    else:
        drop(tab.page, file)

    expect(tab.page.get_by_label("Addresses")).to_have_value(file.read_text().strip())
    expect(tab.page.get_by_label("Or choose a text file")).to_have_value("")


def test_of_many_wrong_addresses_it_is_told_how_many_there_are(client: FlaskClient) -> None:
    urls = "\n".join(f"http://10.0.0.{number}/" for number in range(60))
    answer = client.post("/", data={"urls": urls, "kind": "images"})

    assert answer.status_code == 422
    assert answer.text.count("Line ") == 5
    assert "There are 55 more like these." in answer.text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"urls": ""}, "Enter an address"),
        ({"urls": "not an address"}, "Refused: "),
        ({"urls": "ftp://example.com/"}, "scheme is not http or https"),
        ({"urls": f"{PAGE}\n \n\nhttp://10.0.0.1/"}, "Line 4: "),
        ({"urls": f"{PAGE}\n" * 101}, "At most 100 at once"),
        ({"urls": PAGE, "limit": "501"}, "Must be at most 500"),
        ({"urls": PAGE, "limit": "0"}, "Must be greater than or equal to 1"),
        ({"urls": PAGE, "limit": "٣"}, "Not a valid integer"),
        ({"urls": PAGE, "types": "exe"}, "Must be one of"),
        ({"urls": PAGE, "sources": "everywhere"}, "Must be one of"),
        ({"urls": PAGE, "min_bytes": "many"}, "Enter a size, such as 20 kB"),
        ({"urls": PAGE, "pattern": "{colour}"}, "There is no {colour}: use {position}, {name}"),
        ({"urls": PAGE, "exclude": "x" * 501}, "Length must be between 1 and 500"),
        ({"urls": f"{PAGE}\n{PAGE}b", "image_urls": "/a.png"}, "enter one address"),
    ],
)
def test_a_form_that_cannot_be_taken_comes_back_with_the_reason(
    client: FlaskClient, form: dict[str, str], told: str
) -> None:
    answer = client.post("/", data=form)

    assert answer.status_code == 422
    assert told in answer.text
    assert form["urls"] in answer.text
    assert not Download.select().exists()


def test_all_that_is_wrong_with_a_form_is_told_at_once(client: FlaskClient) -> None:
    wrong = {"urls": "ftp://example.com/", "min_bytes": "many", "limit": "0"}
    answer = client.post("/", data=wrong)

    for told in "scheme is not http", "Enter a size", "greater than or equal to 1":
        assert told in answer.text
    assert '<details class="options" open>' in answer.text
    assert " open>" not in client.post("/", data={"urls": "ftp://example.com/"}).text


def test_a_form_of_another_site_is_refused(client: FlaskClient) -> None:
    answer = client.post("/", data={"urls": PAGE}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert not Download.select().exists()


def test_a_bad_address_is_told_beside_the_field_and_stays_there(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.page.get_by_label("Addresses").fill("ftp://example.com/")
    tab.page.get_by_role("button", name="Download pictures").click()

    field = tab.page.get_by_label("Addresses")
    expect(field).to_have_value("ftp://example.com/")
    expect(field).to_have_accessible_description("Refused: scheme is not http or https.")
    assert barriers(tab.page) == []
    forget(tab, 422)


def test_without_javascript_the_form_and_the_status_page_work(
    scriptless: Page, url: str, site: Site
) -> None:
    site.file("/a.png", picture())
    site.page("/", "<img src=a.png>")
    scriptless.goto(url)
    scriptless.get_by_label("Addresses").fill(site.url("/"))
    scriptless.get_by_role("button", name="Download pictures").click()

    expect(
        scriptless.get_by_role("link", name="Download zip")
    ).to_be_visible()  # by the page's refresh


def test_what_is_wrong_in_the_options_has_the_focus(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.page.get_by_label("Addresses").fill(PAGE)
    tab.page.get_by_text("Options for pages").click()
    tab.page.get_by_label("At most").fill("0")
    tab.page.get_by_role("button", name="Download pictures").click()

    expect(tab.page.get_by_label("At most")).to_be_focused()
    forget(tab, 422)


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ({"url": PAGE}, PAGE),
        ({"title": "A page", "text": f"Look: {PAGE}b and more"}, f"{PAGE}b"),
        ({"url": "javascript:alert(1)"}, ""),
        ({"url": f'{PAGE}"</textarea><script>'}, f"{PAGE}&#34;&lt;/textarea&gt;&lt;script&gt;"),
    ],
)
def test_an_address_in_the_query_fills_the_form_and_fetches_nothing(
    client: FlaskClient, query: dict[str, str], filled: str
) -> None:
    answer = client.get("/", query_string=query)

    assert re.search(r'<textarea id="urls"[^>]*>\n(.*)</textarea>', answer.text)[1] == filled
    assert Download.select().count() == 0


def test_a_phone_can_install_it_and_share_addresses_with_it(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    session = tab.context.new_cdp_session(tab.page)
    found = session.send("Page.getAppManifest")

    assert not found["errors"]
    manifest = found["manifest"]
    assert manifest["shareTarget"]["action"].removesuffix("/") == url.removesuffix("/")
    assert manifest["icons"]


def test_addresses_of_images_have_no_options(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    options = tab.page.get_by_text("Options for pages")
    expect(options).to_be_visible()
    tab.page.get_by_text("These images").click()

    expect(options).to_be_hidden()
    expect(tab.page.get_by_text("Each is saved to the gallery")).to_be_visible()
