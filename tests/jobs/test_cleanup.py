"""Removing, expiring and collecting."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app import jobs
from app.database.connection import db
from app.database.ids import EPOCH, first_id, new_id, now
from app.database.models import Download, Image
from app.jobs import cleanup
from app.storage import Storage, archive_key, image_key
from tests.samples import add_image, picture
from tests.site import Site

Work = Callable[[], int]


def age(job: Download | Image, days: float) -> None:
    """Make a finished job older than it is."""
    kind = type(job)
    moment = now() - timedelta(days=days)
    old = uuid.UUID(int=first_id(moment).int | (job.id.int & ((1 << 80) - 1)))
    with db.atomic():
        db.pragma("defer_foreign_keys", 1)
        kind.update(id=old, finished_at=moment).where(kind.id == job.id).execute()
        if kind is Download:
            Image.update(download=old).where(Image.download == job.id).execute()


@pytest.mark.sqlite
def test_nothing_expires_unless_it_is_asked_for(stored: Download, storage: Storage) -> None:
    age(stored, 1000)

    assert cleanup.expire(storage, keep_days=0, moment=now()) == 0


@pytest.mark.sqlite
def test_what_is_older_than_is_kept_goes_and_the_rest_stays(
    stored: Download, storage: Storage
) -> None:
    archive = storage.root / archive_key(stored.id, 1)
    age(stored, 7.1)
    kept = storage.root / archive_key(Download.get().id, 1)
    kept.parent.mkdir(exist_ok=True)
    archive.rename(kept)

    assert cleanup.expire(storage, keep_days=7, moment=now()) == 1

    assert Download.select().count() == 0
    [left] = Image.select()
    assert left.download_id is None
    assert [entry.job_id for entry in storage.walk("images", "archives")] == [left.id]
    assert cleanup.expire(storage, keep_days=7, moment=now()) == 0


@pytest.mark.sqlite
def test_a_lone_image_expires_too_and_a_queued_one_does_not(
    site: Site, work: Work, storage: Storage
) -> None:
    age(add_image(site.file("/a.png", picture())), 8)
    assert cleanup.expire(storage, keep_days=7, moment=now()) == 0
    work()
    Image.update(finished_at=now() - timedelta(days=8)).execute()

    assert cleanup.expire(storage, keep_days=7, moment=now()) == 1


class Clocks:
    """A system's clock that somebody sets, and the time that really passes, in days."""

    def __init__(self, system: float) -> None:
        self.system = system
        self.passed = 0.0

    def cautious(self, newest: float | None) -> cleanup.CautiousClock:
        moment = None if newest is None else EPOCH + timedelta(days=newest)
        return cleanup.CautiousClock(
            moment, lambda: EPOCH + timedelta(days=self.system), lambda: self.passed * 86_400
        )

    def go_on(self, days: float) -> None:
        self.system += days
        self.passed += days


def days(clock: cleanup.CautiousClock) -> float:
    return (clock.now() - EPOCH) / timedelta(days=1)


def test_the_clock_of_expiry_is_the_systems_while_nobody_sets_that() -> None:
    clocks = Clocks(100)
    clock = clocks.cautious(newest=100)

    for _ in range(3):
        assert days(clock) == pytest.approx(clocks.system)
        clocks.go_on(5)


def test_a_clock_that_jumps_ahead_and_back_makes_nothing_older(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clocks = Clocks(100)
    clock = clocks.cautious(newest=None)
    assert days(clock) == pytest.approx(100)
    clocks.system += 2
    clocks.go_on(0.01)

    assert days(clock) == pytest.approx(100.02)
    assert days(clock) == pytest.approx(100.02)
    assert [record.message[:13] for record in caplog.records] == ["expiry waits:"]
    clocks.system -= 2
    assert days(clock) == pytest.approx(100.01)


def test_a_clock_that_is_ahead_at_the_start_is_believed_as_slowly_as_time_passes() -> None:
    clocks = Clocks(130)
    clock = clocks.cautious(newest=100)

    assert days(clock) == pytest.approx(101)
    clocks.go_on(10)
    assert days(clock) == pytest.approx(121)
    clocks.go_on(30)
    assert days(clock) == pytest.approx(170)


def test_collecting_finds_nothing_in_a_sound_storage(stored: Download, storage: Storage) -> None:
    assert cleanup.collect(storage) == (0, 0)
    assert len(list(storage.walk("images", "archives"))) == 4


def test_what_somebody_else_has_put_there_is_left_alone(stored: Download, storage: Storage) -> None:
    stray = (storage.root / image_key(new_id(), 1)).parent / "README.1"
    stray.parent.mkdir(exist_ok=True)
    stray.touch()

    assert cleanup.collect(storage) == (0, 0)
    assert stray.exists()


def test_collecting_removes_files_without_rows(stored: Download, storage: Storage) -> None:
    stray = [image_key(new_id(), 1), archive_key(new_id(), 1)]
    earlier = image_key(Image.get().id, 7)
    for key in [*stray, earlier]:
        with storage.new_file(key) as file:
            file.write(b"x")

    assert cleanup.collect(storage) == (3, 0)
    assert len(list(storage.walk("images", "archives"))) == 4


def test_collecting_removes_rows_without_files(stored: Download, storage: Storage) -> None:
    storage.remove(archive_key(stored.id, 1))
    [lone] = Image.select().where(Image.download.is_null())
    storage.remove(image_key(lone.id, 1))

    assert cleanup.collect(storage) == (0, 2)
    assert (Download.select().count(), Image.select().count()) == (0, 0)
    assert list(storage.walk("images", "archives")) == []


def test_collecting_leaves_dry_runs(site: Site, work: Work, storage: Storage) -> None:
    jobs.add_download(url=site.page("/", "<img src=a.png>"), limit=1, dry_run=True)
    work()

    assert cleanup.collect(storage) == (0, 0)
    assert Download.get().status == "finished"


def test_collecting_leaves_what_is_being_finished(site: Site, storage: Storage) -> None:
    add_image(site.url("/a.png"))
    image = jobs.claim(Image, "me")
    assert image
    with storage.new_file(image_key(image.id, image.attempts)) as file:
        file.write(b"x")

    assert cleanup.collect(storage) == (0, 0)


def test_what_ends_while_it_is_cancelled_stays(app: Flask, storage: Storage) -> None:
    jobs.add_download(url="https://a/", limit=1)
    download = jobs.claim(Download, "me")
    assert download
    seen = jobs.get(Download, download.id)
    cleanup.cancel(seen, storage)
    with pytest.raises(jobs.LostClaim):
        jobs.finish(download)
    assert jobs.get(Download, seen.id).status == "cancelled"

    cleanup.cancel(seen, storage)
    assert jobs.get(Download, seen.id).status == "cancelled"
