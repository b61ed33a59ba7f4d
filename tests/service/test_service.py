"""The main job over real sockets, and what survives a kill.

`make test PAGES=…` tries it on a folder of saved pages of real sites too: they are not ours to add.
"""

import io
import os
import signal
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.samples import CONTENT_TYPES, FORMATS, picture
from tests.service.conftest import SECONDS, Service, serving
from tests.site import Reply, Site

PAGES = os.environ.get("PAGES")
OFFLINE = str(Path(__file__).with_name("offline.conf.py"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for those who neither stop nor change it."""
    with serving(tmp_path_factory.mktemp("running")) as service:
        yield service


def test_a_page_becomes_a_zip_of_what_was_served(running: Service, site: Site) -> None:
    served = []
    for number in range(60):
        name = FORMATS[number % len(FORMATS)]
        served.append(picture(name, number))
        site.file(f"/{number}.{name}", served[-1], CONTENT_TYPES[name])
    page = site.page(
        "/", "".join(f'<img src="{n}.{FORMATS[n % len(FORMATS)]}">' for n in range(60))
    )
    answer = running.end_of(running.post("/download", url=page)["download_url"])

    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert [archive.read(info) for info in archive.infolist()] == served[:50]


def test_an_image_becomes_a_stored_copy(running: Service, site: Site) -> None:
    url = site.file("/a.webp", picture("webp"), "image/webp")
    added = running.post("/images", url=url)

    answer = running.end_of(f"/images/{added['id']}/content")

    assert (answer.status_code, answer.content) == (200, picture("webp"))
    assert running.get("/images").json()["images"][0]["status"] == "finished"


@pytest.mark.skipif(not PAGES, reason="PAGES names no folder of saved pages of real sites")
def test_real_pages_come_to_an_end_with_an_answer(service: Service, site: Site) -> None:
    pages = sorted(Path(PAGES or "").glob("*.html"))
    assert pages
    for path in pages:
        site.file(f"/{path.name}", path.read_bytes(), "text/html")
    service.start("-c", OFFLINE)
    added = [service.post("/download", url=site.url(f"/{p.name}"), limit=2) for p in pages]

    for one in added:
        answer = service.end_of(one["download_url"])
        told = service.get(one["status_url"]).json()
        # Their images are out of reach: each has to say so, and none may hang.
        assert answer.status_code in (200, 502), answer.text
        assert told["progress"]["found"] > 0
        assert told["images"]
        tried = [image for image in told["images"] if image["position"]]
        assert all(image["status"] == "finished" or image["error"] for image in tried)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_queued_and_running_jobs_survive_a_restart(
    service: Service, site: Site, number: signal.Signals
) -> None:
    waiting, release = threading.Semaphore(0), threading.Event()

    def slow() -> Reply:
        waiting.release()
        assert release.wait(SECONDS)
        return Reply(picture("png", 1), "image/png")

    site.file("/first.png", picture("png", 0))
    site.replies["/slow.png"] = slow
    page = site.page("/", '<img src="first.png"><img src="slow.png">')
    service.environment["DOWNLOADER_JOB_THREADS"] = "1"
    service.start()
    running = service.post("/download", url=page)
    assert waiting.acquire(timeout=SECONDS)
    service.wait(lambda: service.get(running["status_url"]).json()["progress"]["done"] == 1)
    queued = service.post("/images", url=site.url("/first.png"))
    assert service.get(running["status_url"]).json()["status"] == "running"
    assert service.get(f"/images/{queued['id']}").json()["status"] == "queued"

    service.signal(number)
    release.set()
    service.start()

    with zipfile.ZipFile(io.BytesIO(service.end_of(running["download_url"]).content)) as archive:
        assert archive.namelist() == ["001-first.png", "002-slow.png"]
    assert service.end_of(f"/images/{queued['id']}/content").content == picture("png", 0)
    told = service.get(running["status_url"]).json()
    assert told["attempts"] == 2
    assert site.asked("/first.png") == 2  # once for each job, none twice


def test_several_workers_start_at_once_on_a_new_storage(service: Service, site: Site) -> None:
    url = site.file("/a.png", picture())
    service.start("--workers", "4")

    added = [service.post("/images", url=url) for _ in range(30)]

    for one in added:
        assert service.end_of(f"/images/{one['id']}/content").content == picture()
    assert site.asked("/a.png") == 30
    assert {line["level"] for line in service.lines()} == {"INFO"}


def test_an_idempotency_key_outlives_a_restart(service: Service) -> None:
    same = {"json": {"url": "https://example.com/"}, "headers": {"Idempotency-Key": "k1"}}
    service.start()
    first = service.ask("POST", "/images", **same)
    service.stop()
    service.start("--workers", "2")

    assert service.ask("POST", "/images", **same).text == first.text
    assert len(service.rows("images")) == 1


def test_a_body_that_hides_its_length_is_bounded_too(running: Service) -> None:
    with socket.create_connection(("127.0.0.1", running.port), SECONDS) as client:
        client.sendall(
            b"POST /images HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        with suppress(ConnectionError):  # it need not be read to its end
            for _ in range(5):
                client.sendall(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_every_line_of_the_log_is_json(service: Service, site: Site) -> None:
    service.start()
    service.end_of(service.post("/download", url=site.url("/"))["download_url"])
    service.stop()

    assert {"request", "job failed"} <= {line["message"] for line in service.lines()}


def test_a_setting_that_is_wrong_stops_the_start(tmp_path: Path) -> None:
    service = Service(tmp_path, DOWNLOADER_JOB_THREADS="many")

    with pytest.raises(AssertionError, match="DOWNLOADER_JOB_THREADS"):
        service.start()
    assert service.process
    assert service.process.returncode not in (0, None)
    assert "Traceback" not in service.log.read_text()
