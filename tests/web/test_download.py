"""`/downloads/<id>`, where people watch their pictures come."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import Tab
from tests.samples import picture
from tests.service.conftest import Service
from tests.site import Site
from tests.web.conftest import Gate, barriers, forget


def ask_for(page: Page, url: str, site: Site) -> None:
    page.goto(url)
    page.get_by_label("Addresses").fill(site.url("/"))
    page.get_by_role("button", name="Download pictures").click()
    page.wait_for_url("**/downloads/*")  # and its scripts


def test_pictures_appear_one_by_one_until_the_zip_is_there(
    tab: Tab, url: str, site: Site, gate: Gate, tmp_path: Path
) -> None:
    events: list[str] = []
    tab.page.on("request", lambda request: events.append(request.url))
    ask_for(tab.page, url, site)
    pictures = tab.page.get_by_role("group", name="Pictures")
    expect(tab.page.get_by_text("4 pictures found. 1 of 4 stored.")).to_be_visible()
    expect(tab.page.get_by_role("progressbar")).to_have_attribute("value", "1")
    expect(pictures.get_by_role("img")).to_have_count(0)  # each stands beside its name
    expect(pictures.get_by_text("PNG, 24\u00a0×\u00a016")).to_have_count(1)
    expect(pictures.get_by_text("Waiting")).to_have_count(3)
    assert barriers(tab.page) == []
    gate.open()

    expect(tab.page.get_by_text("3 of 4 pictures stored; 1 failed.")).to_be_visible()
    expect(pictures.get_by_text("PNG, 24\u00a0×\u00a016")).to_have_count(3)
    expect(tab.page.get_by_role("progressbar")).to_have_count(0)
    left = tab.page.get_by_role("listitem").filter(has_text="4.png")
    expect(left).to_contain_text("The server answered 404.")
    expect(tab.page).to_have_title(f"Done · {site.url('')[7:]}")
    with tab.page.expect_download() as saving:
        tab.page.get_by_role("link", name="Download zip").click()
    saving.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "all.zip").read_bytes())) as archive:
        assert archive.namelist() == ["001-1.png", "002-2.png", "003-3.png"]
        assert archive.read("002-2.png") == picture("png", 2)
    assert any(one.endswith("/events") for one in events)


def test_thumbnails_come_when_they_are_made(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    tab.page.goto(f"{url}/downloads/{downloaded(2)}")

    images = tab.page.locator("#pictures img")
    expect(images).to_have_count(2)
    for img in images.all():
        expect(img).to_have_js_property("naturalWidth", 320)


def test_what_a_page_spells_wrongly_is_shown_as_it_stands_there(
    client: FlaskClient, site: Site, work: Callable[[], int]
) -> None:
    site.file("/1.png", picture())
    page = site.page("/", '<img src="http://[bad/1.png"><img src="//[bad/2.png"><img src="1.png">')
    added = client.post("/download", json={"url": page}).json
    work()

    told = client.get(f"/downloads/{added['download_id']}")
    assert "http://[bad/1.png" in told.text
    assert "//[bad/2.png" in told.text
    for image in client.get(added["status_url"]).json["images"]:
        assert client.get(f"/gallery/{image['id']}").status_code == 200


def without_events(context: BrowserContext) -> None:
    context.route("**/events", lambda route: route.fulfill(status=503))


def test_where_events_do_not_come_through_the_page_asks_again(
    tab: Tab, url: str, site: Site, gate: Gate
) -> None:
    without_events(tab.context)
    ask_for(tab.page, url, site)
    expect(tab.page.get_by_text("4 pictures found. 1 of 4 stored.")).to_be_visible()
    gate.open()

    expect(tab.page.get_by_role("link", name="Download zip")).to_be_visible()
    forget(tab, 503)


def test_it_goes_on_behind_the_large_view_of_a_picture(
    tab: Tab, url: str, site: Site, gate: Gate
) -> None:
    ask_for(tab.page, url, site)
    tab.page.get_by_role("link", name="001-1.png").click()
    expect(tab.page.get_by_role("dialog").get_by_role("heading")).to_have_text("001-1.png")
    gate.open()
    expect(tab.page.get_by_text("3 of 4 pictures stored")).to_be_attached()
    tab.page.keyboard.press("Escape")

    expect(tab.page.get_by_role("link", name="Download zip")).to_be_visible()


def test_a_download_is_cancelled_and_then_deleted(
    tab: Tab, url: str, site: Site, gate: Gate
) -> None:
    ask_for(tab.page, url, site)
    tab.page.get_by_role("button", name="Cancel").click()
    expect(tab.page.get_by_text("Cancelled on request.")).to_be_visible()
    there = tab.page.url
    tab.page.get_by_text("Delete…").click()
    tab.page.get_by_role("button", name="Yes, delete").click()

    expect(tab.page).to_have_url(f"{url}/downloads")
    answer = tab.page.goto(there)
    assert answer
    assert answer.status == 404
    expect(tab.page.get_by_role("heading", name="Not found")).to_be_visible()
    forget(tab, 404)  # of this page, and perhaps of a thumbnail that went with the download


def test_what_failed_is_tried_again(tab: Tab, url: str, site: Site) -> None:
    ask_for(tab.page, url, site)
    expect(tab.page.get_by_text("The server answered 404.")).to_be_visible()
    site.file("/1.png", picture())
    site.page("/", "<img src=1.png>")
    tab.page.get_by_role("button", name="Try again").click()

    expect(tab.page.get_by_role("link", name="Download zip")).to_be_visible()


def test_without_javascript_every_button_works(scriptless: Page, url: str, site: Site) -> None:
    ask_for(scriptless, url, site)
    scriptless.get_by_role("button", name="Try again").click()
    expect(scriptless.get_by_text("The server answered 404.")).to_be_visible()
    scriptless.get_by_text("Delete…").click()
    scriptless.get_by_role("button", name="Yes, delete").click()

    expect(scriptless).to_have_url(f"{url}/downloads")


def test_a_look_tells_what_is_there_and_fetches_nothing(
    tab: Tab, url: str, site: Site, gate: Gate
) -> None:
    tab.page.goto(url)
    tab.page.get_by_label("Addresses").fill(site.url("/"))
    tab.page.get_by_text("Options").click()
    tab.page.get_by_label("Preview: ").check()
    tab.page.get_by_role("button", name="Download pictures").click()

    expect(tab.page.get_by_text("4 pictures found. Preview only")).to_be_visible()
    expect(tab.page.get_by_role("listitem").filter(has_text="2.png")).to_be_visible()
    assert not site.asked("/1.png")
    gate.open()
    tab.page.get_by_role("button", name="Download these pictures").click()

    expect(tab.page.get_by_text("3 of 4 pictures stored; 1 failed.")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Download again")).to_be_visible()


HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror='alert(1)'>", "\u202egnp.exe"]


def test_what_strangers_wrote_is_shown_as_text(
    tab: Tab, url: str, site: Site, service: Service
) -> None:
    site.file("/a.png", picture())
    escaped = [text.replace("&", "&amp;").replace('"', "&quot;") for text in HOSTILE]
    html = f'<img alt="{escaped[0]}" src="a.png">'
    html += "".join(f'<img alt="{text}" src="/{text}.png">' for text in escaped)
    added = service.post("/download", url=site.page("/", html))
    service.end_of(added["download_url"])
    tab.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    tab.page.goto(f"{url}/downloads/{added['download_id']}")

    names = tab.page.locator(".reasons .name")
    expect(names).to_have_text([f"{text.rpartition('/')[2]}.png" for text in HOSTILE])
    assert names.last.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
    tab.page.get_by_role("link", name="001-a.png").click()
    expect(tab.page.get_by_role("dialog").get_by_text(HOSTILE[0])).to_be_visible()
    assert tab.page.locator("main script, dialog script, [onerror]").count() == 0


def test_the_keyboard_alone_leads_from_the_address_to_the_zip(
    tab: Tab, url: str, site: Site
) -> None:
    site.file("/1.png", picture())
    site.page("/", "<img src=1.png>")
    tab.page.goto(url)
    press = tab.page.keyboard.press
    expect(tab.page.get_by_label("Addresses")).to_be_focused()
    tab.page.keyboard.type(site.url("/"))
    for key in "Tab", "Tab", "Tab", "Enter":  # past the file and the options
        press(key)
    save = tab.page.get_by_role("link", name="Download zip")
    expect(save).to_be_visible()
    tab.page.wait_for_load_state()  # the focus begins anew there
    press("Tab")
    expect(tab.page.get_by_role("link", name="Skip to content")).to_be_focused()
    for key in "Enter", "Tab", "Tab":  # past the page's own address
        press(key)
    expect(save).to_be_focused()
    with tab.page.expect_download():
        press("Enter")
    # Who deletes a picture while its thumbnail is asked for has that answered by 404.
    expect(tab.page.locator("#pictures img")).to_have_js_property("naturalWidth", 24)
    for key in "Tab", "Tab", "Enter", "Tab", "Enter":  # past getting it again; delete, yes
        press(key)

    expect(tab.page).to_have_url(f"{url}/downloads")
