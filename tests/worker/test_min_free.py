"""Below `DOWNLOADER_MIN_FREE_BYTES`, nothing new is stored."""

import gzip
import io
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from flask.testing import FlaskClient
from PIL import Image as Pillow

from app import jobs
from app.database.models import Download
from app.setting_values import MiB
from app.settings import Settings
from app.storage import Storage
from app.worker.tasks import Tasks
from tests.samples import add_image, picture
from tests.site import Reply, Site

Work = Callable[[], int]
Room = Callable[[int], None]


@pytest.fixture
def room(storage: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Say how many bytes more are free than have to be."""

    def leave(count: int) -> None:
        free = settings.min_free_bytes + count
        monkeypatch.setattr(type(storage), "free_bytes", lambda self: free)

    return leave


def test_what_is_new_is_refused_and_reading_and_deleting_go_on(
    client: FlaskClient, site: Site, work: Work, room: Room
) -> None:
    body = {"url": site.file("/a.png", picture())}
    kept = client.post("/images", json=body).json["id"]
    work()
    room(-1)

    for path in "/images", "/download":
        refused = client.post(path, json=body)
        assert (refused.status_code, refused.json["type"]) == (507, "/problems/storage-full")
        assert "DOWNLOADER_MIN_FREE_BYTES" in refused.json["detail"]
    assert client.get(f"/images/{kept}/content").data == picture()
    assert client.delete(f"/images/{kept}").status_code == 204
    room(0)
    assert client.post("/images", json=body).status_code == 202


def test_jobs_wait_until_there_is_room(site: Site, work: Work, room: Room) -> None:
    add_image(site.file("/a.png", picture()))
    room(-1)
    assert work() == 0
    room(0)
    assert work() == 1


def test_what_runs_is_handed_back_with_what_it_has(site: Site, tasks: Tasks, room: Room) -> None:
    ended = threading.Event()

    def full() -> Reply:
        room(-1)
        ended.wait(30)
        return Reply()

    site.file("/a.png", picture("png", 1))
    site.replies["/b.png"] = full
    added = jobs.add_download(url=site.page("/", "<img src=a.png><img src=b.png>"), limit=2)
    assert tasks.turn(tasks.kinds)
    ended.set()

    assert jobs.get(Download, added.id).status == "queued"
    assert [image.status for image in jobs.pictures_of(added)] == ["finished", "queued"]
    assert not tasks.turn(tasks.kinds)


def bitmap(number: int) -> Reply:
    """Make a picture of a megabyte that is small on the wire."""
    file = io.BytesIO()
    Pillow.new("RGB", (600, 600), (number, 0, 0)).save(file, "BMP")
    body = gzip.compress(file.getvalue())
    assert len(body) < 10_000
    return Reply(body, "image/bmp", headers={"Content-Encoding": "gzip"})


def test_a_page_of_pictures_that_unpack_large_takes_no_more_room_than_there_is(
    site: Site,
    tasks: Tasks,
    storage: Storage,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stored() -> int:
        kept = [storage.stat(entry.key).size for entry in storage.walk("images")]
        for part in storage.root.glob("parts/*/*"):
            with suppress(FileNotFoundError):  # it has its name by now
                kept.append(part.stat().st_size)
        return sum(kept)

    most = 3 * MiB
    monkeypatch.setattr(
        type(storage), "free_bytes", lambda self: settings.min_free_bytes + most - stored()
    )
    for number in range(10):
        site.replies[f"/{number}.bmp"] = bitmap(number)
    page = site.page("/", "".join(f"<img src={number}.bmp>" for number in range(10)))
    added = jobs.add_download(url=page, limit=10)
    assert tasks.turn(tasks.kinds)

    assert jobs.get(Download, added.id).status == "queued"
    assert most < stored() < most + 2 * MiB
    assert not tasks.turn(tasks.kinds)
