"""Those who wait for jobs, over real sockets and across processes."""

import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.samples import picture
from tests.service.conftest import SECONDS, Service
from tests.site import Reply, Site

WAIT = {"Prefer": "wait=30"}


@pytest.fixture
def held(site: Site) -> Iterator[tuple[str, threading.Event]]:
    """A page whose second picture comes when the event is set."""
    release = threading.Event()

    def slow() -> Reply:
        assert release.wait(SECONDS)
        return Reply(picture("png", 2), "image/png")

    site.file("/1.png", picture("png", 1))
    site.replies["/2.png"] = slow
    yield site.page("/", "<img src=1.png><img src=2.png>"), release
    release.set()


def follow(service: Service, path: str) -> requests.Response:
    url = f"http://127.0.0.1:{service.port}{path}/events"
    return requests.get(url, stream=True, timeout=SECONDS)


def test_one_request_does_the_whole_job(service: Service, site: Site) -> None:
    site.file("/1.png", picture())
    page = site.page("/", "<img src=1.png>")
    service.start("--workers", "2")

    answer = service.ask("POST", "/download", json={"url": page}, headers=WAIT)

    assert [one.status_code for one in (*answer.history, answer)] == [303, 200]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["001-1.png"]


def test_events_come_from_whichever_process_does_the_work(
    service: Service, held: tuple[str, threading.Event]
) -> None:
    page, release = held
    service.start("--workers", "3")
    path = service.post("/download", url=page)["download_url"]
    streams = [follow(service, path).iter_lines(decode_unicode=True) for _ in range(9)]

    def read(lines: Iterator[str], enough: Callable[[str], bool]) -> None:
        for line in lines:
            if line.startswith("data: ") and enough(line):
                return
        raise AssertionError("the stream ended before")

    for lines in streams:
        read(lines, lambda line: json.loads(line[6:])["progress"]["done"] == 1)
    release.set()
    for lines in streams:
        read(lines, lambda line: json.loads(line[6:]) == {"status": "finished", "error": None})
        assert list(lines) == [""]


def test_those_who_wait_do_not_hold_up_the_stop(
    service: Service, held: tuple[str, threading.Event]
) -> None:
    page, _ = held
    service.start()
    path = service.post("/download", url=page)["download_url"]
    streams = [follow(service, path) for _ in range(20)]
    lines = [stream.iter_lines(decode_unicode=True) for stream in streams]
    for one in lines:
        assert next(one) == "retry: 2000"
    with socket.create_connection(("127.0.0.1", service.port), SECONDS) as patient:
        asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=30\r\n\r\n"
        patient.sendall(asked.encode())
        service.wait(lambda: service.get(f"{path}/status").json()["progress"]["done"] == 1)

        began = time.monotonic()
        service.stop()

        assert time.monotonic() - began < 10
        assert patient.recv(65536).startswith(b"HTTP/1.1 202 ")
    assert not any(line.startswith("event: end") for one in lines for line in one)


def test_those_who_wait_leave_room_for_the_others(
    service: Service, held: tuple[str, threading.Event]
) -> None:
    page, _ = held
    service.environment["DOWNLOADER_MAX_WAITING"] = "60"
    service.start()
    path = service.post("/download", url=page)["download_url"]
    streams = [follow(service, path) for _ in range(60)]

    assert {stream.status_code for stream in streams} == {200}
    assert follow(service, path).status_code == 503
    began = time.monotonic()
    assert service.get("/healthz").ok
    assert time.monotonic() - began < 10
    for stream in streams:
        stream.close()


def test_the_places_of_clients_that_have_left_are_free_at_once(
    service: Service, held: tuple[str, threading.Event]
) -> None:
    page, _ = held
    service.environment["DOWNLOADER_MAX_WAITING"] = "2"
    service.start()
    path = service.post("/download", url=page)["download_url"]
    service.wait(lambda: service.get(f"{path}/status").json()["progress"]["done"] == 1)
    for _ in range(3):
        streams = [follow(service, path) for _ in range(2)]
        assert [stream.status_code for stream in streams] == [200] * 2
        for stream in streams:
            stream.close()
