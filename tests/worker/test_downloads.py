"""The pictures of a download: fetched one after another, stored and recorded in groups."""

import threading
import zipfile
from typing import Any

import pytest

from app import jobs
from app.database.models import Download, Image
from app.database.sqlite import db
from app.jobs import cleanup
from app.storage import Storage, archive_key
from app.worker import downloads
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

    def end(ended: Any) -> list[Image]:
        recorded.append(disk.done[:])
        return end_pictures(ended)

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

    def end(ended: Any) -> list[Image]:
        group = list(ended)
        sizes.append(len(group))
        return end_pictures(group)

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

    def end(ended: Any) -> list[Image]:
        if not removed:
            removed.append(Image.get(Image.position == 1))
            cleanup.remove(removed[0], storage)
        return end_pictures(ended)

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

    def end(ended: Any) -> list[Image]:
        cleanup.remove(Download.get(), storage)
        return end_pictures(ended)

    monkeypatch.setattr(jobs, "end_pictures", end)
    jobs.add_download(url=show(site, 4), limit=4)
    assert tasks.turn(tasks.kinds)

    assert Download.get().status == "cancelled"
    assert list(storage.walk("images", "archives")) == []
    assert list(storage.root.glob("parts/*/*")) == []
