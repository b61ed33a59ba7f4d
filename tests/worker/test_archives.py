"""A zip of some stored pictures of a download: exactly those, in the order given, or none."""

import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.ids import now
from app.database.models import Download, Image
from app.errors import Interrupted
from app.jobs import cleanup
from app.storage import Storage, archive_key, image_key
from app.worker import downloads
from app.worker.tasks import Tasks
from tests.samples import picture
from tests.site import Site

Work = Callable[[], int]
COUNT = 5


@pytest.fixture
def source(site: Site, work: Work) -> Download:
    """A finished download of five pictures, whose site is gone."""
    for number in range(COUNT):
        site.file(f"/{number}.png", picture("png", number))
    page = site.page("/", "".join(f"<img src={n}.png alt=No{n}>" for n in range(COUNT)))
    download = jobs.add_download(url=page, limit=COUNT)
    assert work() == 1
    site.replies.clear()
    return jobs.get(Download, download.id)


@pytest.fixture
def archive(source: Download) -> Download:
    """A queued archive of its fourth, first and third picture."""
    return jobs.add_archive(source, [jobs.pictures_of(source)[place] for place in (3, 0, 2)])


CHOSEN = {"001-3.png": 3, "002-0.png": 0, "003-2.png": 2}


def members(download: Download, storage: Storage) -> dict[str, bytes]:
    download = jobs.get(Download, download.id)
    assert (download.status, download.error_detail) == ("finished", None)
    with zipfile.ZipFile(storage.root / archive_key(download.id, download.attempts)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def chosen() -> dict[str, bytes]:
    return {name: picture("png", number) for name, number in CHOSEN.items()}


def test_it_holds_the_chosen_in_the_order_given_without_a_fetch(
    site: Site, archive: Download, storage: Storage, work: Work
) -> None:
    fetched = len(site.requests)
    assert work() == 1

    assert list(members(archive, storage).items()) == list(chosen().items())
    assert len(site.requests) == fetched
    pictures = jobs.pictures_of(archive)
    assert [(image.position, image.alt) for image in pictures] == [
        (1, "No3"),
        (2, "No0"),
        (3, "No2"),
    ]
    assert cleanup.collect(storage) == (0, 0)


def test_it_stays_whole_when_the_other_goes(
    source: Download, archive: Download, storage: Storage, work: Work
) -> None:
    work()
    cleanup.remove(source, storage)

    assert members(archive, storage) == chosen()
    for image in jobs.pictures_of(archive):
        assert storage.read(image_key(image.id, image.attempts))
    assert cleanup.collect(storage) == (0, 0)


def test_it_can_be_chosen_from_again(
    archive: Download, source: Download, storage: Storage, work: Work
) -> None:
    work()
    cleanup.remove(source, storage)
    again = jobs.add_archive(archive, reversed(jobs.pictures_of(archive)))
    work()

    assert list(members(again, storage).values()) == list(reversed(chosen().values()))


@pytest.mark.parametrize("what", ["download", "picture", "file"])
def test_what_is_removed_before_its_turn_fails_it_and_says_so(
    source: Download, archive: Download, storage: Storage, work: Work, what: str
) -> None:
    first = jobs.pictures_of(source)[0]
    if what == "file":
        storage.remove(image_key(first.id, first.attempts))
    else:
        cleanup.remove(source if what == "download" else first, storage)
    assert work() == 1

    failed = jobs.get(Download, archive.id)
    place = 1 if what == "download" else 2
    assert (failed.status, failed.error_code) == ("failed", "gone")
    assert failed.error_detail == f"picture {place} was removed before the zip was made"
    assert not storage.exists(archive_key(failed.id, failed.attempts))
    assert jobs.retry(failed).image_ids == archive.image_ids


@pytest.fixture
def other(site: Site, work: Work) -> Download:
    """A finished download of another page, which has a title."""
    site.file("/a.png", picture("png", 7))
    page = site.page("/other", "<title>Elsewhere</title><img src=a.png>")
    download = jobs.add_download(url=page, limit=COUNT)
    work()
    return jobs.get(Download, download.id)


def test_it_holds_pictures_of_several_pages_and_is_named_after_them(
    source: Download, other: Download, storage: Storage, work: Work
) -> None:
    [theirs], ours = jobs.pictures_of(other), jobs.pictures_of(source)
    archive = jobs.add_archive(other, [ours[1], theirs, ours[0]])
    work()

    assert list(members(archive, storage).items()) == [
        ("001-1.png", picture("png", 1)),
        ("002-a.png", picture("png", 7)),
        ("003-0.png", picture("png", 0)),
    ]
    assert (archive.url, archive.title) == (other.url, "Elsewhere and 1 other page")


def test_of_several_pages_each_picture_is_named_by_its_own(
    source: Download, other: Download, storage: Storage, work: Work
) -> None:
    Download.update(pattern="{title} {position}").where(Download.id == other.id).execute()
    [theirs], ours = jobs.pictures_of(other), jobs.pictures_of(source)
    archive = jobs.add_archive(jobs.get(Download, other.id), [ours[0], theirs])
    work()

    assert list(members(archive, storage)) == ["127.0.0.1 001.png", "Elsewhere 002.png"]


@pytest.mark.parametrize("place", [0, 1])
def test_none_of_several_pages_expires_before_its_turn(
    source: Download, other: Download, storage: Storage, work: Work, place: int
) -> None:
    both = [source, other]
    pictures = [jobs.pictures_of(one)[0] for one in both]
    archive = jobs.add_archive(both[place], pictures)
    later = now() + timedelta(days=8)
    assert cleanup.expire(storage, keep_days=7, moment=later) == 0
    work()

    assert len(members(archive, storage)) == 2
    assert cleanup.expire(storage, keep_days=7, moment=later) == 3


def test_the_other_does_not_expire_before_its_turn(
    source: Download, archive: Download, storage: Storage, work: Work
) -> None:
    later = now() + timedelta(days=8)
    assert cleanup.expire(storage, keep_days=7, moment=later) == 0
    work()

    assert members(archive, storage) == chosen()
    assert cleanup.expire(storage, keep_days=7, moment=later) == 2


def test_it_goes_on_where_an_earlier_attempt_stopped_though_the_other_is_gone(
    source: Download,
    archive: Download,
    storage: Storage,
    tasks: Tasks,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*args: Any) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr("app.worker.handlers.write_archive", stop)
        assert tasks.turn([Download])
    assert jobs.get(Download, archive.id).status == "queued"
    cleanup.remove(source, storage)
    assert work() == 1

    assert members(archive, storage) == chosen()


def test_a_crash_costs_a_group_and_nothing_else(
    archive: Download,
    storage: Storage,
    tasks: Tasks,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*args: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(downloads, "GROUP", 1)
    with monkeypatch.context() as patch:
        patch.setattr("app.worker.handlers.write_archive", die)
        with pytest.raises(SystemExit):
            tasks.turn([Download])
    assert jobs.recover(lambda process: False, crashes_allowed=3) == 1
    assert work() == 1

    assert members(archive, storage) == chosen()
    assert jobs.get(Download, archive.id).attempts == 2
    assert cleanup.collect(storage) == (0, 0)


def test_a_cancelled_one_leaves_nothing_and_the_other_as_it_was(
    source: Download, archive: Download, storage: Storage, work: Work
) -> None:
    stored = sorted(entry.key for entry in storage.walk("images", "archives"))
    cleanup.remove(archive, storage)
    assert work() == 0

    assert jobs.get(Download, archive.id).status == "cancelled"
    assert sorted(entry.key for entry in storage.walk("images", "archives")) == stored
    assert Image.select().where(Image.download == source).count() == COUNT


def test_a_disk_without_links_gets_copies(
    archive: Download, storage: Storage, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    work()

    assert members(archive, storage) == chosen()


def test_the_manifest_tells_of_the_chosen(
    client: FlaskClient, source: Download, storage: Storage, work: Work
) -> None:
    archive = jobs.add_archive(source, jobs.pictures_of(source)[:1], manifest=True)
    work()

    assert list(members(archive, storage)) == ["001-0.png", "manifest.json"]
    told = client.get(f"/download/{archive.id}/status").json
    assert told["progress"] == {"found": 1, "done": 1, "failed": 0, "total": 1}
