"""The thumbnails that are wanted: one is made at a time, each once."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePath
from typing import Any, BinaryIO

import pytest

from app import jobs
from app.commands.operator import back_up
from app.database.models import Image
from app.errors import Gone, NoThumbnail, StorageFailure, StorageFull, StorageUnusable, Unexpected
from app.jobs import cleanup
from app.pictures.thumbnail import Thumbnailer
from app.storage import Storage, image_key, thumbnail_key
from app.worker import thumbnails
from app.worker.thumbnails import ThumbnailQueue
from tests.disk import FaultyDisk
from tests.samples import add_image, picture
from tests.site import Site

Keep = Callable[..., Image]


@pytest.fixture
def queue(storage: Storage) -> Iterator[ThumbnailQueue]:
    queue = ThumbnailQueue(storage, stopping=lambda: False)
    yield queue
    queue.close()


@pytest.fixture
def keep(site: Site, work: Callable[[], int]) -> Keep:
    """Have a copy of a picture kept."""

    def do(body: bytes = picture()) -> Image:
        image = add_image(site.file("/a", body))
        assert work() == 1
        return jobs.get(Image, image.id)

    return do


def stored(storage: Storage) -> list[str]:
    return [PurePath(entry.key).suffix for entry in storage.walk("thumbnails")]


def test_a_child_decodes_while_what_it_has_made_is_stored(
    keep: Keep, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=60)
    new_file = storage.new_file

    @contextmanager
    def slow(key: str) -> Iterator[BinaryIO]:
        with new_file(key) as file:
            both.wait()
            yield file

    images = [keep(picture(number=number)) for number in (1, 2)]
    monkeypatch.setattr(thumbnails, "CHILDREN", 1)
    monkeypatch.setattr(storage, "new_file", slow)
    queue = ThumbnailQueue(storage, stopping=lambda: False)
    for image in images:
        queue.request(image)
    with ThreadPoolExecutor(2) as pool:
        assert [one.result() for one in [pool.submit(queue.run_next) for _ in images]] == [True] * 2
    queue.close()

    assert all(storage.read(thumbnail_key(image.id, image.attempts)) for image in images)


def test_a_thumbnail_that_was_asked_for_is_made(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    image = keep()
    assert queue.request(image)
    assert queue.run_next()

    made = storage.read(thumbnail_key(image.id, image.attempts))
    assert made
    assert made.startswith(b"RIFF")
    assert not queue.run_next()


def test_asking_again_makes_it_once(queue: ThumbnailQueue, keep: Keep) -> None:
    image = keep()

    assert [queue.request(image) for _ in range(10)] == [True] + [False] * 9
    assert [queue.run_next(), queue.run_next()] == [True, False]


def test_one_that_is_there_already_is_left_alone(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    image = keep()
    key = thumbnail_key(image.id, image.attempts)
    with storage.new_file(key) as file:
        file.write(b"made by a sibling")
    queue.request(image)
    queue.run_next()

    assert storage.read(key) == b"made by a sibling"


def made_in_order(queue: ThumbnailQueue, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list that grows by what each thumbnail is made of."""
    order: list[bytes] = []

    def note(self: object, source: BinaryIO, *_: object) -> bytes:
        order.append(source.read())
        return b"made"

    monkeypatch.setattr(Thumbnailer, "make", note)
    return order


