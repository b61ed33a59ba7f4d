"""What clients ask for."""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from app.database.group_commit import GroupCommit
from app.database.models import (
    UNFINISHED,
    Download,
    Image,
    Job,
    Status,
    microseconds_in,
    new_number,
    now,
    stamp,
)
from app.database.sqlite import db
from app.errors import Cancelled, NotFailed, NotFound
from app.jobs import tally
from app.jobs.deliveries import announce
from app.jobs.lists import ImageRow, dashed
from app.urls import site_of

AnyJob = TypeVar("AnyJob", bound=Job)

_group = GroupCommit()


def add_download(**values: Any) -> Download:
    """Accept a page's download; it is on disk when this returns."""
    return add_downloads([values])[0]


def add_downloads(asked: Iterable[dict[str, Any]]) -> list[Download]:
    """Accept downloads, all or none; they are on disk when this returns."""
    return _group.commit(lambda: [Download.create(**stamp(), **values) for values in asked])


def add_image(source_url: str, callback_url: str | None = None) -> Image:
    """Accept one image; it is on disk when this returns."""
    [added] = add_images([source_url], callback_url)
    return get(Image, UUID(added.id))


def add_images(source_urls: Iterable[str], callback_url: str | None = None) -> list[ImageRow]:
    """Accept images, all or none; they are on disk when this returns."""
    rows, told = [], []
    status = Status.QUEUED.value  # sqlite3 takes longer over an enum
    for url in source_urls:
        number = new_number()
        digits, added_at = f"{number:032x}", microseconds_in(number)
        rows.append((digits, status, added_at, 0, 0, url, site_of(url), callback_url))
        told.append(ImageRow(dashed(digits), None, status, url, added_at))

    def write() -> list[ImageRow]:
        db.execute_many(_insert_image(), rows)
        return told

    return _group.commit(write)


@cache
def _insert_image() -> str:
    """Have peewee write an INSERT, once: to write it anew costs more than to run it."""
    asked = "id", "status", "added_at", "attempts", "crashes", "source_url", "site", "callback_url"
    statement: str = Image.insert(dict.fromkeys(asked)).sql()[0]
    return statement


def get(kind: type[AnyJob], job_id: UUID) -> AnyJob:
    """Return the job.

    Raises:
        NotFound: there is none of that id.

    """
    key = kind.id.db_value(job_id)  # type: ignore[no-untyped-call]
    job: AnyJob | None = next(iter(kind.raw(_select(kind), key)), None)
    if job is None:
        raise NotFound(f"there is no {kind.__name__.lower()} {job_id}")
    return job


@cache
def _select(kind: type[Job]) -> str:
    """Have peewee write a SELECT, once: to write it anew costs more than all else here."""
    statement: str = kind.select().where(kind.id == UUID(int=0)).sql()[0]
    return statement


def retry(job: AnyJob) -> AnyJob:
    """Ask again for what failed, as a new job: no state leaves a final one.

    Raises:
        NotFailed: it is in another state.

    """
    if job.status != Status.FAILED:
        raise NotFailed(f"it is {job.status}; only a failed job can be tried again")
    return type(job).create(**stamp(), **{name: getattr(job, name) for name in job.ASKED})


def repeat(download: Download, **changes: Any) -> Download:
    """Ask once more for a page's pictures, whatever became of them; in earnest after a dry run."""
    asked = {name: getattr(download, name) for name in download.ASKED}
    return add_download(**{**asked, "dry_run": False, **changes})


def withdraw(job: AnyJob) -> AnyJob:
    """Cancel a job that has not ended, remove one that has; return it as it was in the end.

    Raises:
        NotFound: it has gone meanwhile.

    """
    kind = type(job)
    with db.atomic():
        job = get(kind, job.id)
        if isinstance(job, Download):
            _ = job.pictures  # kept with the object, for those who free the files
            Image.delete().where(Image.download == job.id).execute()
        end: dict[str, Any] = {
            "status": Status.CANCELLED,
            "claimed_by": None,
            "finished_at": now(),
            "error_code": Cancelled.code,
            "error_detail": "cancelled on request",
        }
        if job.status in UNFINISHED:
            kind.update(**end).where(kind.id == job.id).execute()
            for name, value in end.items():
                setattr(job, name, value)
            announce(job)
            tally.count(job)
        else:
            kind.delete().where(kind.id == job.id).execute()
    return job


def cancel(job: AnyJob) -> AnyJob | None:
    """Cancel a job that has not ended; return it as it was in the end, None if it had one already.

    Raises:
        NotFound: it has gone meanwhile.

    """
    with db.atomic():  # so that it does not end meanwhile
        unfinished = get(type(job), job.id).status in UNFINISHED
        return withdraw(job) if unfinished else None
