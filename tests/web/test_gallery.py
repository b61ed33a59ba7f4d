"""`/gallery`, where people look at what is stored."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from app.database.ids import new_id
from app.database.models import Image
from app.storage import thumbnail_key
from tests.browser import Tab
from tests.samples import picture
from tests.service.conftest import SECONDS, Service, serving
from tests.site import Reply, Site
from tests.web.conftest import PHONE, Gate, address, barriers, fill, forget

MANY = 2_000

# Scrolls to the end, frame by frame, until so many pictures have been seen; returns their names.
SCROLL = """many => new Promise((resolve) => {
  const seen = new Set();
  const scroll = () => {
    document.querySelectorAll(".sheet img").forEach((img) => seen.add(img.alt));
    if (seen.size >= many) return resolve([...seen]);
    window.scrollTo(0, document.body.scrollHeight);
    requestAnimationFrame(scroll);
  };
  scroll();
})"""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with very many images."""
    with serving(tmp_path_factory.mktemp("crowded")) as service:
        fill(service, MANY)
        yield service


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Service]:
    """A service of its own; to be asked for before the tab that looks at it."""
    with serving(tmp_path) as service:
        yield service


def await_thumbnails(page: Page) -> None:
    """Wait until none is asked for again: it would be missing when its picture is deleted."""
    for img in page.locator(".sheet img").all():
        expect(img).to_have_js_property("naturalWidth", 320)


class Line:
    """The line from a page to the service, where requests can be held or cut.

    It is laid before the page is opened: where a page is routed later, Chromium may let its next
    request pass.
    """

    def __init__(self, page: Page, pattern: str) -> None:
        self.act: Callable[[Route], object] = Route.continue_
        page.route(pattern, lambda route: self.act(route))


def cost(page: Page) -> dict[str, float]:
    """Ask the browser what the page costs it, by the names of the DevTools protocol."""
    session = page.context.new_cdp_session(page)
    for _ in range(2):  # what the first frees may hold more
        session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {metric["name"]: metric["value"] for metric in metrics}


def test_scrolling_shows_every_image_and_leaves_the_browser_light(
    tab: Tab, crowded: Service
) -> None:
    tab.page.goto(f"{address(crowded)}/gallery")
    seen = set(tab.page.evaluate(SCROLL, MANY))
    told = cost(tab.page)

    assert seen == {f"{number}.png" for number in range(MANY)}
    assert tab.page.locator(".sheet img").count() < 500
    assert told["Nodes"] < 3_000
    assert told["JSHeapUsedSize"] < 10_000_000


def test_what_was_scrolled_away_is_there_again_on_the_way_back(tab: Tab, crowded: Service) -> None:
    tab.page.goto(f"{address(crowded)}/gallery")
    first = tab.page.get_by_role("img", name=f"{MANY - 1}.png", exact=True)
    place = first.evaluate("({x, y, width, height}) => ({x, y, width, height})")
    while first.count():
        tab.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    tab.page.evaluate("scrollTo(0, 0)")

    expect(first).to_be_visible()
    for name, value in place.items():
        expect(first).to_have_js_property(name, value)


def test_without_javascript_a_link_leads_to_older_images(
    scriptless: Page, crowded: Service
) -> None:
    scriptless.goto(f"{address(crowded)}/gallery")
    scriptless.get_by_role("link", name="Older").click()

    expect(scriptless.get_by_role("img", name=f"{MANY - 61}.png", exact=True)).to_be_visible()
    scriptless.get_by_role("img", name=f"{MANY - 61}.png", exact=True).click()
    expect(scriptless.get_by_role("heading", name=f"{MANY - 61}.png")).to_be_visible()