def test_the_newest_request_is_first(
    queue: ThumbnailQueue, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = made_in_order(queue, monkeypatch)
    bodies = [picture("png", number) for number in range(3)]
    first, second, third = [keep(body) for body in bodies]
    for image in first, second, third, first:
        queue.request(image)
    while queue.run_next():
        pass

    assert order == [bodies[0], bodies[2], bodies[1]]


def test_the_oldest_request_gives_way(
    queue: ThumbnailQueue, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = made_in_order(queue, monkeypatch)
    monkeypatch.setattr(thumbnails, "ROOM", 2)
    bodies = [picture("png", number) for number in range(3)]
    assert [queue.request(keep(body)) for body in bodies] == [True, True, True]
    while queue.run_next():
        pass

    assert order == [bodies[2], bodies[1]]


def test_what_nobody_requests_any_longer_is_not_made(
    storage: Storage, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    queue = ThumbnailQueue(storage, stopping=lambda: False, clock=lambda: now)
    order = made_in_order(queue, monkeypatch)
    bodies = [picture("png", number) for number in range(2)]
    looked_at, left = [keep(body) for body in bodies]
    queue.request(looked_at)
    queue.request(left)
    now = 5
    assert not queue.request(looked_at)
    now = 9
    while queue.run_next():
        pass

    assert order == bodies[:1]
    assert queue.request(left)


@pytest.mark.parametrize("length", [None, 40], ids=["sound", "damaged"])
def test_equal_pictures_share_one_thumbnail(
    queue: ThumbnailQueue,
    keep: Keep,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    length: int | None,
) -> None:
    body = picture("png", size=(400, 400))
    equal = [keep(body[:length]) for _ in range(3)]
    queue.request(equal[0])
    queue.request(equal[1])
    queue.run_next()
    monkeypatch.delattr(Thumbnailer, "make")
    cleanup.remove(equal[1], storage)  # that was made first
    queue.request(equal[2])
    queue.run_next()

    assert stored(storage) == [".none" if length else ".webp"] * 2
    assert not queue.run_next()


def test_equal_pictures_wait_for_the_one_that_is_being_made(
    queue: ThumbnailQueue, keep: Keep, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*_: object) -> bytes:
        assert not queue.request(second)
        assert not queue.run_next()
        return b"made"

    monkeypatch.setattr(Thumbnailer, "make", make)
    first, second = keep(), keep()
    queue.request(first)
    queue.run_next()

    assert stored(storage) == [".webp"] * 2


def test_what_takes_long_does_not_hold_up_the_next(
    queue: ThumbnailQueue, keep: Keep, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    make = Thumbnailer.make
    slow, other = keep(picture("png", 1)), keep(picture("png", 2))

    def make_slowly(self: Thumbnailer, source: BinaryIO, *rest: Any) -> bytes:
        if source.name == str(storage.root / image_key(slow.id, slow.attempts)):
            assert done.wait(10)
        return make(self, source, *rest)

    monkeypatch.setattr(Thumbnailer, "make", make_slowly)
    queue.request(slow)
    thread = threading.Thread(target=queue.run_next)
    thread.start()
    try:
        while not queue._running:
            time.sleep(0.001)
        queue.request(other)
        assert queue.run_next()
        assert stored(storage) == [".webp"]
    finally:
        done.set()
        thread.join()
    assert stored(storage) == [".webp"] * 2


def test_why_there_is_none_is_remembered_across_restarts(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    image = keep(picture("png", size=(400, 400))[:40])
    queue.request(image)
    queue.run_next()

    with pytest.raises(NoThumbnail, match="damaged"):
        ThumbnailQueue(storage, stopping=lambda: False).request(image)
    assert stored(storage) == [".none"]


def test_a_drawing_is_refused_without_a_turn(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    with pytest.raises(NoThumbnail, match="svg"):
        queue.request(keep(picture("svg")))

    assert not queue.run_next()
    assert stored(storage) == []


def test_a_removed_copy_is_told_as_gone_each_time(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    image = keep()
    storage.remove(image_key(image.id, image.attempts))

    for _ in range(3):
        with pytest.raises(Gone):
            queue.request(image)
        assert not queue.run_next()


def test_a_copy_that_is_removed_before_its_turn_is_gone(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    image = keep()
    queue.request(image)
    storage.remove(image_key(image.id, image.attempts))
    queue.run_next()

    with pytest.raises(Gone):
        queue.request(image)


@pytest.mark.parametrize(
    ("code", "reason"), [(errno.ENOSPC, StorageFull), (errno.EROFS, StorageUnusable)]
)
def test_a_disk_that_takes_nothing_is_told_once_and_then_tried_again(
    queue: ThumbnailQueue,
    keep: Keep,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    reason: type[StorageFailure],
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    image = keep()
    queue.request(image)
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", refuse)
        queue.run_next()

    with pytest.raises(reason):
        queue.request(image)
    assert queue.request(image)
    assert queue.run_next()
    assert stored(storage) == [".webp"]


def test_a_fault_of_ours_is_logged_and_told(
    queue: ThumbnailQueue,
    keep: Keep,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(Thumbnailer, "make", lambda *_: 1 // 0)
    image = keep()
    queue.request(image)
    queue.run_next()

    with pytest.raises(Unexpected):
        queue.request(image)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_whatever_operation_fails_the_next_try_makes_it(
    queue: ThumbnailQueue, keep: Keep, storage: Storage, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(Thumbnailer, "make", lambda *_: b"made")
    disk = FaultyDisk(storage.root, monkeypatch)
    for number in count(1):
        image = keep()
        key = thumbnail_key(image.id, image.attempts)
        # No folder is made that is there, for another image with the same digits.
        harmless = ["unlink"], ["mkdir"] if (storage.root / key).parent.exists() else []
        queue.request(image)
        disk.fail(code, number, number)
        queue.run_next()
        disk.repair()

        if disk.failed and disk.failed not in harmless:
            assert not storage.exists(key)
            with pytest.raises((StorageFull, Unexpected)):
                queue.request(image)
            queue.request(image)
            queue.run_next()
        assert storage.read(key) == b"made"
        assert list(storage.root.glob("parts/*/*")) == []
        if not disk.failed:
            break

    assert number > 5


def test_failures_that_nobody_comes_back_for_do_not_pile_up(
    queue: ThumbnailQueue, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "ROOM", 1)
    monkeypatch.setattr(Thumbnailer, "make", lambda *_: 1 // 0)
    first, second = keep(), keep()
    for image in first, second:
        queue.request(image)
        queue.run_next()

    assert queue.request(first)
    with pytest.raises(Unexpected):
        queue.request(second)


def test_what_was_asked_for_when_the_process_stops_is_forgotten(
    storage: Storage, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails.thumbnail, "POLL_SECONDS", 0.0001)
    queue = ThumbnailQueue(storage, stopping=lambda: True)
    image = keep()
    queue.request(image)
    queue.run_next()
    queue.close()

    assert stored(storage) == []
    assert queue.request(image)


def test_the_thumbnail_of_an_image_that_is_removed_meanwhile_goes_too(
    queue: ThumbnailQueue, keep: Keep, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removing(*args: object) -> bytes:
        cleanup.remove(image, storage)
        return b"made"

    image = keep()
    monkeypatch.setattr(Thumbnailer, "make", removing)
    queue.request(image)
    queue.run_next()

    assert stored(storage) == []


def test_a_thumbnail_is_removed_with_its_image(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    for body in picture(), picture("png", size=(400, 400))[:40]:
        image = keep(body)
        queue.request(image)
        queue.run_next()
        assert len(stored(storage)) == 1

        cleanup.remove(image, storage)
        assert stored(storage) == []


def test_collecting_removes_thumbnails_without_an_image(
    queue: ThumbnailQueue, keep: Keep, storage: Storage
) -> None:
    image = keep()
    queue.request(image)
    queue.run_next()
    assert cleanup.collect(storage) == (0, 0)

    Image.delete().execute()
    assert cleanup.collect(storage) == (2, 0)
    assert stored(storage) == []


def test_a_backup_leaves_thumbnails_out(
    queue: ThumbnailQueue, keep: Keep, storage: Storage, tmp_path: Path
) -> None:
    queue.request(keep())
    queue.run_next()

    copy = back_up(storage, tmp_path)

    assert {path.name for path in copy.iterdir()} == {"downloader.db", "images"}


def test_clients_take_turns(queue: ThumbnailQueue, keep: Keep, storage: Storage) -> None:
    large = [keep(picture("png", number)) for number in range(5)]
    small = keep(picture("png", 9))
    for image in large:
        queue.request(image, "a")
    queue.request(small, "b")
    queue.request(large[0], "a")  # the newest of all
    for _ in range(2):
        queue.run_next()

    made = {entry.key for entry in storage.walk("thumbnails")}
    assert thumbnail_key(small.id, small.attempts) in made
    assert thumbnail_key(large[0].id, large[0].attempts) in made


def test_who_wants_most_gives_way_when_too_many_wait(
    queue: ThumbnailQueue, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "ROOM", 3)
    first = keep(picture("png", 9))
    queue.request(first, "b")
    for number in range(5):
        queue.request(keep(picture("png", number)), "a")

    assert not queue.request(first, "b"), "it waits all the while"
