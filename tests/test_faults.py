"""Every file operation of a job fails, one after the other, and what is promised still holds.

In SQLite's manner (https://sqlite.org/testing.html): the first operation fails, then the second,
and so on, until the job comes to its end before the fault does. Either that operation alone fails,
or all from there on until the disk is repaired.
"""

import errno
import io
import math
import zipfile
from collections.abc import Callable
from itertools import count, product

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.connection import db
from app.database.models import Download, Image
from app.jobs import cleanup
from app.storage import Storage
from app.worker.processes import ProcessRegistry
from tests.disk import FaultyDisk
from tests.samples import add_image, picture
from tests.site import Site

Work = Callable[[], int]
Job = Download | Image
Ask = Callable[[], Job]

PICTURES = {f"{name}.png": picture("png", number) for number, name in enumerate("abc")}
REASONS = {errno.EIO: "unexpected", errno.ENOSPC: "storage-full"}
CASES = [
    *product(["a download", "an image"], REASONS, [1, math.inf]),  # one operation, or all from it
    ("one begun", errno.EIO, 1),
]


@pytest.fixture
def page(site: Site) -> str:
    for name, body in PICTURES.items():
        site.file(f"/{name}", body)
    return site.page("/", "".join(f"<img src={name}>" for name in PICTURES))


@pytest.fixture
def ask(request: pytest.FixtureRequest, site: Site, page: str, processes: ProcessRegistry) -> Ask:
    """Ask for the page's images, for one image, or for what a dead process has begun."""

    def download() -> Job:
        return jobs.add_download(url=page, limit=50)

    def image() -> Job:
        return add_image(site.url("/a.png"))

    def begun() -> Job:
        job = download()
        assert jobs.claim(Download, "0" * 32)
        jobs.recover(processes.is_alive, crashes_allowed=3)
        return job

    kinds: dict[str, Ask] = {"a download": download, "an image": image, "one begun": begun}
    return kinds[request.param]


@pytest.fixture
def disk(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    db.pragma("synchronous", 0)  # only the files are at stake here
    return FaultyDisk(storage.root, monkeypatch)


class Reader:
    """A client that believes nothing."""

    def __init__(self, client: FlaskClient, storage: Storage) -> None:
        self.client, self.storage = client, storage

    def get(self, path: str, *statuses: int) -> bytes:
        answer = self.client.get(path)
        assert answer.status_code in statuses, answer.text
        if answer.mimetype not in ("application/zip", "image/png"):
            for secret in "Traceback", "Errno", str(self.storage.root):
                assert secret not in answer.text
        return answer.data

    def check(self, job: Job, *reasons: str) -> None:
        """The job is finished and whole, or failed for one of the reasons."""
        job = jobs.get(type(job), job.id)
        assert job.status in ("finished", "failed")
        assert job.error_code in (reasons if job.status == "failed" else [None])
        results = [200] if job.status == "finished" else [500, 507]
        if isinstance(job, Image):
            self.check_image(self.get(f"/images/{job.id}/content", *results), results)
            return
        content = self.get(f"/download/{job.id}", *results)
        self.get(f"/download/{job.id}/status", 200)
        for image in jobs.pictures_of(job):
            assert image.status in ("finished", "cancelled")
            results = [200] if image.status == "finished" else [410]
            self.check_image(self.get(f"/images/{image.id}/content", *results), results)
        if job.status == "finished":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert [archive.read(info) for info in archive.infolist()] == [*PICTURES.values()]

    def check_image(self, content: bytes, results: list[int]) -> None:
        assert results != [200] or content in PICTURES.values()


@pytest.fixture
def reader(client: FlaskClient, storage: Storage) -> Reader:
    return Reader(client, storage)


@pytest.mark.parametrize(("ask", "code", "length"), CASES, indirect=["ask"])
def test_whatever_operation_fails_nothing_half_done_is_left(
    disk: FaultyDisk,
    ask: Ask,
    work: Work,
    reader: Reader,
    storage: Storage,
    processes: ProcessRegistry,
    site: Site,
    code: int,
    length: float,
) -> None:
    for number in count(1):
        job = ask()
        disk.fail(code, number, number + length - 1)
        assert work() == 1
        disk.repair()

        reader.check(job, REASONS[code])
        if "unlink" in disk.failed:
            processes.unregister()  # what could not be removed goes with its process
            storage.open_parts(processes.register())
            cleanup.collect(storage)
        assert list(storage.root.glob("parts/*/*")) == []
        assert cleanup.collect(storage) == (0, 0)
        following = add_image(site.url("/a.png"))
        assert work() == 1
        reader.check(following)
        if not disk.failed:
            break
        for one in job, following:
            cleanup.remove(jobs.get(type(one), one.id), storage)

    reader.check(job)
    assert number > 7  # so many, where the folder is there already: it is named by a part of the id
    processes.unregister()
    assert list(storage.root.glob("parts/*")) == []
