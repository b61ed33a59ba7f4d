"""The pictures of a download: fetched one after another, stored and recorded in groups."""

import threading
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from app import jobs
from app.database.connection import db
from app.database.models import Download, Image
from app.jobs import cleanup
from app.settings import Settings
from app.storage import Storage, archive_key
from app.worker import downloads
from app.worker.processes import ProcessRegistry
from app.worker.tasks import Tasks
from tests.disk import FaultyDisk
from tests.samples import picture
from tests.site import Reply, Site

SECONDS = 60  # what a test waits at most for something that should happen at once


def show(site: Site, count: int) -> str:
    """Serve a page of some pictures; return its URL."""
    for number in range(count):
        site.file(f"/{number}.png", picture("png", number))
    return site.page("/", "".join(f"<img src={number}.png>" for number in range(count)))


def states() -> list[str]:
    return [str(image.status) for image in Image.select().order_by(Image.id)]


def test_a_group_is_synced_file_by_file_its_folder_once_and_then_recorded_at_once(
    site: Site, tasks: Tasks, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[list[str]] = []
    end_pictures = jobs.end_pictures

    def end(download: Download, ended: Any, quota: int) -> list[Image]:
        recorded.append(disk.done[:])
        return end_pictures(download, ended, quota)

    monkeypatch.setattr(jobs, "end_pictures", end)
    monkeypatch.setattr(downloads, "GROUP_SECONDS", SECONDS)
    jobs.add_download(url=show(site, 3), limit=3)
    disk = FaultyDisk(storage.root, monkeypatch)
    assert tasks.turn(tasks.kinds)

    [before] = recorded
    storing = before[before.index("fsync") :]
    assert storing.count("fsync") == 3 + 3  # the names of new folders too
    assert storing[:3] == ["fsync"] * 3
    assert storing[-5:] == ["rename"] * 3 + ["open", "fsync"]  # one folder for all
    assert states() == ["finished"] * 3


def test_the_pictures_of_a_page_lie_in_one_folder(site: Site, tasks: Tasks) -> None:
    download = jobs.add_download(url=show(site, 5), limit=5)
    assert tasks.turn(tasks.kinds)

    assert {image.id.hex[-2:] for image in Image.select()} == {download.id.hex[-2:]}


def test_no_group_is_larger_than_is_lost_by_a_crash(
    site: Site, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    end_pictures = jobs.end_pictures

    def end(download: Download, ended: Any, quota: int) -> list[Image]:
        group = list(ended)
        sizes.append(len(group))
        return end_pictures(download, group, quota)

    monkeypatch.setattr(jobs, "end_pictures", end)
    monkeypatch.setattr(downloads, "GROUP", 4)
    monkeypatch.setattr(downloads, "GROUP_SECONDS", SECONDS)
    jobs.add_download(url=show(site, 10), limit=10)
    assert tasks.turn(tasks.kinds)

    assert sizes == [4, 4, 2]


def test_what_has_come_is_seen_while_the_next_is_waited_for(site: Site, tasks: Tasks) -> None:
    url, seen = show(site, 3), threading.Event()
    site.replies["/1.png"] = lambda: Reply(picture() if seen.wait(SECONDS) else b"late")
    jobs.add_download(url=url, limit=3)

    def watch() -> None:
        with db.connection_context():
            pause = threading.Event()
            for _ in range(SECONDS * 100):
                if states() == ["finished", "queued", "queued"]:
                    seen.set()
                    break
                pause.wait(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert tasks.turn(tasks.kinds)
    watcher.join()

    assert states() == ["finished"] * 3
    assert site.asked("/2.png") == 1


def test_a_picture_withdrawn_while_its_group_waits_gives_its_place_to_the_next(
    site: Site, tasks: Tasks, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_pictures = jobs.end_pictures
    removed = []

    def end(download: Download, ended: Any, quota: int) -> list[Image]:
        if not removed:
            removed.append(Image.get(Image.position == 1))
            cleanup.remove(removed[0], storage)
        return end_pictures(download, ended, quota)

    monkeypatch.setattr(jobs, "end_pictures", end)
    added = jobs.add_download(url=show(site, 4), limit=2)
    assert tasks.turn(tasks.kinds)

    download = jobs.get(Download, added.id)
    with zipfile.ZipFile(storage.root / archive_key(download.id, 1)) as archive:
        assert archive.namelist() == ["002-1.png", "003-2.png"]
    assert states() == ["cancelled", "finished", "finished", "cancelled"]
    assert site.asked("/3.png") == 0
    assert len(list(storage.walk("images"))) == 2


def test_a_download_withdrawn_while_a_group_waits_leaves_nothing(
    site: Site, tasks: Tasks, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_pictures = jobs.end_pictures

    def end(download: Download, ended: Any, quota: int) -> list[Image]:
        cleanup.remove(Download.get(), storage)
        return end_pictures(download, ended, quota)

    monkeypatch.setattr(jobs, "end_pictures", end)
    jobs.add_download(url=show(site, 4), limit=4)
    assert tasks.turn(tasks.kinds)

    assert Download.get().status == "cancelled"
    assert list(storage.walk("images", "archives")) == []
    assert list(storage.root.glob("parts/*/*")) == []


class Gate:
    """Replies that wait until as many are asked for at once as should be."""

    def __init__(self, site: Site, count: int, at_once: int) -> None:
        self.most = self.inside = 0
        self._lock = threading.Lock()
        self._barrier = threading.Barrier(at_once)
        for number in range(count):
            site.replies[f"/{number}.png"] = lambda number=number: self._reply(number)

    def _reply(self, number: int) -> Reply:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self._barrier.wait(SECONDS)
        with self._lock:
            self.inside -= 1
        return Reply(picture("png", number), "image/png")


@pytest.fixture
def parallel(settings: Settings, storage: Storage, processes: ProcessRegistry) -> Tasks:
    return Tasks(replace(settings, images_at_once=3), storage, processes, stopping=lambda: False)


def test_pictures_are_fetched_side_by_side_and_keep_their_order_and_names(
    site: Site, parallel: Tasks, storage: Storage
) -> None:
    url = show(site, 9)
    gate = Gate(site, 9, at_once=3)
    added = jobs.add_download(url=url, limit=9)
    assert parallel.turn(parallel.kinds)

    assert gate.most == 3
    with zipfile.ZipFile(storage.root / archive_key(added.id, 1)) as archive:
        assert archive.namelist() == [f"{number + 1:03}-{number}.png" for number in range(9)]
        assert [archive.read(info) for info in archive.infolist()] == [
            picture("png", number) for number in range(9)
        ]


def test_a_request_may_ask_for_fewer_at_once(site: Site, parallel: Tasks) -> None:
    url = show(site, 4)
    gate = Gate(site, 4, at_once=1)
    jobs.add_download(url=url, limit=4, at_once=1)
    assert parallel.turn(parallel.kinds)

    assert gate.most == 1


def test_no_more_are_asked_for_than_the_limit_needs(site: Site, parallel: Tasks) -> None:
    url = show(site, 6)
    del site.replies["/0.png"]
    jobs.add_download(url=url, limit=2)
    assert parallel.turn(parallel.kinds)

    assert states() == ["failed", "finished", "finished", "cancelled", "cancelled", "cancelled"]
    assert [site.asked(f"/{number}.png") for number in range(6)] == [1, 1, 1, 0, 0, 0]


def test_a_download_cancelled_while_several_are_fetched_leaves_nothing(
    site: Site, parallel: Tasks, storage: Storage
) -> None:
    url, cancelled = show(site, 6), threading.Event()
    asked = threading.Semaphore(0)

    def late() -> Reply:
        asked.release()
        assert cancelled.wait(SECONDS)
        return Reply(picture(), "image/png")

    for number in range(1, 4):
        site.replies[f"/{number}.png"] = late
    added = jobs.add_download(url=url, limit=6)

    def cancel() -> None:
        for _ in range(3):
            assert asked.acquire(timeout=SECONDS)
        with db.connection_context():
            cleanup.remove(jobs.get(Download, added.id), storage)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    assert parallel.turn(parallel.kinds)
    canceller.join()
    cancelled.set()

    assert Download.get().status == "cancelled"
    assert list(storage.walk("images", "archives")) == []
    assert list(storage.root.glob("parts/*/*")) == []


def test_a_stop_keeps_what_has_come_and_the_next_run_takes_the_rest(
    site: Site, parallel: Tasks, settings: Settings, storage: Storage, processes: ProcessRegistry
) -> None:
    url, stopped = show(site, 6), threading.Event()
    for number in range(3, 6):
        site.replies[f"/{number}.png"] = lambda: Reply(picture() if stopped.wait(30) else b"late")
    added = jobs.add_download(url=url, limit=6)
    stopping = Tasks(
        replace(settings, images_at_once=3),
        storage,
        processes,
        stopping=lambda: sum(site.asked(f"/{number}.png") for number in range(3, 6)) == 3,
    )
    stopping.turn(stopping.kinds)
    stopped.set()
    assert states() == ["finished"] * 3 + ["queued"] * 3

    assert parallel.turn(parallel.kinds)
    assert jobs.get(Download, added.id).status == "finished"
    assert [site.asked(f"/{number}.png") for number in range(3)] == [1, 1, 1]
