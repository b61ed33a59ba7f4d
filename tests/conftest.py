"""What the tests share: an application on a folder of its own, and a web site on loopback."""

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from shutil import copyfile
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app, jobs, metrics, prepare
from app.database.connection import db
from app.database.models import Download, Image
from app.settings import Settings
from app.storage import FolderStorage, Storage
from app.worker.processes import ProcessRegistry
from app.worker.tasks import Tasks
from tests.browser import browser, tab
from tests.disk import SmallDisk
from tests.object_store import KEYS, SeaweedFS
from tests.postgresql import ON_POSTGRESQL, Postgresql, empty, use_postgresql
from tests.samples import add_image, picture
from tests.site import Site

__all__ = ["browser", "tab"]  # fixtures for all

ClientWith = Callable[..., FlaskClient]

# What is collected stays to the end: Python need not look through it for garbage again and again.
gc.set_threshold(50_000)

# What somebody's shell may have, and would change what the tests start.
FOREIGN = {"URL", "ARGS", "PYTHONSAFEPATH", "GUNICORN_CMD_ARGS", "SCRIPT_NAME", "WEB_CONCURRENCY"}
for name in list(os.environ):
    if name in FOREIGN or name.startswith("DOWNLOADER_") or name.lower().endswith("_proxy"):
        del os.environ[name]

# The same examples each time: a change is to blame for what fails, not chance.
hypothesis.settings.register_profile(
    "ours",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("ours")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


class Nudges:
    """An engine that only counts; the tests take the turns themselves."""

    def __init__(self) -> None:
        self.count = 0
        self.wanted: list[Image] = []  # thumbnails

    def submit(self) -> None:
        self.count += 1

    def turning(self) -> bool:
        return True

    def queue(self) -> str | None:
        return None

    def make_thumbnail(self, image: Image, client: str) -> None:
        self.wanted.append(image)


class Client(FlaskClient):
    """A client that reads every answer to its end, and so closes what was sent."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


@pytest.fixture(autouse=True)
def no_engine_stays() -> Iterator[None]:
    """Make sure that a test leaves no engine at work: it would take the jobs of the next ones."""
    yield
    assert "watch" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture(scope="session")
def database_server() -> Iterator[Postgresql]:
    """A PostgreSQL for all tests."""
    with Postgresql() as server:
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the rows are: empty for SQLite, else a database that is emptied afterwards."""
    if not ON_POSTGRESQL:
        yield ""
        return
    url = request.getfixturevalue("database_server").url
    use_postgresql(url)
    yield url
    empty()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(
        storage_dir=tmp_path / "storage",
        allow_networks=(ip_network("127.0.0.0/8"),),
        database_url=database_url,
    )


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all migrations, of which each test gets a copy."""
    settings = Settings(storage_dir=tmp_path_factory.mktemp("migrated"))
    prepare(settings)
    return FolderStorage(settings.storage_dir).database


@contextmanager
def application(settings: Settings, migrated: Path) -> Iterator[Flask]:
    """Make an application that leaves its jobs to the tests."""
    database = FolderStorage(settings.storage_dir).database
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        copyfile(migrated, database)
    app = create_app(settings)
    app.extensions["engine"] = Nudges()
    app.test_client_class = Client
    yield app
    db.close()


@contextmanager
def registered(app: Flask) -> Iterator[ProcessRegistry]:
    """Have this process among the live ones of an application's storage."""
    storage = app.extensions["storage"]
    processes = ProcessRegistry(app.extensions["settings"].storage_dir, storage.remove_parts)
    storage.open_parts(processes.register())
    yield processes
    processes.unregister()


def tasks_of(app: Flask, processes: ProcessRegistry) -> Tasks:
    settings, storage = app.extensions["settings"], app.extensions["storage"]
    return Tasks(settings, storage, processes, lambda: False, metrics.count_fetch)


def do_all(tasks: Tasks) -> int:
    """Do all queued jobs, here and now; return how many there were."""
    count = 0
    while tasks.turn(tasks.kinds):
        count += 1
    return count


@pytest.fixture
def app(settings: Settings, migrated: Path) -> Iterator[Flask]:
    with application(settings, migrated) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def client_with(settings: Settings) -> Iterator[ClientWith]:
    """Make a client of an application with other settings."""

    def make(**changes: object) -> FlaskClient:
        app = create_app(replace(settings, **changes))  # type: ignore[arg-type]
        app.extensions["engine"] = Nudges()
        return app.test_client()

    yield make
    db.close()


@pytest.fixture
def processes(app: Flask) -> Iterator[ProcessRegistry]:
    """The live processes, this one among them."""
    with registered(app) as processes:
        yield processes


@pytest.fixture
def storage(app: Flask, processes: ProcessRegistry) -> Storage:
    """The application's storage, with this process at work in it."""
    storage: Storage = app.extensions["storage"]
    return storage


@pytest.fixture
def tasks(app: Flask, processes: ProcessRegistry) -> Tasks:
    return tasks_of(app, processes)


@pytest.fixture
def work(tasks: Tasks) -> Callable[[], int]:
    """Do all queued jobs, here and now; return how many there were."""
    return partial(do_all, tasks)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def stored(site: Site, work: Callable[[], int]) -> Download:
    """A finished download of two images, beside a lone finished image."""
    site.file("/a.png", picture("png", 1))
    site.file("/b.png", picture("png", 2))
    page = site.page("/", "<img src=a.png><img src=b.png>")
    download = jobs.add_download(url=page, limit=9)
    add_image(site.url("/a.png"))
    assert work() == 2
    return download


@pytest.fixture
def keep_image(client: FlaskClient, site: Site, work: Callable[[], int]) -> Callable[[bytes], str]:
    """Have a copy of some bytes kept; return the path of the image."""

    def do(body: bytes) -> str:
        url = site.file("/a", body, "application/octet-stream")
        path = client.post("/images", json={"url": url}).headers["Location"]
        work()
        return path

    return do


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """A real S3 server, one for all tests; each takes a prefix of its own."""
    os.environ.update(KEYS)
    with SeaweedFS(tmp_path_factory.mktemp("object_store")) as server:
        yield server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A file system of its own in `tmp_path`, where root may mount one."""
    disk = SmallDisk(tmp_path / "disk")
    if not disk.mount("rw"):
        pytest.skip("no file system may be mounted here")
    yield disk
    disk.unmount()
