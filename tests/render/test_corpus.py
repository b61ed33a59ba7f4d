"""What a browser shows is found, in page order and in the largest size."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.pictures.small import png
from tests.render.conftest import BrowserService, serving
from tests.render.corpus import CASES
from tests.site import Reply, Site

NAMES = [name.replace(" ", "-").replace(",", "") for name in CASES]


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[BrowserService]:
    with serving(folder, 20, DOWNLOADER_BROWSERS_AT_ONCE="4") as service:
        yield service


@pytest.fixture(scope="module")
def ended(service: BrowserService, pages: Site, other: Site) -> Iterator[dict[str, dict[str, Any]]]:
    """Open all pages; return the documents of the rendered ones, and of the others."""
    never = threading.Event()

    def hang() -> Reply:
        never.wait(60)
        return Reply()

    pages.replies["/never"] = hang
    for number in ("", *(f"?{number}" for number in range(300))):
        pages.file(f"/list.json{number}", json.dumps(["x.png", "y.png"]).encode(), "text/json")
    pages.page("/inner/frame", "<body><script>document.write('<img src=in.png>')</script>")
    css = "@import 'more.css'; .hero{background:url(hero.png)}"
    other.file("/sheet.css", css.encode(), "text/css")
    other.file("/more.css", b".hero::after{content:url(imported.png)}", "text/css")
    asked = {}
    for name, case in zip(NAMES, CASES.values(), strict=True):
        html = case.html.replace("{other}", other.url("")).replace("list.json", "/list.json")
        url = pages.page(f"/{name}", f"<!DOCTYPE html><title>{name}</title>{html}")
        for render in True, False:
            body = {"url": url, "dry_run": True, "render": render}
            asked[f"{name}{'' if render else ' static'}"] = service.post("/download", **body)
    documents = {}
    for name, accepted in asked.items():
        service.end_of(accepted["download_url"])
        documents[name] = service.get(accepted["status_url"]).json()
    yield documents
    never.set()


def found(document: dict[str, Any]) -> list[str]:
    return [image["source_url"] for image in document["images"] if image["position"]]


@pytest.mark.parametrize(("name", "case"), [*zip(NAMES, CASES.values(), strict=True)], ids=NAMES)
def test_a_browser_finds_what_is_shown(
    ended: dict[str, dict[str, Any]], pages: Site, other: Site, name: str, case: Any
) -> None:
    here = pages.url(f"/{name}")
    shown = [urljoin(here, url.replace("{other}", other.url(""))) for url in case.shown]
    static = [urljoin(here, url.replace("{other}", other.url(""))) for url in case.static]
    document = ended[name]
    assert (document["rendered"], document["render_detail"]) == (True, None)
    assert found(document)[: len(shown)] == shown
    assert len(found(document)) <= len(shown) + (40 if "endless" in name else 0)
    assert ended[f"{name} static"]["rendered"] is None
    assert found(ended[f"{name} static"])[: len(static)] == static


def test_what_cannot_be_fetched_is_left_out_with_its_reason(
    ended: dict[str, dict[str, Any]],
) -> None:
    images = ended["blob-data-and-canvas"]["images"]
    reasons = {
        image["source_url"].partition(":")[0]: image["error"]["detail"]
        for image in images
        if image["error"]
    }
    assert reasons["blob"] == "skipped: not http"
    assert reasons["canvas"] == "skipped: drawn by a script"
    dropped = ended["in-rows-that-go-again"]["images"]
    assert not any(image["source_url"].startswith("data:") for image in dropped)


def test_pictures_are_fetched_by_the_service_itself(service: BrowserService, pages: Site) -> None:
    """The browser gets a picture of ours in place of each; the origin is asked once."""
    picture = png(40)
    pages.file("/whole/a.png", picture)
    url = pages.page("/whole/", "<body><script>document.write('<img src=a.png>')</script>")
    accepted = service.post("/download", url=url, render=True)
    answer = service.end_of(accepted["download_url"])
    document = service.get(accepted["status_url"]).json()
    assert answer.headers["Content-Type"] == "application/zip", document
    assert [image["status"] for image in document["images"]] == ["finished"]
    assert pages.asked("/whole/a.png") == 1
    [asked] = [request for request in pages.requests if request.path == "/whole/a.png"]
    assert asked.headers["Referer"] == url
    agents = {
        request.headers["User-Agent"] for request in pages.requests if request.path == "/whole/"
    }
    assert any("HeadlessChrome" in agent and "image-downloader/" in agent for agent in agents)
