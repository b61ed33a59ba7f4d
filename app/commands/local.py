"""Jobs done by this process, under the paths of the API, on a storage that lasts as long."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from peewee import PeeweeException

from app import jobs
from app.commands.problem import Problem
from app.database import sqlite
from app.database.connection import db
from app.database.models import TABLES, Download, Image, Job, JobKind, Status
from app.errors import BOOKMARKLET, Failure
from app.jobs import cleanup
from app.jobs.files import file_of
from app.jobs.progress import Outcome
from app.setting_values import MiB
from app.settings import load
from app.storage import FolderStorage
from app.urls import judge_url
from app.worker.pool import PoolEngine

DEFAULT_LIMIT = 50
AT_ONCE = 6  # as in browsers
SHOW_SECONDS = 0.1  # between two looks at a job


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
            job = self._add(options)
            self._engine.submit()
        yield f"{path}/{job.id}"
        with _translated():
            cleanup.remove(job, self._storage)

    def _add(self, options: dict[str, Any]) -> Download:
        settings = self._engine.settings
        judge_url(options["url"], settings.allow_networks)
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
            from app.render.trial import verify  # few pages are rendered

            verify(settings)
            self._browser_works = True

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield how far a job is, again and again, and its document when it has ended."""
        while True:
            free = self._engine.wait_for_seat(SHOW_SECONDS)
            with _translated():
                standing = jobs.standings(Download, [_id(path)])[_id(path)]
                ended = standing.is_final and status_document(jobs.get(Download, _id(path)))
            if ended:
                yield ended
                return
            yield {"progress": _progress(standing)}
            if free:  # until the pause is over that a host has asked for
                time.sleep(SHOW_SECONDS)

    @contextmanager
    def file(self, path: str) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield the name of a file and its bytes, piece by piece."""
        kind: JobKind = Download if path.startswith("/download/") else Image
        key, _, name = file_of(jobs.get(kind, _id(path)))
        with _translated():
            file = self._storage.open(key)
        with file:
            yield name, iter(partial(file.read, MiB), b"")


def _id(path: str) -> UUID:
    """Return the id in `/download/<id>…` or `/images/<id>…`."""
    return UUID(path.split("/")[2])


def status_document(download: Download) -> dict[str, Any]:
    """Return what the command reads of the API's document; the whole takes longer to import."""
    outcome = Outcome(download)
    return {
        "status": download.status,
        "error": _error(download),
        "rendered": download.rendered,
        "render_detail": download.render_detail and _advice(download.render_detail),
        "progress": _progress(outcome.progress),
        "images": [_picture(image) for image in outcome.pictures],
    }


def _progress(standing: jobs.Standing) -> dict[str, int]:
    names = "found", "done", "failed", "total"
    return {name: getattr(standing, name) for name in names}


def _picture(image: Image) -> dict[str, Any]:
    stored = image.status == Status.FINISHED
    return {
        "status": image.status,
        "error": _error(image),
        "source_url": image.source_url,
        "image_url": f"/images/{image.id}/content" if stored else None,
        "position": image.position,
        "found_in": image.found_in,
        "file": image.file,
    }


def _error(job: Job) -> dict[str, str] | None:
    failure = job.failure
    return {"type": failure.type, "detail": _advice(failure.detail)} if failure else None


def _advice(detail: str) -> str:
    """Say where the bookmarklet is, for there is no service here."""
    return detail.replace(BOOKMARKLET, f"{BOOKMARKLET} of `image-downloader serve`")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (Failure, PeeweeException) as error:
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
        engine = PoolEngine(settings, storage, is_new=True)
        try:
            yield LocalClient(engine)
        finally:
            engine.stop()
            db.close()
