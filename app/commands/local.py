"""Jobs done by this process, under the paths of the API, on a storage that lasts as long."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from peewee import PeeweeException

from app import jobs
from app.addresses import judge_host
from app.commands.problem import Problem
from app.database import sqlite
from app.database.connection import db
from app.database.models import TABLES, UNFINISHED, Download, Image
from app.errors import Failure
from app.jobs import cleanup
from app.jobs.documents import ImageDocument, StatusDocument
from app.jobs.files import file_of
from app.render.trial import verify
from app.setting_values import MiB
from app.settings import load
from app.storage import FolderStorage
from app.urls import Url
from app.worker.pool import PoolEngine

DEFAULT_LIMIT = 50
AT_ONCE = 6  # as in browsers
LOOK_SECONDS = 0.02  # between two looks at a job
SHOW_SECONDS = 0.1  # between two of its documents


class LocalClient:
    """Has jobs done by an engine of this process; all it does raises `Problem`."""

    def __init__(self, engine: PoolEngine) -> None:
        self._engine = engine
        self._storage = engine.storage
        self._browser_works = False

    @contextmanager
    def job(self, path: str, **options: Any) -> Iterator[str]:
        """Have something done, and yield the path of the job; it goes afterwards."""
        with _translated():
            job = self._add(path, options)
            self._engine.submit()
        yield f"{path}/{job.id}"
        with _translated():
            cleanup.remove(job, self._storage)

    def _add(self, path: str, options: dict[str, Any]) -> Download | Image:
        settings = self._engine.settings
        judge_host(Url.parse(options["url"]).host, settings.allow_networks)
        if path == "/images":
            return jobs.add_image(options["url"])
        options.setdefault("at_once", AT_ONCE)
        limit = options.setdefault("limit", min(DEFAULT_LIMIT, settings.max_images))
        if options.get("render"):
            self._check_browser()
        if limit > settings.max_images:
            wrong = f"Must be at most {settings.max_images}, by DOWNLOADER_MAX_IMAGES."
            raise Problem({"errors": {"limit": wrong}})
        return jobs.add_download(**options)

    def _check_browser(self) -> None:
        """Try the browser, once."""
        settings = self._engine.settings
        if not settings.browser:
            raise Problem({"errors": {"render": "There is no browser: set DOWNLOADER_BROWSER."}})
        if not self._browser_works:
            verify(settings)
            self._browser_works = True

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the document of a job, again and again until it has ended."""
        shown = -inf
        while True:
            with _translated():
                job = _job(path)
                ended = job.status not in UNFINISHED
                due = ended or time.monotonic() - shown >= SHOW_SECONDS
                document = due and _document(job)
            if document:
                shown = time.monotonic()
                yield document
            if ended:
                return
            time.sleep(LOOK_SECONDS)

    @contextmanager
    def file(self, path: str) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield the name of a file and its bytes, piece by piece."""
        key, _, name = file_of(_job(path))
        with _translated():
            file = self._storage.open(key)
        with file:
            yield name, iter(partial(file.read, MiB), b"")


def _job(path: str) -> Download | Image:
    """Return the job that `/download/<id>…` or `/images/<id>…` speaks of."""
    _, kind, job_id, *_ = path.split("/")
    if kind == "download":
        return jobs.get(Download, UUID(job_id))
    return jobs.get(Image, UUID(job_id))


def _document(job: Download | Image) -> dict[str, Any]:
    schema = StatusDocument() if isinstance(job, Download) else ImageDocument()
    document: dict[str, Any] = schema.dump(job)
    return document


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except Failure as failure:
        raise Problem({"type": failure.type, "detail": failure.detail}) from failure
    except PeeweeException as error:
        raise Problem({"detail": str(error)}) from error


@contextmanager
def in_process() -> Iterator[LocalClient]:
    """Yield a client of an engine in this process, and remove all traces of it afterwards.

    Raises:
        ConfigurationError: a setting is not valid.
    """
    with TemporaryDirectory(prefix="image-downloader-") as folder:
        # Settings that concern a service and its clients are left out.
        settings = replace(
            load(),
            storage_dir=Path(folder),
            database_url="",
            queue_url="",
            storage_url="",
            job_threads=1,
            images_at_once=16,
            keep_days=0,
            min_free_bytes=0,  # nobody would see the jobs wait
        )
        storage = FolderStorage(settings.storage_dir, durable=False)
        storage.prepare()
        sqlite.use(storage.database, durable=False)  # nothing here survives a crash
        with db.usable(), db.atomic():
            db.create_tables(TABLES)  # migrations are for what an earlier release has stored
        engine = PoolEngine(settings, storage)
        try:
            yield LocalClient(engine)
        finally:
            engine.stop()
            db.close()
