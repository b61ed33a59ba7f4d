"""The real service behind a real nginx: what each knows of a request, and when clients hear."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.nginx import Nginx, needs_nginx
from tests.samples import picture
from tests.service.conftest import SECONDS, Service
from tests.site import Reply, Site

pytestmark = needs_nginx


@pytest.fixture
def nginx(tmp_path: Path, service: Service) -> Iterator[Nginx]:
    service.environment |= {"DOWNLOADER_ACCEL": "/stored/", "DOWNLOADER_TRUSTED_PROXIES": "1"}
    service.start()
    address = f"127.0.0.1:{service.port}"
    with Nginx(tmp_path / "nginx", address, tmp_path / "storage") as nginx:
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


def clients(service: Service, request_id: str) -> list[str]:
    return [line["client"] for line in service.lines() if line.get("request_id") == request_id]
