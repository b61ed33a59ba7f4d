"""The real service for all tests of the pages, and how it is filled."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, ViewportSize

from app.database import sqlite
from app.database.connection import db
from app.database.models import Download, Image, Status
from app.storage import FolderStorage, thumbnail_key
from tests.browser import Tab
from tests.samples import picture
from tests.service.conftest import SECONDS, Service, serving
from tests.site import Reply, Site

PHONE: ViewportSize = {"width": 390, "height": 844}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# Keeps in `most` how many tiles of a grid have been in the document at once.
WATCH = """
  window.most = 0;
  new MutationObserver(() => {
    most = Math.max(most, document.querySelectorAll("#pictures li").length);
  }).observe(document, { childList: true, subtree: true });
"""

# Scrolls frame by frame, down or up, until the picture of a name is in the document.
WALK = """([name, way]) => new Promise((resolve, reject) => {
  let frames = 0;
  const step = () => {
    if (frames++ > 1000) return reject(`there is no ${name}`);
    const names = [...document.querySelectorAll("#pictures .name")];
    if (names.some(({ textContent }) => textContent === name)) return resolve();
    scrollBy(0, way * 0.8 * innerHeight);
    requestAnimationFrame(step);
  };
  step();
})"""
DOWN, UP = 1, -1


class Gate:
    """A picture that comes when it is let through."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._open = threading.Event()

    def __call__(self) -> Reply:
        assert self._open.wait(SECONDS)
        return Reply(self._body, "image/png")

    def open(self) -> None:
        self._open.set()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all: each test has a site, and so URLs, of its own."""
    with serving(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def url(service: Service) -> str:
    return address(service)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client whose forms come from our own pages."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def downloaded(service: Service, site: Site) -> Callable[..., str]:
    """Have the pictures of a page downloaded, as many as are asked for; return its id."""

    def download(count: int, html: str = "", **options: Any) -> str:
        for number in range(count):
            site.file(f"/{number}.png", picture("png", number, (320, 240)))
            html += f'<img src="/{number}.png" alt="Number {number}">'
        added = service.post("/download", url=site.page("/", html), **options)
        service.end_of(added["download_url"])
        return str(added["download_id"])

    return download


@pytest.fixture
def gate(site: Site) -> Iterator[Gate]:
    """The second of three pictures on the site's page; a fourth is not there."""
    gate = Gate(picture("png", 2))
    for number in 1, 3:
        site.file(f"/{number}.png", picture("png", number))
    site.replies["/2.png"] = gate
    site.page("/", "".join(f'<img src="{number}.png">' for number in (1, 2, 3, 4)))
    yield gate
    gate.open()


def address(service: Service) -> str:
    return f"http://127.0.0.1:{service.port}"


def forget(tab: Tab, status: int) -> None:
    """Take what the browser says of answers with a status out of what goes wrong."""
    tab.troubles[:] = [told for told in tab.troubles if f"status of {status}" not in told]


def barriers(page: Page) -> list[tuple[str, str]]:
    """Return what axe finds on a page as it is now, in light and in dark."""
    found: list[tuple[str, str]] = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        violations = Axe().run(page).response["violations"]
        found += [(one["id"], one["nodes"][0]["html"]) for one in violations]
    return found


def fill(service: Service, count: int, download: Download | None = None) -> None:
    """Store images as a service would have done, perhaps as the pictures of a finished download.

    Their thumbnails are one file on the disk.
    """
    storage = FolderStorage(Path(service.environment["DOWNLOADER_STORAGE_DIR"]))
    thumbnail = storage.root / "thumbnail"
    thumbnail.write_bytes(picture("webp"))
    facts = {"content_type": "image/png", "height": 16, "bytes": 80, "sha256": "0" * 64}
    site = "many.example"
    rows = [
        Image(source_url=f"https://{site}/{number}.png", site=site, width=number + 1, **facts)
        for number in range(count)
    ]
    for place, image in enumerate(rows, 1):
        image.status, image.attempts = Status.FINISHED, 1
        if download:
            image.download, image.position, image.found_in = download, place, "img.src"
            image.file = f"{place:03}-{place - 1}.png"
        target = storage.root / thumbnail_key(image.id, 1)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(thumbnail)
    sqlite.use(storage.database)
    with db.atomic():
        if download:
            download.save(force_insert=True)
        Image.bulk_create(rows, 500)
    db.close()


def hang(service: Service, count: int) -> str:
    """Store a finished download of many pictures; return the path of its page."""
    facts = {"url": "https://many.example/", "status": Status.FINISHED, "attempts": 1}
    download = Download(**facts, limit=count, found=count)
    fill(service, count, download)
    return f"/downloads/{download.id}"


def drop(page: Page, path: Path) -> None:
    """Drop a file on a page, as one drags it from a folder."""
    session = page.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in "dragEnter", "dragOver", "drop":
        at = {"type": kind, "x": 200, "y": 100, "data": dragged}
        session.send("Input.dispatchDragEvent", at)


def run_bookmarklet(form: Page, page: Page) -> Page:
    """Click the bookmarklet of our form on a page, and return the page that it leads to."""
    href = form.get_by_role("link", name="Pictures of this page").get_attribute("href")
    assert href
    with form.context.expect_page() as opening:
        page.evaluate(unquote(href.removeprefix("javascript:")))
    return opening.value
