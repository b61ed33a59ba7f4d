"""GET /download/<id>/events: a download as it goes on."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import jobs
from app.jobs.watch import JobWatcher
from tests.api.test_prefer import Work, at_work
from tests.samples import picture
from tests.site import Reply, Site


@dataclass
class Event:
    name: str = ""
    id: str | None = None
    data: Any = None


def events(pieces: Iterator[bytes]) -> Iterator[Event]:
    """Read a stream as the WHATWG says, and return comments as events without a name."""
    for piece in pieces:
        lines = dict(line.split(": ", 1) for line in piece.decode().strip().split("\n"))
        assert piece.endswith(b"\n\n")
        if "retry" not in lines:
            yield Event(lines.get("event", ""), lines.get("id"), json.loads(lines.get("data", "0")))


_open: list[TestResponse] = []


@pytest.fixture(autouse=True)
def no_stream_stays_open() -> Iterator[None]:
    """Close what was not read to its end: each is a subscription, for which a thread looks."""
    yield
    while _open:
        _open.pop().close()


def listen(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    answer = client.get(f"{path}/events", headers=headers, buffered=False)
    _open.append(answer)
    return answer


def follow(client: FlaskClient, path: str, **headers: str) -> Iterator[Event]:
    answer = listen(client, path, **headers)
    assert answer.status_code == 200
    assert answer.content_type == "text/event-stream; charset=utf-8"
    return events(answer.iter_encoded())


@pytest.fixture
def page(site: Site) -> str:
    for name in "abc":
        site.file(f"/{name}.png", picture("png", ord(name)))
    return site.page("/", "<img src=a.png><img src=none.png><img src=b.png><img src=c.png>")


@pytest.fixture
def finished(client: FlaskClient, page: str, work: Work) -> str:
    path: str = client.post("/download", json={"url": page}).json["download_url"]
    work()
    return path


def test_of_a_finished_one_it_tells_all_at_once(client: FlaskClient, finished: str) -> None:
    progress, end = follow(client, finished)

    status = client.get(f"{finished}/status").json
    assert progress.name == "progress"
    assert progress.id == status["images"][-1]["id"]
    assert progress.data == {name: status[name] for name in ("status", "progress", "images")}
    assert end == Event("end", None, {"status": "finished", "error": None})


def test_of_a_failed_one_it_tells_why(client: FlaskClient, site: Site, work: Work) -> None:
    path = client.post("/download", json={"url": site.url("/none")}).json["download_url"]
    work()
    *_, end = follow(client, path)

    assert end.data["status"] == "failed"
    assert end.data["error"]["type"] == "/problems/origin-status"


def test_it_tells_each_picture_once_as_it_ends(
    client: FlaskClient, site: Site, page: str, work: Work
) -> None:
    turns = {name: threading.Event() for name in "abc"}

    def reply(name: str) -> Callable[[], Reply]:
        def wait() -> Reply:
            assert turns[name].wait(30)
            return Reply(picture("png", ord(name)), "image/png")

        return wait

    site.replies |= {f"/{name}.png": reply(name) for name in turns}
    path = client.post("/download", json={"url": page}).json["download_url"]
    stream = follow(client, path)
    first = next(stream)
    assert (first.id, first.data["status"], first.data["images"]) == (None, "queued", [])
    told: list[int] = []
    counts: list[int] = []
    with at_work(work):
        for name, position in ("a", 1), ("b", 3), ("c", 4):
            turns[name].set()
            while position not in told:
                event = next(stream)
                told += [image["position"] for image in event.data["images"]]
                counts.append(event.data["progress"]["done"])
        rest = list(stream)

    assert told == [1, 2, 3, 4]
    assert counts == sorted(counts)
    assert (rest[-1].name, rest[-1].data["status"]) == ("end", "finished")


def test_whoever_comes_back_gets_the_rest(client: FlaskClient, finished: str) -> None:
    images = client.get(f"{finished}/status").json["images"]
    progress, end = follow(client, finished, **{"Last-Event-ID": images[1]["id"]})

    assert progress.data["images"] == images[2:]
    assert end.name == "end"


@pytest.mark.parametrize("last", ["", "5", "%00", "x" * 5000])
def test_a_strange_last_event_is_none(client: FlaskClient, finished: str, last: str) -> None:
    progress, _ = follow(client, finished, **{"Last-Event-ID": last})

    assert len(progress.data["images"]) == 4


def test_proxies_neither_keep_it_nor_hold_it_back(client: FlaskClient, finished: str) -> None:
    answer = client.get(f"{finished}/events")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.data.startswith(b"retry: 2000\n\n")


def test_one_that_is_cancelled_meanwhile_ends(client: FlaskClient, page: str) -> None:
    path = client.post("/download", json={"url": page}).json["download_url"]
    stream = follow(client, path)
    next(stream)
    client.delete(path)
    *_, end = stream

    assert (end.name, end.data["status"]) == ("end", "cancelled")


@pytest.mark.parametrize("seen", [True, False])
def test_one_that_is_removed_meanwhile_ends(
    client: FlaskClient, page: str, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    removed = threading.Event()
    standings = jobs.standings
    if not seen:
        monkeypatch.setattr(jobs, "standings", lambda *asked: removed.wait() and standings(*asked))
    path = client.post("/download", json={"url": page}).json["download_url"]
    stream = follow(client, path)
    if seen:
        next(stream)
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 204
    removed.set()

    *_, end = stream

    assert end == Event("end", None, {"status": "cancelled", "error": None})


def test_it_shows_signs_of_life(client: FlaskClient, app: Flask, page: str) -> None:
    seconds = count()
    app.extensions["watcher"] = JobWatcher(1, lambda: False, lambda: next(seconds))
    path = client.post("/download", json={"url": page}).json["download_url"]
    stream = follow(client, path)
    next(stream)
    before = next(seconds)

    assert next(stream) == Event("", None, 0)
    assert next(seconds) - before >= 15


def test_it_ends_when_the_process_stops(client: FlaskClient, app: Flask, page: str) -> None:
    stopping = threading.Event()
    app.extensions["watcher"] = JobWatcher(1, stopping.is_set)
    path = client.post("/download", json={"url": page}).json["download_url"]
    stream = follow(client, path)
    next(stream)
    stopping.set()

    assert [event.name for event in stream] in ([], [""])


def test_those_beyond_the_places_may_come_later(client: FlaskClient, app: Flask, page: str) -> None:
    app.extensions["watcher"] = JobWatcher(1, lambda: False)
    path = client.post("/download", json={"url": page}).json["download_url"]
    first = client.get(f"{path}/events", buffered=False)
    answer = client.get(f"{path}/events")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert answer.json["type"] == "/problems/overloaded"
    first.close()
    with client.get(f"{path}/events", buffered=False) as later:
        assert later.status_code == 200


def test_head_takes_no_place(client: FlaskClient, app: Flask, page: str) -> None:
    app.extensions["watcher"] = JobWatcher(1, lambda: False)
    path = client.post("/download", json={"url": page}).json["download_url"]

    for _ in range(3):
        assert client.head(f"{path}/events").status_code == 200