def test_images_are_filtered_by_site_state_and_day(tab: Tab, crowded: Service) -> None:
    tab.page.goto(f"{address(crowded)}/gallery")
    shown = tab.page.locator(".sheet img")
    days = [datetime.fromisoformat(row["added_at"]).date() for row in crowded.rows("images")]
    first, last, one = days[-1], days[0], timedelta(days=1)
    for label, value, count in [
        ("Site", "other.example", 0),
        ("Site", "many.example", 60),
        ("Site", "https://other.example/", 0),
        ("Site", "https://many.example/1.png", 60),
        ("From", f"{last + one}", 0),
        ("From", f"{first}", 60),
        ("To", f"{first - one}", 0),
        ("To", f"{last}", 60),
    ]:
        tab.page.get_by_label(label, exact=True).fill(value)
        tab.page.get_by_role("button", name="Show").click()
        expect(shown).to_have_count(count)
    tab.page.get_by_label("State").select_option("Failed")
    tab.page.get_by_role("button", name="Show").click()
    expect(tab.page.get_by_text("No matches.")).to_be_visible()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=yesterday", "Check the filter. From: Enter a date, such as 2026-11-20."),
        ("until=9999-12-32", "Check the filter. To: Enter a date"),
        ("site=a:b", "Check the filter. Site: "),
        ("status=lost", "Check the filter. State: Must be one of"),
        ("a=b", "This link is incomplete or out of date."),
        ("cursor=no", "This link is incomplete or out of date."),
    ],
)
def test_a_filter_of_nobodys_form_is_told(client: FlaskClient, query: str, told: str) -> None:
    answer = client.get(f"/gallery?{query}", headers={"Accept": "text/html"})

    assert answer.status_code == 400
    assert told in answer.text
    assert "No matches" not in answer.text
    assert "{" not in answer.text.partition("<main")[2]
    assert '<form class="filter"' in answer.text


