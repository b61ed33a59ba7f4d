"""What holds for every page."""

from collections.abc import Iterator
from itertools import product

import pytest
import requests
import turbohtml
from playwright.sync_api import Browser, Response

from app.database.models import Download, Status
from tests.browser import Tab
from tests.samples import picture
from tests.service.conftest import Service
from tests.site import Site
from tests.web.conftest import PHONE, barriers, fill, forget, hang

FIRST_VIEW_BYTES = 60_000

PAGES = [
    *("home", "finished download", "failed download", "dry run", "several downloads"),
    *("history", "gallery"),
    *("failed images", "image", "failed image", "key", "not found", "bad request", "problems"),
]
INTERACTIVE = "a[href], button, input, select, textarea, summary"


@pytest.fixture(scope="module")
def paths(service: Service) -> Iterator[dict[str, str]]:
    """Where each page is, on a service that has something to show on it."""
    with Site() as site:
        for number in range(3):
            site.file(f"/{number}.png", picture("png", number, (320, 240)))
        page = site.page("/", "".join(f'<img src="/{number}.png">' for number in range(5)))
        asked = [{"url": page}, {"url": site.url("/no")}, {"url": page, "dry_run": True}]
        downloads = [service.post("/download", **one) for one in asked]
        for one in [*downloads, service.post("/download", url=site.page("/empty", "<p>"))]:
            service.end_of(one["download_url"])  # the last fails with long words
        fill(service, 0, Download(url="https://many.example/", limit=1, status=Status.CANCELLED))
        where = f"download_id={downloads[0]['download_id']}"
        stored, failed = (
            service.get(f"/images?{where}&status={status}").json()["images"][0]["id"]
            for status in ("finished", "failed")
        )
        shown = [f"/downloads/{one['download_id']}" for one in downloads]
        together = "&".join(f"downloads={one['download_id']}" for one in downloads)
        shown.append(f"/downloads/choose?{together}")
        lists = ["/downloads", f"/gallery?{where}", f"/gallery?{where}&status=failed"]
        rest = [
            f"/gallery/{stored}",
            f"/gallery/{failed}",
            "/key",
            "/no",
            "/gallery?cursor=no",
            "/problems",
        ]
        yield dict(zip(PAGES, ["/", *shown, *lists, *rest], strict=True))


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest, paths: dict[str, str]) -> str:
    return paths[request.param]


def test_a_page_has_no_barriers_and_fits_a_phone(tab: Tab, url: str, path: str) -> None:
    """Also a narrow one (WCAG 1.4.10), and with large text (WCAG 1.4.4)."""
    tab.page.set_viewport_size(PHONE)
    tab.page.goto(url + path)
    for details in tab.page.locator("details").all():
        details.evaluate("one => one.open = true")

    assert barriers(tab.page) == []
    for width, size in product((320, 390), ("100%", "200%")):
        tab.page.set_viewport_size({"width": width, "height": 844})
        tab.page.evaluate("size => (document.documentElement.style.fontSize = size)", size)
        # Scripts that lay out what is in sight do so in the next frame.
        fits = "width => document.documentElement.scrollWidth === width"
        tab.page.wait_for_function(fits, arg=width)
    forget(tab, 400)
    forget(tab, 404)


def test_a_question_stays_inside_the_window(tab: Tab, url: str, path: str) -> None:
    tab.page.goto(url + path)
    for width, size in product((320, 390, 768), ("100%", "200%")):
        tab.page.set_viewport_size({"width": width, "height": 844})
        tab.page.evaluate("size => (document.documentElement.style.fontSize = size)", size)
        for details in tab.page.locator(".confirm:visible").all():
            details.evaluate("one => one.open = true")
            card = details.locator(".card").bounding_box()
            assert card
            assert card["x"] >= 0
            assert card["x"] + card["width"] <= width
            assert details.locator(".card").evaluate("one => one.scrollWidth <= one.clientWidth")
    forget(tab, 400)
    forget(tab, 404)


def test_a_page_is_valid_html(url: str, path: str) -> None:
    """By the parser of the WHATWG, and by what it says of names, references and nesting."""
    text = requests.get(url + path, headers={"Accept": "text/html"}, timeout=30).text
    document = turbohtml.parse(text)
    ids = [one.attrs["id"] for one in document.select("[id]")]

    assert [(error.code, error.line) for error in document.errors] == []
    assert len(ids) == len(set(ids))
    for name in "for", "aria-describedby", "aria-labelledby":
        for one in document.select(f"[{name}]"):
            assert set(str(one.attrs[name]).split()) <= set(ids)
    for one in document.select(INTERACTIVE):
        assert not one.select(INTERACTIVE)
    for one in document.select("p, h1, h2, span, bdi, button, summary, label, dt"):
        assert not one.select("p, h1, h2, div, ol, ul, li, dl, form, fieldset, section, article")
    assert not document.select("[style], style, script:not([src]), [onclick], [onload], [onerror]")
    assert len(document.select("main h1")) == 1


def test_the_first_view_is_light(browser: Browser, url: str, path: str) -> None:
    assert weight(browser, url, path) < FIRST_VIEW_BYTES


def test_the_first_view_of_many_pictures_is_light(
    browser: Browser, url: str, service: Service
) -> None:
    paths = [hang(service, 60) for _ in range(3)]
    ids = "&".join(path.replace("/downloads/", "downloads=") for path in paths)

    for path in paths[0], f"/downloads/choose?{ids}":
        assert weight(browser, url, path) < FIRST_VIEW_BYTES


def weight(browser: Browser, url: str, path: str) -> int:
    """Return how many bytes a page has before it asks for more."""
    context = browser.new_context()
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(url + path)
    # Pictures that were stored are not ours to make small, and the browser asks again for 202.
    ours = [one for one in answers if "/images/" not in one.url and "page=" not in one.url]
    weight = sum(len(one.body()) for one in ours)
    assert {one.url.split("/")[2] for one in answers} == {url.split("/")[2]}
    context.close()
    return weight
