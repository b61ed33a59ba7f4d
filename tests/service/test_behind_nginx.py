"""The real service behind a real nginx: what each knows of a request, and when clients hear."""

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from tests.browser import Tab
from tests.nginx import Nginx, needs_nginx
from tests.samples import picture
from tests.service.conftest import SECONDS, Service, serving
from tests.site import Reply, Site

pytestmark = needs_nginx


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all, as is the nginx in front of it."""
    variables = {"DOWNLOADER_ACCEL": "/stored/", "DOWNLOADER_TRUSTED_PROXIES": "1"}
    with serving(tmp_path_factory.mktemp("behind"), **variables) as service:
        yield service


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Iterator[Nginx]:
    address = f"127.0.0.1:{service.port}"
    storage = Path(service.environment["DOWNLOADER_STORAGE_DIR"])
    with Nginx(tmp_path_factory.mktemp("front") / "nginx", address, storage) as nginx:
        yield nginx


def test_progress_is_told_before_the_end(nginx: Nginx, service: Service, site: Site) -> None:
    seen = threading.Event()

    def late() -> Reply:
        assert seen.wait(SECONDS)
        return Reply(picture(), "image/png")

    site.replies["/late.png"] = late
    page = site.page("/", '<img src="late.png">')
    path = service.post("/download", url=page)["download_url"]
    with requests.get(f"{nginx.url}{path}/events", stream=True, timeout=SECONDS) as answer:
        lines = answer.iter_lines(1, decode_unicode=True)
        assert "event: progress" in lines
        seen.set()
        assert "event: end" in lines
        assert '"status":"finished"' in next(lines)


def test_the_log_tells_where_a_request_came_from(nginx: Nginx, service: Service) -> None:
    headers = {"X-Forwarded-For": "8.8.8.8", "X-Request-ID": "mine"}
    requests.get(f"{nginx.url}/images", headers=headers, timeout=SECONDS)
    service.wait(lambda: clients(service, "mine") == ["127.0.0.1"])


def test_who_asks_by_another_name_gets_nothing_not_even_from_the_cache(
    nginx: Nginx, service: Service, site: Site
) -> None:
    site.replies["/a.png"] = Reply(picture(), "image/png")
    image = service.post("/images", url=site.url("/a.png"))
    path = f"/images/{image['id']}"
    service.wait(lambda: service.get(path).json()["status"] == "finished")
    others = {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"}

    for url in f"{nginx.url}{path}", f"{nginx.url}{path}/content":
        assert requests.get(url, timeout=SECONDS).status_code == 200
        assert requests.get(url, headers=others, timeout=SECONDS).status_code == 421
    assert requests.get(f"{nginx.url}/healthz", headers=others, timeout=SECONDS).ok


@pytest.fixture
def below(tmp_path: Path, service: Service) -> Iterator[str]:
    """Where the service is, under a path that nginx takes away."""
    option = "# set $image_downloader_prefix /pictures;"
    changed = {option: f"rewrite ^/pictures(/.*)$ $1;\n{option.removeprefix('# ')}"}
    address = f"127.0.0.1:{service.port}"
    storage = Path(service.environment["DOWNLOADER_STORAGE_DIR"])
    with Nginx(tmp_path / "nginx", address, storage, changed) as nginx:
        yield f"{nginx.url}/pictures"


def test_under_a_path_every_address_begins_with_it(below: str, site: Site) -> None:
    for number in range(2):
        site.file(f"/{number}.png", picture("png", number))
    page = site.page("/", "<img src=0.png><img src=1.png>")
    headers = {"Prefer": "wait=30"}
    for path in "/download", "/images":
        body = {"url": page if path == "/download" else site.url("/0.png")}
        added = requests.post(
            below + path, json=body, headers=headers, timeout=SECONDS, allow_redirects=False
        )
        assert added.headers["Location"].startswith(f"/pictures{path}/")
        assert requests.get(urljoin(below, added.headers["Location"]), timeout=SECONDS).ok
        listed = requests.get(f"{below}{path}?limit=1", timeout=SECONDS)
        if "next" in listed.links:
            assert requests.get(urljoin(below, listed.links["next"]["url"]), timeout=SECONDS).ok
    images = requests.get(f"{below}/images", timeout=SECONDS).json()["images"]
    for image in images:
        assert requests.get(urljoin(below, image["image_url"]), timeout=SECONDS).ok
    document = requests.get(f"{below}/openapi.json", timeout=SECONDS).json()
    assert document["servers"] == [{"url": "/pictures"}]


def test_under_a_path_the_pages_work(below: str, site: Site, tab: Tab) -> None:
    site.file("/a.png", picture("png", 1, (640, 480)))
    tab.page.goto(f"{below}/")
    tab.page.get_by_label("Addresses").fill(site.page("/", "<img src=a.png>"))
    tab.page.get_by_role("button", name="Download pictures").click()
    zip_link = tab.page.get_by_role("link", name="Download zip")
    zip_link.wait_for()
    assert requests.get(urljoin(below, zip_link.get_attribute("href")), timeout=SECONDS).ok

    for name in "History", "Gallery":
        tab.page.get_by_role("link", name=name, exact=True).click()
        for link in tab.page.locator("a[href^='/'], form[action^='/']").all():
            address = link.get_attribute("href") or link.get_attribute("action") or ""
            assert address.startswith("/pictures/"), address
    tab.page.locator("#sheet img[src]").first.wait_for()
    tab.page.goto(f"{below}/docs")
    tab.page.locator(".opblock").first.wait_for()


def clients(service: Service, request_id: str) -> list[str]:
    return [line["client"] for line in service.lines() if line.get("request_id") == request_id]
