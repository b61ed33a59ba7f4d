"""A job has an end: over all its fetches and runs."""

import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app import jobs
from app.database.models import Download, Image
from app.jobs.documents import StatusDocument
from app.settings import Settings
from app.storage import Storage, archive_key
from app.worker.processes import ProcessRegistry
from app.worker.tasks import Tasks
from tests.samples import add_image, picture
from tests.site import Reply, Site

Make = Callable[..., Tasks]
TOO_LONG = "the job was not done within 1 s"


@pytest.fixture
def make(settings: Settings, storage: Storage, processes: ProcessRegistry) -> Make:
    """Make the work of a process where a job has a second."""

    def do(stopping: Callable[[], bool] = lambda: False, **changes: Any) -> Tasks:
        changed = replace(settings, **{"job_seconds": 1.0, **changes})
        return Tasks(changed, storage, processes, stopping)

    return do


@pytest.fixture
def endless(site: Site) -> Iterator[Callable[[], Reply]]:
    """Make replies that come when the test has ended."""
    ended = threading.Event()
    yield lambda: Reply(b"late") if ended.wait(60) else Reply()
    ended.set()


def show(site: Site, *names: str) -> str:
    for number, name in enumerate(names):
        site.file(f"/{name}", picture("png", number))
    return site.page("/", "".join(f"<img src={name}>" for name in names))


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_download_ends_with_what_it_has(
    site: Site, make: Make, storage: Storage, endless: Callable[[], Reply], at_once: int
) -> None:
    url = show(site, "a.png", "b.png", "c.png", "d.png", "e.png", "f.png")
    for name in "bcdef":
        site.replies[f"/{name}.png"] = endless
    download = jobs.add_download(url=url, limit=6)
    tasks = make(images_at_once=at_once)
    assert tasks.turn(tasks.kinds)

    document = StatusDocument().dump(jobs.get(Download, download.id))
    assert document["status"] == "finished"
    with zipfile.ZipFile(storage.root / archive_key(download.id, 1)) as archive:
        assert archive.namelist() == ["001-a.png"]
    [_, *rest] = document["images"]
    assert {image["status"] for image in rest} == {"cancelled"}
    assert {image["error"]["type"] for image in rest} == {"/problems/deadline"}
    assert {image["error"]["detail"] for image in rest} == {
        f"not fetched: deadline exceeded: {TOO_LONG}"
    }
    assert list(storage.root.glob("parts/*/*")) == []


@pytest.mark.parametrize("hanging", ["/", "/a.png"])
def test_a_download_that_has_nothing_fails(
    site: Site, make: Make, endless: Callable[[], Reply], hanging: str
) -> None:
    url = show(site, "a.png")
    site.replies[hanging] = endless
    download = jobs.add_download(url=url, limit=6)
    tasks = make()
    assert tasks.turn(tasks.kinds)

    failure = jobs.get(Download, download.id).failure
    assert failure
    assert (failure.code, failure.status) == ("deadline", 504)
    assert TOO_LONG in failure.detail


def test_an_image_fails(site: Site, make: Make, endless: Callable[[], Reply]) -> None:
    site.replies["/a.png"] = endless
    image = add_image(site.url("/a.png"))
    tasks = make()
    assert tasks.turn(tasks.kinds)

    assert TOO_LONG in str(jobs.get(Image, image.id).error_detail)


def test_earlier_runs_count(site: Site, make: Make, endless: Callable[[], Reply]) -> None:
    url = show(site, "a.png", "b.png")
    site.replies["/b.png"] = endless
    added = jobs.add_download(url=url, limit=2)
    stopping = make(stopping=lambda: site.asked("/b.png") > 0, job_seconds=60.0)
    assert stopping.turn(stopping.kinds)
    download = jobs.get(Download, added.id)
    assert download.status == "queued"
    assert 0 < download.spent_seconds < 30

    tasks = make(job_seconds=download.spent_seconds)
    assert tasks.turn(tasks.kinds)
    assert jobs.get(Download, added.id).status == "finished"


def test_what_a_crash_leaves_has_spent_the_time_until_its_last_picture(
    site: Site, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any) -> None:
        raise SystemExit

    added = jobs.add_download(url=show(site, "a.png", "b.png"), limit=2)
    with monkeypatch.context() as patch:
        patch.setattr("app.worker.handlers.write_archive", die)
        tasks = make()
        with pytest.raises(SystemExit):
            tasks.turn(tasks.kinds)
    assert 0 < jobs.get(Download, added.id).spent_seconds < 1
    jobs.recover(lambda process: False, crashes_allowed=3)
    assert jobs.get(Download, added.id).spent_seconds > 0


def test_pauses_that_an_origin_asks_for_do_not_count(site: Site, make: Make) -> None:
    url = show(site, "a.png")
    busy = [Reply(status=503, headers={"Retry-After": "1"}) for _ in range(2)]
    site.replies["/a.png"] = lambda: busy.pop() if busy else Reply(picture("png", 1))
    download = jobs.add_download(url=url, limit=1)
    tasks = make()
    assert tasks.turn(tasks.kinds)

    assert jobs.get(Download, download.id).status == "finished"
