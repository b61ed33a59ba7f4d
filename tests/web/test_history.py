"""`/downloads`, where people find again what they asked for."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from app import jobs
from app.database.models import Download, Image
from tests.browser import Tab
from tests.samples import picture
from tests.service.conftest import Service
from tests.site import Site
from tests.web.conftest import PHONE, Gate


def test_a_download_is_found_tried_again_and_deleted(
    tab: Tab, url: str, site: Site, service: Service
) -> None:
    page = site.url("/nothing")
    service.end_of(service.post("/download", url=page)["download_url"])
    tab.page.goto(f"{url}/downloads")
    tab.page.get_by_label("State").select_option("Failed")
    tab.page.get_by_role("button", name="Show").click()
    entry = tab.page.get_by_role("listitem").filter(has_text=page)
    expect(entry).to_contain_text("The server answered 404.")
    entry.get_by_role("button", name="Try again").click()
    expect(tab.page.get_by_text("The server answered 404.")).to_be_visible()
    tab.page.get_by_role("link", name="History").click()
    expect(entry).to_have_count(2)
    entry.last.get_by_text("Delete…").click()
    yes = entry.get_by_role("button", name="Yes, delete")
    for left in 1, 0:
        entry.first.get_by_text("Delete…").click()
        expect(yes).to_have_count(1)  # one question at a time
        yes.click()
        expect(entry).to_have_count(left)


def test_a_question_stays_open_while_the_list_goes_on(
    tab: Tab, url: str, site: Site, gate: Gate, service: Service
) -> None:
    over = service.post("/download", url=site.url("/nothing"))
    service.end_of(over["download_url"])
    running = service.post("/download", url=site.url("/"))
    tab.page.goto(f"{url}/downloads")
    failed = tab.page.locator(f"#download-{over['download_id']}")
    failed.get_by_text("Delete…").click()
    gate.open()

    entry = tab.page.locator(f"#download-{running['download_id']}")
    expect(entry).to_contain_text("3 of 4 pictures")
    expect(entry).to_contain_text("Done")
    expect(failed.get_by_role("button", name="Yes, delete")).to_be_visible()


def test_the_keyboard_stays_where_it_is_while_the_list_goes_on(
    tab: Tab, url: str, site: Site, gate: Gate, service: Service
) -> None:
    site.replies["/3.png"] = third = Gate(picture("png", 3))
    running = service.post("/download", url=site.url("/"))
    tab.page.goto(f"{url}/downloads")
    entry = tab.page.locator(f"#download-{running['download_id']}")
    cancel = entry.get_by_role("button", name="Cancel")
    cancel.focus()
    gate.open()

    expect(entry.get_by_role("progressbar")).to_have_attribute("value", "2")
    expect(cancel).to_be_focused()
    third.open()


def test_the_keyboard_goes_on_where_a_download_has_ended(
    tab: Tab, url: str, site: Site, gate: Gate, service: Service
) -> None:
    running = service.post("/download", url=site.url("/"))
    tab.page.goto(f"{url}/downloads")
    entry = tab.page.locator(f"#download-{running['download_id']}")
    entry.get_by_role("button", name="Cancel").focus()
    gate.open()

    expect(entry.get_by_role("link", name="Zip")).to_be_focused()


def test_a_question_is_taken_back_by_escape_or_a_click_elsewhere(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    entry = tab.page.locator(f"#download-{downloaded(1)}")
    tab.page.goto(f"{url}/downloads")
    question = entry.get_by_text("Delete…")
    yes = entry.get_by_role("button", name="Yes, delete")
    for take_back in (
        lambda: tab.page.keyboard.press("Escape"),
        lambda: tab.page.get_by_role("heading", name="History").click(),
    ):
        question.click()
        expect(yes).to_be_visible()
        take_back()
        expect(yes).to_be_hidden()


def test_what_is_cancelled_stays_in_its_list_and_can_be_had_again(
    tab: Tab, url: str, site: Site, gate: Gate, service: Service
) -> None:
    running = service.post("/download", url=site.url("/"))
    tab.page.goto(f"{url}/downloads?status=")
    entry = tab.page.locator(f"#download-{running['download_id']}")
    entry.get_by_role("button", name="Cancel").click()
    expect(entry).to_contain_text("Cancelled")
    expect(tab.page).to_have_url(f"{url}/downloads?status=")
    gate.open()
    entry.get_by_role("button", name="Try again").click()

    expect(tab.page.get_by_role("link", name="Download zip")).to_be_visible()


def test_what_is_deleted_leads_back_to_the_list_as_it_was_filtered(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    entry = tab.page.locator(f"#download-{downloaded(1)}")
    there = f"{url}/downloads?status=finished"
    tab.page.goto(there)
    entry.get_by_text("Delete…").click()
    entry.get_by_role("button", name="Yes, delete").click()

    expect(entry).to_have_count(0)
    expect(tab.page).to_have_url(there)


def test_the_zip_is_one_click_away(tab: Tab, url: str, downloaded: Callable[..., str]) -> None:
    download_id = downloaded(2)
    tab.page.goto(f"{url}/downloads")
    entry = tab.page.locator(f"#download-{download_id}")
    expect(entry).to_contain_text("2 of 2 pictures")
    with tab.page.expect_download():
        entry.get_by_role("link", name="Zip").click()


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [
        ("http://localhost/downloads", "/downloads"),
        ("http://localhost/downloads?status=queued&a=%20", "/downloads?status=queued&a=%20"),
        ("http://localhost/downloads/{id}", "/downloads"),
        ("http://localhost//evil.example/", "/"),
        ("http://evil.example/downloads?a=b", "/downloads"),
        ("http://[", "/downloads"),
        ("", "/downloads"),
    ],
)
def test_a_form_leads_back_to_a_page_of_ours_that_is_still_there(
    client: FlaskClient, came_from: str, leads_to: str
) -> None:
    job_id = client.post("/download", json={"url": "https://example.com/"}).json["download_id"]
    headers = {"Referer": came_from.format(id=job_id)}
    answer = client.post(f"/downloads/{job_id}/delete", headers=headers)

    assert (answer.status_code, answer.location) == (303, leads_to)


def test_older_downloads_are_a_link_away(client: FlaskClient) -> None:
    for number in range(26):
        client.post("/", data={"urls": f"https://example.com/{number}", "dry_run": "true"})
    newest, *_, last, oldest = Download.select().order_by(Download.id.desc())
    older = f"/downloads?status=queued&cursor={last.id}"
    first, second = client.get("/downloads?status=queued").text, client.get(older).text

    assert older.replace("&", "&amp;") in first
    assert f'href="/downloads/{newest.id}"' in first
    assert f'href="/downloads/{oldest.id}"' not in first
    assert f'href="/downloads/{oldest.id}"' in second
    assert second.count("<li id=") == 1
    assert "Older" not in second


def test_all_pictures_of_a_page_are_a_button_away(
    client: FlaskClient, site: Site, work: Callable[[], int]
) -> None:
    for number in range(3):
        site.file(f"/{number}.png", picture("png", number))
    page = site.page("/", "".join(f"<img src=/{number}.png>" for number in range(3)))
    job_id = client.post("/download", json={"url": page, "limit": 2}).json["download_id"]
    work()
    shown = client.get(f"/downloads/{job_id}").text
    answer = client.post(f"/downloads/{job_id}/all")
    work()
    status = client.get(answer.location.replace("/downloads/", "/download/") + "/status").json

    assert "2 of 3 pictures stored" in shown
    assert "Download all 3" in shown
    assert status["progress"] == {"found": 3, "done": 3, "failed": 0, "total": 3}
    assert "Download all" not in client.get(answer.location).text


def test_times_are_those_of_the_reader(
    browser: Browser, url: str, downloaded: Callable[..., str]
) -> None:
    download_id = downloaded(1)
    shown = {}
    for zone in "Asia/Tokyo", "UTC":
        context = browser.new_context(timezone_id=zone, locale="en-GB")
        page = context.new_page()
        page.goto(f"{url}/downloads/{download_id}")
        shown[zone] = page.locator("time").evaluate("e => [e.textContent, e.title, e.dateTime]")
        context.close()

    added = datetime.fromisoformat(shown["UTC"][2])
    local = added + timedelta(hours=9)
    assert shown["Asia/Tokyo"][0] == f"{local:%-d %b %Y, %H:%M}"
    assert shown["UTC"][0] == f"{added:%-d %b %Y, %H:%M}"
    assert shown["Asia/Tokyo"][1] == f"{added:%-d %b %Y, %H:%M} UTC"


@pytest.fixture
def titled(client: FlaskClient, site: Site, work: Callable[[], int]) -> Download:
    """A finished download of a page with a title."""
    site.file("/a.png", picture())
    page = site.page("/p", "<title>Die \u202eÄpfel\n im &lt;Garten&gt;</title><img src=/a.png>")
    job_id = client.post("/download", json={"url": page}).json["download_id"]
    work()
    return jobs.get(Download, job_id)


def test_the_title_of_a_page_stands_in_its_place_everywhere(
    client: FlaskClient, titled: Download
) -> None:
    title, escaped = "Die Äpfel im <Garten>", "Die Äpfel im &lt;Garten&gt;"
    archive = client.get(f"/download/{titled.id}")
    [image] = jobs.pictures_of(titled)
    again = client.post(f"/downloads/choose?downloads={titled.id}", data={"images": [image.id]})

    assert client.get(f"/download/{titled.id}/status").json["title"] == title
    assert client.get("/download").json["downloads"][1]["title"] == title
    for path in "/downloads", f"/downloads/{titled.id}", again.location:
        assert f"{escaped}</bdi>" in client.get(path).text
    assert f"Done · {escaped}</title>" in client.get(f"/downloads/{titled.id}").text
    name = quote(f"Die-Äpfel-im-Garten-{titled.added_at:%Y-%m-%d}.zip")
    assert name in archive.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("äpfel", 1), ("ÄPFEL", 1), ("GARTEN", 1), ("127.0.0.1", 1), ("example", 2)),
        *(("%", 0), ("_", 0), ("none", 0), (" äpfel ", 1)),
    ],
)
def test_it_is_searched_by_title_and_site(
    client: FlaskClient, titled: Download, text: str, count: int
) -> None:
    for number in 1, 2:
        client.post("/download", json={"url": f"https://example.com/{number}"})

    assert client.get("/downloads", query_string={"q": text}).text.count("<li id=") == count


def test_a_search_goes_on_in_older_downloads_and_keeps_to_the_state(client: FlaskClient) -> None:
    for number in range(30):
        client.post("/download", json={"url": f"https://example.com/{number}"})
    first = client.get("/downloads?q=example&status=queued").text
    older = re.search(r'href="(/downloads\?q=example&amp;status=queued&amp;cursor=[^"]+)"', first)

    assert older
    assert client.get(unescape(older[1])).text.count("<li id=") == 5
    assert client.get("/downloads?q=example&status=failed").text.count("<li id=") == 0


def test_a_long_title_leaves_room_on_a_phone(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    title = "W" * 300
    download = downloaded(1, f"<title>{title}</title>")
    tab.page.set_viewport_size(PHONE)
    for path, most in (f"/downloads/{download}", 120), (f"/downloads?q={title}", 30):  # pixels
        tab.page.goto(url + path)
        shown = tab.page.locator("main bdi", has_text=title).bounding_box()

        assert shown
        assert shown["height"] < most
        assert tab.page.get_by_title(title).count() == 1


def test_many_are_deleted_or_tried_again_at_once(client: FlaskClient, titled: Download) -> None:
    failed, cancelled = (jobs.add_download(url="https://a/", limit=5) for _ in range(2))
    Download.update(status="failed").where(Download.id == failed.id).execute()
    client.post(f"/downloads/{cancelled.id}/cancel")
    ids = [str(one.id) for one in (titled, failed, cancelled)]
    client.post("/downloads/many", data={"downloads": [*ids, "no"], "do": "retry"})

    statuses = [one.status for one in Download.select().order_by(Download.id)]
    assert statuses == ["finished", "failed", "cancelled", "queued", "queued"]
    client.post("/downloads/many", data={"downloads": [*ids, str(uuid.uuid4())], "do": "delete"})
    assert Download.select().count() == 2
    assert not Image.select().exists()


def test_boxes_choose_many_and_save_their_zips(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    for _ in range(2):
        downloaded(1, "<title>Twice in the history</title>")
    tab.page.goto(f"{url}/downloads?q=twice+in+the+history")
    expect(tab.page.get_by_role("button", name="Download zips")).to_be_hidden()
    tab.page.get_by_label("All", exact=True).check()
    expect(tab.page.get_by_text("2 chosen")).to_be_visible()
    saved: list[str] = []
    tab.page.on("download", lambda download: saved.append(download.suggested_filename))
    with tab.page.expect_event("download", lambda _: len(saved) == 2):
        tab.page.get_by_role("button", name="Download zips").click()
    changes = tab.page.get_by_role("form", name="Changes")
    changes.get_by_text("Delete…").click()
    changes.get_by_role("button", name="Yes, delete").click()

    expect(tab.page.get_by_text("No matches")).to_be_visible()
    assert {name[:20] for name in saved} == {"Twice-in-the-history"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("status=lost", "Check the filter. State: Must be one of"),
        ("cursor=no", "This link is incomplete or out of date."),
        ("q=a&amp=b", "This link is incomplete or out of date."),
    ],
)
def test_a_filter_that_says_nothing_is_told_of_beside_the_others(
    client: FlaskClient, query: str, told: str
) -> None:
    answer = client.get(f"/downloads?{query}", headers={"Accept": "text/html"})

    assert answer.status_code == 400
    assert told in answer.text
    assert '<form class="filter"' in answer.text
    assert "No matches" not in answer.text


def test_a_page_with_more_pictures_than_wanted_says_so_in_the_history(
    client: FlaskClient, site: Site, work: Callable[[], int]
) -> None:
    for number in range(3):
        site.file(f"/{number}.png", picture("png", number))
    page = site.page("/", "".join(f"<img src=/{number}.png>" for number in range(3)))
    client.post("/download", json={"url": page, "limit": 2})
    client.post("/download", json={"url": page, "dry_run": True})
    work()
    shown = " ".join(client.get("/downloads").text.split())

    assert "2 of 3 pictures" in shown
    assert "Preview of 3 pictures" in shown