def test_the_large_view_is_led_by_the_keyboard(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    gallery = f"{url}/gallery?download_id={downloaded(3)}"
    tab.page.goto(gallery)
    first, second = tab.page.locator(".sheet a").all()[:2]
    first.focus()
    tab.page.keyboard.press("Enter")
    view = tab.page.get_by_role("dialog")
    expect(view.get_by_role("heading", name="003-2.png")).to_be_visible()
    expect(view.get_by_text("PNG, 320\u00a0×\u00a0240")).to_be_visible()

    tab.page.keyboard.press("ArrowRight")
    expect(view.get_by_role("heading", name="002-1.png")).to_be_visible()
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("ArrowLeft")  # there is none
    expect(view.get_by_role("heading", name="003-2.png")).to_be_visible()
    tab.page.keyboard.press("ArrowRight")
    expect(view.get_by_role("heading", name="002-1.png")).to_be_visible()
    tab.page.keyboard.press("Escape")

    expect(view).to_be_hidden()
    expect(second).to_be_focused()
    expect(tab.page).to_have_url(gallery)


def test_the_large_view_has_no_barriers(tab: Tab, url: str, downloaded: Callable[..., str]) -> None:
    tab.page.set_viewport_size(PHONE)
    tab.page.goto(f"{url}/gallery?download_id={downloaded(2)}")
    tab.page.locator(".sheet a").first.click()
    tab.page.get_by_role("dialog").get_by_text("Delete…").click()

    assert barriers(tab.page) == []
    page, viewer = (tab.page.locator(name) for name in ("html", "dialog"))
    for one in page, viewer:
        assert one.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_a_page_asks_for_all_thumbnails_in_view_at_once(
    empty: Service, tab: Tab, site: Site
) -> None:
    urls = [
        site.file(f"/{number}.png", picture("png", number, (320, 320))) for number in range(120)
    ]
    for image in empty.post("/images", urls=urls)["images"]:
        empty.end_of(f"/images/{image['id']}/content")
    requests: list[str] = []
    early: list[int] = []
    tab.page.on("request", lambda request: requests.append(request.url))
    tab.page.on(
        "response",
        lambda response: (
            early.append(response.status)
            if response.url.endswith("/thumbnail") and response.status != 200
            else None
        ),
    )
    tab.page.goto(f"{address(empty)}/gallery")
    for img in tab.page.locator(".sheet img").all()[:18]:
        expect(img).to_have_js_property("naturalWidth", 320)
    lists = [url for url in requests if "/gallery/thumbnails?" in url]
    loaded = [url for url in requests if url.endswith("/thumbnail")]

    assert early == []
    assert 1 <= len(lists) < len(loaded)
    assert len(loaded) == len(set(loaded)) < 120


def test_the_list_of_thumbnails_says_which_to_wait_for(
    client: FlaskClient, app: Flask, site: Site, work: Callable[[], int]
) -> None:
    urls = [site.file(f"/{n}", picture("png", n)) for n in range(3)]
    ids = [image["id"] for image in client.post("/images", json={"urls": urls}).json["images"]]
    while work():
        pass
    made = Image.get_by_id(ids[0])
    with app.extensions["storage"].new_file(thumbnail_key(made.id, made.attempts)) as file:
        file.write(picture("webp"))
    engine = app.extensions["engine"]

    answer = client.get(
        "/gallery/thumbnails", query_string={"ids": ",".join([*ids, str(new_id())])}
    )

    assert sorted(answer.json["waiting"]) == sorted(ids[1:])
    assert [str(image.id) for image in engine.wanted] == ids[:0:-1]  # the newest last


@pytest.mark.parametrize("ids", ["", "a", ",".join([str(new_id())] * 61)])
def test_a_list_that_is_none_of_ids_is_refused(client: FlaskClient, ids: str) -> None:
    assert client.get("/gallery/thumbnails", query_string={"ids": ids}).status_code == 400


def test_images_appear_in_the_gallery_when_they_are_there(tab: Tab, url: str, site: Site) -> None:
    fetched = threading.Event()

    def slow() -> Reply:
        assert fetched.wait(SECONDS)
        return Reply(picture(), "image/png")

    site.replies["/slow.png"] = slow
    tab.page.goto(url)
    tab.page.get_by_text("These images").click()
    tab.page.get_by_label("Addresses").fill(site.url("/slow.png"))
    tab.page.get_by_role("button", name="Download pictures").click()
    entry = tab.page.locator(".sheet li").first
    expect(entry).to_contain_text("slow.png")
    expect(entry.get_by_role("img")).to_have_count(0)
    fetched.set()

    expect(entry.get_by_role("img", name="slow.png")).to_be_visible()


def test_images_appear_also_where_one_has_scrolled_to(empty: Service, tab: Tab, site: Site) -> None:
    gate = Gate(picture())
    site.replies["/slow.png"] = gate
    empty.post("/images", url=site.url("/slow.png"))
    fill(empty, 60)
    tab.page.goto(f"{address(empty)}/gallery?status=")
    tab.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    entry = tab.page.locator(".sheet:not(#sheet) li")
    expect(entry).to_contain_text("slow.png")
    gate.open()

    expect(entry.get_by_role("img", name="slow.png")).to_be_visible()


def test_the_large_view_follows_a_picture_that_is_on_its_way(
    tab: Tab, url: str, site: Site, service: Service
) -> None:
    first, second = gates = Gate(picture("png", 1)), Gate(picture("png", 2))
    for number, gate in enumerate(gates, 1):
        site.replies[f"/on-its-way-{number}.png"] = gate
    paths = [site.url(f"/on-its-way-{number}.png") for number in (2, 1)]
    service.post("/images", urls=paths)
    tab.page.goto(f"{url}/gallery?status=")
    tab.page.get_by_role("link", name="on-its-way-1.png").click()
    view = tab.page.get_by_role("dialog")
    expect(view.get_by_role("button", name="Cancel")).to_be_visible()
    first.open()

    expect(view.get_by_role("img", name="on-its-way-1.png")).to_be_visible()
    tab.page.keyboard.press("ArrowRight")
    expect(view.get_by_role("heading", name="on-its-way-2.png")).to_be_visible()
    second.open()
    expect(view.get_by_role("img", name="on-its-way-2.png")).to_be_visible()


def test_a_picture_that_cannot_be_shown_small_is_known_by_its_name(
    tab: Tab, url: str, service: Service, site: Site
) -> None:
    site.file("/damaged.png", picture("png", 1, (320, 240))[:60])
    added = service.post("/download", url=site.page("/", "<img src=damaged.png>"))
    service.end_of(added["download_url"])
    with tab.page.expect_response(
        lambda answer: answer.url.endswith("/thumbnail") and answer.status == 404
    ):
        tab.page.goto(f"{url}/gallery?download_id={added['download_id']}")

    told = "one => getComputedStyle(one, '::after').content"
    assert tab.page.locator(".sheet img").evaluate(told) == '"001-damaged.png"'
    tab.page.locator(".sheet a").click()
    size = tab.page.get_by_role("definition").filter(has_text="bytes")
    expect(size).to_have_text("60\u00a0bytes")
    service.delete(added["download_url"])  # or it troubles the other tests' tabs, too
    forget(tab, 404)


def test_going_back_closes_the_large_view(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    gallery = f"{url}/gallery?download_id={downloaded(1)}"
    tab.page.goto(gallery)
    tab.page.locator(".sheet a").first.click()
    expect(tab.page.get_by_role("dialog")).to_be_visible()
    assert "/gallery/" in tab.page.url
    tab.page.go_back()

    expect(tab.page.get_by_role("dialog")).to_be_hidden()
    expect(tab.page).to_have_url(gallery)


def test_closing_the_large_view_counts_also_while_the_next_picture_loads(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    line = Line(tab.page, "**/gallery/*")
    tab.page.goto(f"{url}/gallery?download_id={downloaded(2)}")
    links = tab.page.locator(".sheet a")
    links.first.click()
    view = tab.page.get_by_role("dialog")
    expect(view).to_be_visible()
    held: list[Route] = []
    line.act = held.append
    with tab.page.expect_request("**/gallery/*"):
        tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Escape")
    expect(view).to_be_hidden()
    with tab.page.expect_response("**/gallery/*") as answer:
        held[0].continue_()
    answer.value.finished()

    expect(links.last).to_be_focused()
    expect(view).to_be_hidden()


def test_going_back_after_a_reload_leads_to_the_gallery(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    tab.page.goto(f"{url}/gallery?download_id={downloaded(1)}")
    tab.page.locator(".sheet a").first.click()
    expect(tab.page.get_by_role("dialog")).to_be_visible()
    tab.page.reload()
    picture = tab.page.get_by_role("heading", name="001-0.png")
    gallery = tab.page.get_by_role("heading", name="Gallery")
    expect(picture).to_be_visible()
    tab.page.go_back()
    expect(gallery).to_be_visible()
    expect(tab.page.get_by_role("dialog", include_hidden=True)).to_be_attached()
    tab.page.go_forward()

    expect(picture).to_be_visible()
    expect(gallery).to_have_count(0)


def test_the_link_of_a_picture_is_copied(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    download_id = downloaded(1)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    tab.page.goto(f"{url}/gallery?download_id={download_id}")
    tab.page.locator(".sheet a").first.click()
    tab.page.get_by_role("button", name="Copy link").click()

    expect(tab.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{tab.page.url.replace('/gallery/', '/images/')}/content"


def test_deleting_a_picture_goes_on_to_the_next_until_there_is_none(
    tab: Tab, url: str, downloaded: Callable[..., str], service: Service
) -> None:
    download_id = downloaded(2)
    tab.page.goto(f"{url}/gallery?download_id={download_id}")
    await_thumbnails(tab.page)
    tab.page.locator(".sheet a").first.click()
    view = tab.page.get_by_role("dialog")
    view.get_by_text("Delete…").click()
    view.get_by_role("button", name="Yes, delete").click()

    expect(view.get_by_role("heading", name="001-0.png")).to_be_visible()
    expect(tab.page.get_by_role("img", name="002-1.png")).to_have_count(0)
    left = service.get(f"/images?download_id={download_id}").json()["images"]
    assert [image["source_url"][-6:] for image in left] == ["/0.png"]
    view.get_by_text("Delete…").click()
    view.get_by_role("button", name="Yes, delete").click()
    expect(view).to_be_hidden()
    expect(tab.page.get_by_role("main")).to_be_focused()


def test_what_is_shown_is_deleted_also_while_the_next_picture_loads(
    tab: Tab, url: str, downloaded: Callable[..., str], service: Service
) -> None:
    download_id = downloaded(3)
    line = Line(tab.page, "**/gallery/*")
    tab.page.goto(f"{url}/gallery?download_id={download_id}")
    await_thumbnails(tab.page)
    tab.page.locator(".sheet a").first.click()
    view = tab.page.get_by_role("dialog")
    view.get_by_text("Delete…").click()
    held: list[Route] = []
    line.act = held.append
    with tab.page.expect_request("**/gallery/*"):
        tab.page.keyboard.press("ArrowRight")
    view.get_by_role("button", name="Yes, delete").click()
    expect(tab.page.locator(".sheet img")).to_have_count(2)
    held[0].continue_()

    expect(view.get_by_role("heading", name="002-1.png")).to_be_visible()
    names = [img.get_attribute("alt") for img in tab.page.locator(".sheet img").all()]
    assert names == ["002-1.png", "001-0.png"]
    left = service.get(f"/images?download_id={download_id}").json()["images"]
    assert [image["source_url"][-6:] for image in left] == ["/1.png", "/0.png"]


def test_where_the_service_is_away_the_large_view_says_so_and_stays(
    tab: Tab, url: str, downloaded: Callable[..., str]
) -> None:
    line = Line(tab.page, "**/{gallery,images}/*")
    tab.page.goto(f"{url}/gallery?download_id={downloaded(2)}")
    await_thumbnails(tab.page)
    tab.page.locator(".sheet a").first.click()
    view = tab.page.get_by_role("dialog")
    expect(view.get_by_role("status")).to_have_text("002-1.png")
    view.get_by_text("Delete…").click()
    line.act = Route.abort
    for act in (
        lambda: tab.page.keyboard.press("ArrowRight"),
        lambda: view.get_by_role("button", name="Yes, delete").click(),
    ):
        act()
        expect(view.get_by_role("status")).to_have_text(re.compile("does not answer"))
        expect(view.get_by_role("heading", name="002-1.png")).to_be_visible()
    line.act = Route.continue_
    tab.page.keyboard.press("ArrowRight")

    expect(view.get_by_role("heading", name="001-0.png")).to_be_visible()
    assert len(tab.troubles) == 2
    tab.troubles.clear()


def test_a_failed_image_tells_why_and_is_tried_again(
    tab: Tab, url: str, service: Service, site: Site
) -> None:
    added = service.post("/images", url=site.url("/late.png"))
    service.end_of(f"/images/{added['id']}/content")
    tab.page.goto(f"{url}/gallery?status=failed")
    tab.page.locator(".sheet a").first.click()
    view = tab.page.get_by_role("dialog")
    expect(view.get_by_text("The server answered 404.")).to_be_visible()
    site.file("/late.png", b"\x89PNG\r\n\x1a\n" + bytes(40))
    view.get_by_role("button", name="Try again").click()

    expect(tab.page.get_by_role("heading", name="late.png")).to_be_visible()
    expect(tab.page.get_by_role("dialog")).to_be_hidden()


def test_what_ended_before_it_was_cancelled_stays(
    client: FlaskClient, work: Callable[[], int], site: Site
) -> None:
    image = client.post("/images", json={"url": site.url("/nowhere.png")}).json
    work()
    there = f"/gallery/{image['id']}"
    answer = client.post(f"{there}/cancel", headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.location.endswith(there)
    assert client.get(f"/images/{image['id']}").json["status"] == "failed"
