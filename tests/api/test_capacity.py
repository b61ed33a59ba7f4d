"""How many jobs may wait."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from app.database.connection import db
from app.database.models import Download, Image
from app.errors import Overloaded
from app.jobs.capacity import FRESH_SECONDS, Capacity
from app.pictures.picture import Picture
from app.settings import Settings
from tests.conftest import ClientWith
from tests.samples import add_image, fail_next

Kind = type[Download] | type[Image]
Ask = Callable[[Kind], object]

NEW = {"url": "https://example.com/a.png"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, max_queued=2)


@pytest.mark.parametrize("path", ["/images", "/download"])
def test_a_full_queue_is_told_and_nothing_is_written(client: FlaskClient, path: str) -> None:
    first, second = client.post("/images", json=NEW), client.post("/download", json=NEW)
    answer = client.post(path, json=NEW)

    assert (first.status_code, second.status_code) == (202, 202)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert answer.json["type"] == "/problems/overloaded"
    assert (Image.select().count(), Download.select().count()) == (1, 1)


def test_a_retry_adds_a_job_too(client: FlaskClient) -> None:
    failed = add_image("https://example.com/a.png")
    fail_next(Image)
    for _ in range(2):
        add_image("https://example.com/b.png")

    assert client.post(f"/images/{failed.id}/retry").status_code == 503


def test_people_are_told_of_a_full_queue_too(client: FlaskClient) -> None:
    for _ in range(2):
        add_image("https://example.com/a.png")
    form = {"kind": "pages", "urls": "https://example.com/"}
    answer = client.post("/", data=form, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 503


def test_a_batch_that_never_fits_is_told_how_many_may_wait(client: FlaskClient) -> None:
    answer = client.post("/images", json={"urls": [NEW["url"]] * 3})

    assert answer.status_code == 422
    assert "Retry-After" not in answer.headers
    assert answer.json["errors"] == {
        "urls": ["At most 2 jobs may wait in this service: send fewer at once."]
    }
    assert client.post("/images", json={"urls": [NEW["url"]] * 2}).status_code == 202


@pytest.mark.parametrize("kind", ["pages", "images"])
def test_people_are_told_how_many_may_wait_too(client: FlaskClient, kind: str) -> None:
    form = {"kind": kind, "urls": "https://example.com/\n" * 3}
    answer = client.post("/", data=form, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 422
    assert "At most 2 at once; these are 3." in answer.text


def test_the_largest_batch_is_documented(client: FlaskClient, client_with: ClientWith) -> None:
    def most(client: FlaskClient) -> object:
        document = client.get("/openapi.json").json
        return document["components"]["schemas"]["NewImage"]["properties"]["urls"]["maxItems"]

    assert most(client) == 2
    assert most(client_with(max_queued=0)) == 10_000


def test_images_of_downloads_do_not_count(client: FlaskClient) -> None:
    download = jobs.add_download(url="https://example.com/", limit=50)
    claimed = jobs.claim(Download, "me")
    assert claimed == download
    jobs.add_found(claimed, 2, [Picture((f"https://example.com/{n}",), "img") for n in "ab"])

    assert client.post("/images", json=NEW).status_code == 202


def test_callbacks_that_wait_count(client: FlaskClient) -> None:
    jobs.add_images([NEW["url"]] * 2, callback_url="https://example.com/hook")
    for _ in range(2):
        fail_next(Image)
    assert jobs.count_queued(Image, 2) == 0

    assert client.post("/images", json=NEW).status_code == 503


class Queue:
    """A queue and a clock, to be set by hand."""

    def __init__(self, waiting: int = 0) -> None:
        self.waiting, self.time, self.counts = waiting, 0.0, 0

    def count(self, most: int) -> int:
        self.counts += 1
        return min(self.waiting, most)

    def capacity(self, most: int) -> Capacity:
        return Capacity(most, self.count, lambda: self.time)


def test_the_queue_is_counted_once_in_a_while() -> None:
    queue = Queue()
    capacity = queue.capacity(100)
    for _ in range(50):
        capacity.admit(1)

    assert queue.counts == 1
    queue.time += FRESH_SECONDS
    capacity.admit(1)
    assert queue.counts == 2


def test_what_this_process_added_counts_at_once() -> None:
    capacity = Queue(waiting=3).capacity(5)
    capacity.admit(2)

    with pytest.raises(Overloaded, match="5 jobs"):
        capacity.admit(1)


def test_there_is_room_again_when_jobs_were_done() -> None:
    queue = Queue(waiting=5)
    capacity = queue.capacity(5)
    with suppress(Overloaded):
        capacity.admit(1)
    queue.waiting, queue.time = 4, FRESH_SECONDS

    capacity.admit(1)


def test_a_batch_fits_as_a_whole_or_not_at_all() -> None:
    capacity = Queue(waiting=3).capacity(10)

    with pytest.raises(Overloaded):
        capacity.admit(8)
    capacity.admit(7)


def test_without_a_cap_nothing_is_counted() -> None:
    queue = Queue()
    queue.capacity(0).admit(10_000)

    assert queue.counts == 0


def test_threads_together_fill_the_queue_and_no_more() -> None:
    capacity, admitted = Queue().capacity(100), threading.Semaphore(0)

    def add() -> None:
        for _ in range(50):
            with suppress(Overloaded):
                capacity.admit(1)
                admitted.release()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(iter(lambda: admitted.acquire(blocking=False), False)) == 100


@pytest.mark.sqlite
@pytest.mark.parametrize("kind", [Download, Image])
@pytest.mark.parametrize(
    "ask", [lambda kind: jobs.count_queued(kind, 5), jobs.count_running, jobs.queued_since]
)
def test_the_queue_is_read_along_an_index(
    app: Flask, ask: Ask, kind: Kind, statements: Callable[[], list[str]]
) -> None:
    ask(kind)
    asked = statements()
    assert asked
    for statement in asked:
        plan = [row[3] for row in db.execute_sql(f"EXPLAIN QUERY PLAN {statement}").fetchall()]
        [read] = [step for step in plan if kind._meta.table_name in step or "t1" in step]
        assert " INDEX " in read, plan
        assert not [step for step in plan if "B-TREE" in step], plan


@pytest.fixture
def statements(app: Flask) -> Iterator[Callable[[], list[str]]]:
    """Return the statements that the database ran, with their values."""
    ran: list[str] = []
    connection = db.connection()
    connection.set_trace_callback(ran.append)
    yield lambda: [one for one in ran if one.startswith("SELECT")]
    connection.set_trace_callback(None)
