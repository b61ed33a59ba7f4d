"""The pool: seats that pull, a watch, and a stop that loses nothing."""

import errno
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from app import jobs
from app.database.models import CLAIMABLE, JOB_KINDS, Download, Image
from app.settings import Settings
from app.worker.pool import PoolEngine
from app.worker.processes import ProcessRegistry
from tests.samples import add_image, picture
from tests.site import Reply, Site

SECONDS = 60  # what a test waits at most for something that should happen at once


@pytest.fixture
def engine(app: Flask, settings: Settings) -> Iterator[PoolEngine]:
    engine = PoolEngine(replace(settings, job_threads=2), app.extensions["storage"])
    yield engine
    engine.stop()


class Gate:
    """A reply that waits until it is let through, and tells when somebody waits."""

    def __init__(self) -> None:
        self.waiting = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self) -> Reply:
        self.waiting.release()
        assert self.open.wait(SECONDS)
        return Reply(picture(), "image/png")


@pytest.fixture
def gate(site: Site) -> Iterator[Gate]:
    gate = Gate()
    site.replies["/a.png"] = gate
    yield gate
    gate.open.set()


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another thread is about to do."""
    pause = threading.Event()
    for _ in range(SECONDS * 100):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen")


def count(status: str) -> int:
    return Image.select().where(Image.status == status).count()


def test_a_nudge_gets_the_work_done(engine: PoolEngine, site: Site) -> None:
    for _ in range(5):
        add_image(site.file("/a.png", picture()))
    engine.submit()

    until(lambda: count("finished") == 5)


def test_no_more_jobs_run_than_there_are_seats(engine: PoolEngine, site: Site, gate: Gate) -> None:
    for _ in range(6):
        add_image(site.url("/a.png"))
        engine.submit()

    assert gate.waiting.acquire(timeout=SECONDS)
    assert gate.waiting.acquire(timeout=SECONDS)
    assert (count("running"), count("queued")) == (2, 4)
    gate.open.set()
    until(lambda: count("finished") == 6)


def test_who_has_work_done_may_wait_for_a_seat(engine: PoolEngine, site: Site, gate: Gate) -> None:
    for _ in range(2):
        add_image(site.url("/a.png"))
        engine.submit()

    assert not engine.wait_for_seat(0)
    gate.open.set()
    assert engine.wait_for_seat(SECONDS)
    assert count("finished") >= 1


def test_a_new_storage_is_not_searched_for_what_was_left_behind(
    app: Flask, settings: Settings
) -> None:
    engine = PoolEngine(settings, app.extensions["storage"], is_new=True)
    engine.start()
    engine.stop()

    assert not engine.turning()


def test_work_that_nobody_was_told_of_is_found(engine: PoolEngine, site: Site) -> None:
    engine.start()
    add_image(site.file("/a.png", picture()))

    until(lambda: count("finished") == 1)


def test_the_jobs_of_a_dead_process_are_taken_over(engine: PoolEngine, site: Site) -> None:
    add_image(site.file("/a.png", picture()))
    assert jobs.claim(Image, "0" * 32)
    engine.start()

    until(lambda: count("finished") == 1)
    assert Image.get().attempts == 2


def test_a_job_that_was_claimed_without_an_answer_is_done_beside_one_that_runs(
    engine: PoolEngine, site: Site, gate: Gate
) -> None:
    runs = add_image(site.url("/a.png"))
    engine.submit()
    assert gate.waiting.acquire(timeout=SECONDS)
    with engine._tasks.seats.claiming:  # so that the watch does not claim it
        lost = add_image(site.file("/b.png", picture()))
        assert jobs.claim(Image, engine.processes.name)

    engine.watch()

    until(lambda: jobs.get(Image, lost.id).status == "finished")
    assert jobs.get(Image, runs.id).status == "running"
    assert jobs.get(Image, runs.id).attempts == 1


def test_the_jobs_of_a_living_sibling_are_left_alone(
    engine: PoolEngine, site: Site, settings: Settings
) -> None:
    sibling = ProcessRegistry(settings.storage_dir, lambda name: None)
    sibling.register()
    add_image(site.file("/a.png", picture()))
    add_image(site.file("/b.png", picture()))
    assert jobs.claim(Image, sibling.name)
    engine.start()

    until(lambda: count("finished") == 1)
    engine.watch()
    assert count("running") == 1
    sibling.unregister()
    until(lambda: count("finished") == 2)


def test_stopping_cuts_what_runs_and_hands_it_back(
    engine: PoolEngine, site: Site, gate: Gate, app: Flask
) -> None:
    add_image(site.url("/a.png"))
    engine.submit()
    assert gate.waiting.acquire(timeout=SECONDS)
    engine.stop()

    [image] = Image.select()
    assert (image.status, image.claimed_by, image.crashes) == ("queued", None, 0)
    root = app.extensions["storage"].root
    assert list(root.glob("processes/*")) + list(root.glob("parts/*")) == []


def test_a_stopped_engine_takes_nothing_any_more(engine: PoolEngine, site: Site) -> None:
    engine.start()
    engine.stop()
    add_image(site.url("/a.png"))
    engine.submit()

    assert count("queued") == 1


def test_an_engine_that_never_started_stops(engine: PoolEngine) -> None:
    engine.stop()


def test_a_broken_turn_gives_the_seat_back(
    engine: PoolEngine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = jobs.claim
    broken = iter([True, True, True])

    def claim_later(*args: object, **values: object) -> object:
        if next(broken, False):
            raise RuntimeError("no database")
        return claim(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "claim", claim_later)
    add_image(site.file("/a.png", picture()))
    engine.submit()

    until(lambda: count("finished") == 1)


def test_a_watch_without_its_storage_is_one_warning_a_turn(
    engine: PoolEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turned = threading.Semaphore(0)

    def remove_dead() -> None:
        turned.release()
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(engine.processes, "remove_dead", remove_dead)
    monkeypatch.setattr("app.worker.pool.WATCH_SECONDS", 0)
    engine.start()
    for _ in range(3):
        assert turned.acquire(timeout=SECONDS)
    monkeypatch.undo()
    engine.stop()

    said = [record for record in caplog.records if record.name == "app.worker.pool"]
    assert len(said) >= 2
    assert {record.levelname for record in said} == {"WARNING"}
    assert not any(record.exc_info for record in said)


def test_only_one_suspect_runs_at_a_time_and_others_are_not_kept_waiting(
    engine: PoolEngine, site: Site, gate: Gate
) -> None:
    for _ in range(2):
        add_image(site.url("/a.png"))
    Image.update(crashes=1).execute()
    innocent = add_image(site.file("/b.png", picture()))
    engine.submit()
    engine.submit()

    assert gate.waiting.acquire(timeout=SECONDS)
    until(lambda: jobs.get(Image, innocent.id).status == "finished")
    assert (count("running"), count("queued")) == (1, 1)
    gate.open.set()
    until(lambda: count("finished") == 3)


def test_downloads_and_images_take_turns(app: Flask, settings: Settings, site: Site) -> None:
    for _ in range(3):
        jobs.add_download(url=site.url("/nowhere"), limit=1)
    for _ in range(3):
        add_image(site.url("/nowhere.png"))
    engine = PoolEngine(replace(settings, job_threads=1), app.extensions["storage"])
    try:
        engine.submit()
        until(lambda: not jobs.any_claimable(CLAIMABLE) and count("failed") == 3)
    finally:
        engine.stop()

    ended = [(job.finished_at, kind) for kind in JOB_KINDS for job in kind.select()]
    assert [kind for _, kind in sorted(ended, key=lambda one: one[0])] == [Download, Image] * 3


def test_an_engine_without_seats_leaves_the_jobs_to_others(app: Flask, settings: Settings) -> None:
    engine = PoolEngine(replace(settings, job_threads=0), app.extensions["storage"])
    image = add_image("http://127.0.0.1:9/")
    engine.submit()
    engine.watch()
    engine.stop()

    assert jobs.get(Image, image.id).status == "queued"


@pytest.mark.parametrize(
    ("hosts", "client", "quick_host"),
    [
        (("127.0.0.1", "127.0.0.1", "127.0.0.1"), "one", "localhost"),
        (("127.0.0.1", "localhost", "localhost"), "another", "127.0.0.1"),
    ],
    ids=["another site", "another client"],
)
def test_images_of_a_slow_site_or_client_give_room_to_another_ones(
    engine: PoolEngine,
    site: Site,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    hosts: tuple[str, ...],
    client: str,
    quick_host: str,
) -> None:
    monkeypatch.setattr("app.worker.pool.WATCH_SECONDS", 0.05)
    url = site.url("/a.png")
    slow = [add_image(url.replace("127.0.0.1", host), client="one") for host in hosts]
    engine.start()
    engine.submit()
    for _ in range(2):  # both seats
        assert gate.waiting.acquire(timeout=SECONDS)
    quick_url = site.file("/b.png", picture()).replace("127.0.0.1", quick_host)
    quick = add_image(quick_url, client=client)
    until(lambda: jobs.get(Image, quick.id).status == "finished")

    assert not gate.open.is_set()
    gate.open.set()
    until(lambda: count("finished") == 4)
    assert [jobs.get(Image, image.id).crashes for image in slow] == [0, 0, 0]
