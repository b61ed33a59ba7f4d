"""A host that asks for a long pause has its jobs wait in the queue, not in a seat, nor fail."""

import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.ids import now
from app.database.models import Download, Image
from app.fetch import client as fetching
from app.storage import Storage, archive_key
from tests.samples import add_image, picture
from tests.site import Reply, Site

Work = Callable[[], int]
BUSY = Reply(status=503, headers={"Retry-After": "3600"})


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget the pauses of hosts, as time does."""

    def forget() -> None:
        monkeypatch.setattr(fetching._HOLDS, "_until", {})

    forget()
    return forget


@pytest.fixture
def later(rested: Callable[[], None]) -> Callable[[], None]:
    """Let the pauses end."""

    def do() -> None:
        rested()
        for kind in Download, Image:
            kind.update(due_at=now()).where(kind.due_at.is_null(False)).execute()
        jobs.end_pauses()

    return do


def status(client: FlaskClient, path: str) -> dict[str, Any]:
    document: dict[str, Any] = client.get(path).json
    return document


def test_a_page_waits_and_is_taken_when_the_pause_is_over(
    client: FlaskClient, site: Site, work: Work, later: Callable[[], None]
) -> None:
    site.file("/a.png", picture())
    url = site.page("/", "<img src=a.png>")
    page, site.replies["/"] = site.replies["/"], BUSY
    path = client.post("/download", json={"url": url}).json["status_url"]
    assert work() == 1

    waiting = status(client, path)
    assert (waiting["status"], waiting["error"]) == ("queued", None)
    assert waiting["waiting_for"] == "127.0.0.1"
    due_at = Download.get().due_at
    assert timedelta(minutes=4) < due_at - now() < timedelta(minutes=5)
    assert waiting["due_at"][:19] == due_at.isoformat()[:19]
    assert work() == 0

    site.replies["/"] = page
    later()
    assert work() == 1
    done = status(client, path)
    assert (done["status"], done["due_at"], done["waiting_for"]) == ("finished", None, None)


def test_others_of_the_host_wait_likewise_without_asking_it(
    client: FlaskClient, site: Site, work: Work
) -> None:
    site.replies["/a.png"] = site.replies["/b.png"] = BUSY
    urls = [site.url("/a.png"), site.url("/b.png")]
    ids = [image["id"] for image in client.post("/images", json={"urls": urls}).json["images"]]
    assert work() == 2

    for image_id in ids:
        waiting = status(client, f"/images/{image_id}")
        assert (waiting["status"], waiting["waiting_for"]) == ("queued", "127.0.0.1")
    assert len(site.requests) == 1


def test_a_download_keeps_what_it_has_and_the_places_of_what_waits(
    site: Site, work: Work, storage: Storage, later: Callable[[], None]
) -> None:
    for number in range(4):
        site.file(f"/{number}.png", picture("png", number))
    site.replies["/1.png"] = BUSY
    html = "".join(f"<img src={number}.png>" for number in range(4))
    added = jobs.add_download(url=site.page("/", html), limit=3)
    assert work() == 1

    states = [image.status for image in jobs.pictures_of(added)]
    assert states == ["finished", "queued", "queued", "queued"]
    assert jobs.get(Download, added.id).waiting_for == "127.0.0.1"

    site.file("/1.png", picture("png", 1))
    later()
    assert work() == 1
    download = jobs.get(Download, added.id)
    with zipfile.ZipFile(storage.root / archive_key(download.id, download.attempts)) as archive:
        assert archive.namelist() == ["001-0.png", "002-1.png", "003-2.png"]
    assert site.asked("/0.png") == 1
    assert site.asked("/3.png") == 0


def test_nobody_waits_for_more_than_five_minutes_in_all(
    site: Site, work: Work, later: Callable[[], None]
) -> None:
    site.file("/0.png", picture())
    site.replies["/1.png"] = BUSY
    site.replies["/2.png"] = BUSY
    html = "".join(f"<img src={number}.png>" for number in range(3))
    added = jobs.add_download(url=site.page("/", html), limit=3)
    image = add_image(site.url("/1.png"))
    assert work() == 2
    later()
    assert work() == 2

    ended = jobs.get(Image, image.id)
    assert (ended.status, ended.error_code) == ("failed", "origin-status")
    assert "asked to wait 300 s" in str(ended.error_detail)
    assert jobs.get(Download, added.id).status == "finished"
    states = [image.status for image in jobs.pictures_of(added)]
    assert states == ["finished", "failed", "failed"]
