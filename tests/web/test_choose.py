"""Choosing pictures: from an address, a list, the bookmarklet, or what is stored, to their zip."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from app import jobs
from app.database.models import Download, Image
from tests.browser import Tab
from tests.samples import picture
from tests.service.conftest import SECONDS, Service
from tests.site import Reply, Site
from tests.web.conftest import DOWN, PHONE, UP, WALK, WATCH, barriers, hang

Work = Callable[[], int]


def body(number: int) -> bytes:
    """Return a picture as the site has it; each has sides of its own."""
    return picture("gif" if number % 10 == 9 else "png", number, (40 + number, 30))


def show(site: Site, count: int) -> str:
    """Serve a page of some pictures; return its URL."""
    for number in range(count):
        site.file(f"/{number}.png", body(number), "application/octet-stream")
    return site.page("/", "".join(f'<img src="{number}.png">' for number in range(count)))


def save(page: Page, name: str, path: Path) -> list[bytes]:
    """Save by the button or link of a name; return what is in the zip."""
    with page.expect_download() as saving:
        page.get_by_text(name, exact=True).click()
    saving.value.save_as(path / "chosen.zip")
    return members((path / "chosen.zip").read_bytes())


def members(content: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return [archive.read(name) for name in archive.namelist()]


def box(page: Page, place: int) -> Any:
    return page.get_by_role("checkbox", name=re.compile(f"^Choose 0*{place}-"))


def test_an_address_leads_to_a_grid_and_three_of_sixty_to_their_zip(
    tab: Tab, url: str, site: Site, tmp_path: Path
) -> None:
    page = tab.page
    page.set_viewport_size(PHONE)
    page.goto(url)
    page.get_by_label("Addresses").fill(show(site, 60))
    page.get_by_role("button", name="Choose pictures").click()
    expect(page.get_by_text("0 of 60 chosen")).to_be_visible()
    page.wait_for_load_state()
    box(page, 5).focus()
    page.keyboard.press("Space")
    page.evaluate(WALK, ["0031-30.png", DOWN])
    box(page, 31).check()
    page.get_by_label("Sort by").select_option("Largest first")
    box(page, 59).check()
    expect(page.get_by_role("group", name="Pictures")).to_contain_text("99 × 30")
    assert barriers(page) == []

    assert save(page, "Save 3 pictures", tmp_path) == [body(58), body(30), body(4)]
    page.get_by_label("Sort by").select_option("Page order")
    assert save(page, "Save 3 pictures", tmp_path) == [body(4), body(30), body(58)]
    expect(page.get_by_text("3 of 60 chosen")).to_be_visible()
    assert site.asked("/4.png") == 1


def test_without_javascript_boxes_and_a_button_do_it(
    scriptless: Page, url: str, service: Service, site: Site, tmp_path: Path
) -> None:
    added = service.post("/download", url=show(site, 60), limit=60)
    service.end_of(added["download_url"])
    scriptless.goto(f"{url}/downloads/{added['download_id']}")
    scriptless.get_by_role("button", name="Save chosen pictures").click()
    expect(scriptless.get_by_role("alert")).to_have_text("Choose at least one picture.")
    box(scriptless, 5).check()
    box(scriptless, 24).check()
    scriptless.get_by_role("button", name="3", exact=True).click()
    box(scriptless, 59).check()
    scriptless.get_by_role("button", name="1", exact=True).click()
    expect(box(scriptless, 5)).to_be_checked()
    scriptless.get_by_role("button", name="Save chosen pictures").click()
    scriptless.wait_for_url(f"{url}/downloads/*")  # of the new download, which refreshes itself

    assert save(scriptless, "Download zip", tmp_path) == [body(4), body(23), body(58)]


def test_what_the_bookmarklet_sends_is_chosen_from(
    tab: Tab, url: str, site: Site, tmp_path: Path
) -> None:
    page = show(site, 59)
    images = [f"{page}{number}.png" for number in range(59)]
    tab.page.goto(f"{url}/#{urlencode({'url': page, 'image': images}, doseq=True)}")
    tab.page.get_by_role("button", name="Choose pictures").click()
    expect(tab.page.get_by_text("0 of 59 chosen")).to_be_visible()
    box(tab.page, 1).check()
    box(tab.page, 3).click(modifiers=["Shift"])

    assert save(tab.page, "Save 3 pictures", tmp_path) == [body(0), body(1), body(2)]
    assert not site.asked("/")


def test_a_list_of_images_is_chosen_from(tab: Tab, url: str, site: Site, tmp_path: Path) -> None:
    page = show(site, 4)
    listed = "# mine\n" + "\n".join(f"{page}{number}.png" for number in range(4))
    tab.page.goto(url)
    tab.page.get_by_text("These images").click()
    tab.page.get_by_label("Or choose a text file").set_input_files(
        {"name": "list.txt", "mimeType": "text/plain", "buffer": listed.encode()}
    )
    expect(tab.page.get_by_label("Addresses")).to_have_value(listed)
    tab.page.get_by_role("button", name="Choose pictures").click()
    expect(tab.page.get_by_text("0 of 4 chosen")).to_be_visible()
    box(tab.page, 2).check()
    tab.page.get_by_role("button", name="Invert").click()

    assert save(tab.page, "Save 3 pictures", tmp_path) == [body(0), body(2), body(3)]


@pytest.fixture
def five_hundred(service: Service) -> str:
    """The path of a finished download."""
    return hang(service, 500)


def test_of_five_hundred_few_are_in_the_document_and_all_can_be_chosen(
    tab: Tab, url: str, five_hundred: str
) -> None:
    page = tab.page
    page.add_init_script(WATCH)
    page.goto(url + five_hundred)
    expect(page.get_by_text("0 of 500 chosen")).to_be_visible()
    for name, way in ("500-499.png", DOWN), ("001-0.png", UP):
        page.evaluate(WALK, [name, way])
    page.get_by_label("Sort by").select_option("Largest first")
    page.evaluate(WALK, ["001-0.png", DOWN])
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.get_by_role("button", name="Save 500 pictures")).to_be_enabled()
    page.get_by_label("Longer side").fill("400")
    expect(page.get_by_text("101 of 101 chosen")).to_be_visible()
    page.get_by_role("button", name="None").click()
    expect(page.get_by_role("button", name="Save pictures")).to_be_disabled()
    page.get_by_label("Longer side").fill("0")
    expect(page.get_by_text("399 of 500 chosen")).to_be_visible()

    assert 24 <= page.evaluate("most") <= 200


def test_addresses_are_copied(tab: Tab, url: str, five_hundred: str) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    tab.page.goto(url + five_hundred)
    for place in 1, 2:
        box(tab.page, place).check()
    tab.page.get_by_role("button", name="Copy addresses").click()

    expect(tab.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert copied == "https://many.example/0.png\nhttps://many.example/1.png"


@pytest.fixture
def finished(client: FlaskClient, site: Site, work: Work) -> Download:
    job_id = client.post("/download", json={"url": show(site, 3)}).json["download_id"]
    work()
    return jobs.get(Download, job_id)


def post(client: FlaskClient, download: Download, images: list[Any]) -> Any:
    return client.post(f"/downloads/choose?downloads={download.id}", data={"images": images})


def test_pictures_deleted_meanwhile_are_told_of_and_the_others_stay_chosen(
    client: FlaskClient, finished: Download
) -> None:
    first, second, _ = (image.id for image in jobs.pictures_of(finished))
    client.delete(f"/images/{first}")
    answer = post(client, finished, [first, second])

    assert answer.status_code == 422
    assert "Some of these pictures have been deleted." in answer.text
    assert answer.text.count(" checked>") == 1
    assert Download.select().count() == 1


def test_who_loads_the_answer_to_the_form_again_sees_the_download(
    client: FlaskClient, finished: Download
) -> None:
    answer = client.get(f"/downloads/choose?downloads={finished.id}")

    assert answer.text == client.get(f"/downloads/{finished.id}").text


def test_of_a_preview_the_chosen_are_downloaded(
    client: FlaskClient, site: Site, work: Work
) -> None:
    body = {"url": show(site, 3), "dry_run": True}
    preview = jobs.get(Download, client.post("/download", json=body).json["download_id"])
    work()
    third, first = (jobs.pictures_of(preview)[place] for place in (2, 0))
    answer = post(client, preview, [third.id, first.id])

    assert answer.status_code == 303
    new = jobs.get(Download, answer.location.rpartition("/")[2])
    assert new.image_urls == [first.source_url, third.source_url]
    assert (new.dry_run, new.limit) == (False, 2)


def test_to_choose_all_pictures_are_fetched_that_may_be(client: FlaskClient) -> None:
    client.post("/", data={"urls": "https://example.com/", "choose": "true"})

    assert Download.get().limit == 500
    client.post("/", data={"urls": "https://example.com/", "choose": "true", "limit": "7"})
    assert Download.select().order_by(Download.id.desc()).get().limit == 7


def test_to_choose_from_a_list_of_images_it_becomes_one_download(client: FlaskClient) -> None:
    urls = ["https://example.com/1.png", "https://example.com/2.png"]
    client.post("/", data={"kind": "images", "urls": "\n".join(urls), "choose": "true"})

    [download] = Download.select()
    assert download.image_urls == urls
    assert not Image.select().exists()


def two_pages(site: Site) -> str:
    """Serve two pages of two pictures each; return their addresses and one that is not there."""
    for number in range(4):
        site.file(f"/{number}.png", body(number))
    pages = [
        site.page(
            f"/{name}", f"<title>Page {name}</title><img src=/{first}.png><img src=/{second}.png>"
        )
        for name, first, second in (("a", 0, 1), ("b", 2, 3))
    ]
    return "\n".join([pages[0], site.url("/none"), pages[1]])


@pytest.mark.parametrize("button", ["Choose pictures", "Download pictures"])
def test_several_pages_lead_to_one_grid_and_pictures_of_each_to_one_zip(
    tab: Tab, url: str, site: Site, tmp_path: Path, button: str
) -> None:
    page = tab.page
    page.set_viewport_size(PHONE)
    page.goto(url)
    page.get_by_label("Addresses").fill(two_pages(site))
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pictures of 3 pages")
    expect(page.get_by_role("status").first).to_have_text("4 pictures of 3 pages; 1 page failed.")
    expect(page.get_by_text("0 of 4 chosen")).to_be_visible()
    failed = page.get_by_role("listitem").filter(has_text="/none")
    expect(failed).to_contain_text("The server answered 404.")
    tiles = page.locator("#pictures li")
    expect(tiles.nth(1)).to_contain_text("Page a")
    expect(tiles.nth(2)).to_contain_text("Page b")
    assert barriers(page) == []
    page.get_by_role("button", name="All", exact=True).click()
    tiles.nth(0).get_by_role("checkbox").uncheck()

    assert save(page, "Save 3 pictures", tmp_path) == [body(1), body(2), body(3)]
    page.get_by_label("Sort by").select_option("Largest first")
    assert save(page, "Save 3 pictures", tmp_path) == [body(3), body(2), body(1)]
    assert site.asked("/1.png") == 1


def test_without_javascript_pictures_of_several_pages_are_chosen_by_boxes(
    scriptless: Page, url: str, service: Service, site: Site, tmp_path: Path
) -> None:
    added = service.post("/download", url=show(site, 40))
    other = service.post("/download", url=site.page("/other", "<img src=44.png>"))
    site.file("/44.png", body(44))
    for one in added, other:
        service.end_of(one["download_url"])
    scriptless.goto(f"{url}/downloads")
    for one in other, added:
        scriptless.locator(f"[value='{one['download_id']}']").check()
    scriptless.get_by_role("button", name="Choose pictures").click()
    expect(scriptless.get_by_role("heading", level=1)).to_have_text("Pictures of 2 pages")
    box(scriptless, 5).check()
    scriptless.get_by_role("button", name="2", exact=True).click()
    scriptless.get_by_role("checkbox", name="Choose 001-44.png").check()
    scriptless.get_by_role("button", name="Save chosen pictures").click()
    expect(scriptless.get_by_role("heading", level=1)).to_contain_text("and 1 other page")

    assert save(scriptless, "Download zip", tmp_path) == [body(4), body(44)]


def test_a_page_that_is_read_late_takes_its_place_before_the_others(
    tab: Tab, url: str, site: Site
) -> None:
    """And what was chosen meanwhile stays chosen."""
    late = Event()

    def wait() -> Reply:
        assert late.wait(SECONDS)
        return Reply(b"".join(b"<img src=%d.png>" % number for number in range(40)), "text/html")

    show(site, 80)
    site.replies["/late"] = wait
    soon = site.page("/soon", "".join(f"<img src={number}.png>" for number in range(40, 80)))
    tab.page.goto(url)
    tab.page.get_by_label("Addresses").fill(f"{site.url('/late')}\n{soon}")
    tab.page.get_by_role("button", name="Choose pictures").click()
    expect(tab.page.get_by_text("0 of 40 chosen")).to_be_visible()
    tab.page.get_by_role("button", name="All", exact=True).click()
    late.set()

    expect(tab.page.get_by_text("40 of 80 chosen")).to_be_visible()
    expect(tab.page.locator("#pictures li").first).to_contain_text("001-0.png")


def test_several_previews_lead_to_the_history_which_has_each(client: FlaskClient) -> None:
    urls = "https://example.com/1\nhttps://example.com/2"
    answer = client.post("/", data={"urls": urls, "dry_run": "true"})

    assert answer.location == "/downloads"


def test_to_choose_from_several_pages_each_gets_its_share(client: FlaskClient) -> None:
    urls = [f"https://example.com/{number}" for number in range(20)]
    for count, limit in (2, 250), (20, 50):
        answer = client.post("/", data={"urls": "\n".join(urls[:count]), "choose": "true"})
        newest = list(Download.select().order_by(Download.id.desc()).limit(count))
        assert {one.limit for one in newest} == {limit}
        ids = parse_qs(urlsplit(answer.location).query)["downloads"]
        assert ids == [str(one.id) for one in newest][::-1]


def test_downloads_that_are_gone_are_told_of(client: FlaskClient, finished: Download) -> None:
    there, gone = f"downloads={finished.id}", f"downloads={uuid4()}"

    assert client.get(f"/downloads/choose?{there}&{gone}&downloads=no").status_code == 200
    assert client.get(f"/downloads/choose?{gone}").status_code == 404
    assert client.post(f"/downloads/choose?{gone}").status_code == 404
    assert client.post("/downloads/choose").status_code == 404
    assert client.get("/downloads/choose").location == "/downloads"


def test_more_pictures_than_a_zip_takes_are_refused_in_words(
    client: FlaskClient, finished: Download
) -> None:
    answer = post(client, finished, [uuid4() for _ in range(10_001)])

    assert answer.status_code == 422
    assert "At most 10,000 at once; these are 10,001." in answer.text


def test_pictures_of_other_downloads_than_those_shown_are_not_taken(
    client: FlaskClient, finished: Download, site: Site, work: Work
) -> None:
    other = jobs.add_download(url=site.page("/other", "<img src=1.png>"), limit=5)
    work()
    answer = post(client, finished, [jobs.pictures_of(other)[0].id])

    assert answer.status_code == 422
