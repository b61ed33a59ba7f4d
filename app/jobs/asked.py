"""What clients ask of jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from peewee import JSONField

from app.database import db
from app.errors import Cancelled, NotFailed, NotFound
from app.models import UNFINISHED, Download, Image, Job, Status, first_id, now

AnyJob = TypeVar("AnyJob", bound=Job)


def add_download(**values: Any) -> Download:
    """Accept a page's download; it is on disk when this returns."""
    return Download.create(**values)


def add_image(source_url: str) -> Image:
    """Accept one image; it is on disk when this returns."""
    return Image.create(source_url=source_url)


def get(kind: type[AnyJob], job_id: UUID) -> AnyJob:
    """Return the job.

    Raises:
        NotFound: there is none of that id.

    """
    job = kind.get_or_none(kind.id == job_id)
    if job is None:
        raise NotFound(f"there is no {kind.__name__.lower()} {job_id}")
    return job


def page(
    kind: type[AnyJob], limit: int, before: UUID | None = None, **equal: Any
) -> Sequence[AnyJob]:
    """Return up to `limit` jobs, newest first, older than the job `before`, by equal fields."""
    # What only the work needs may be large, and is left out.
    fields = [one for one in kind._meta.sorted_fields if not isinstance(one, JSONField)]
    query = kind.select(*fields).order_by(kind.id.desc()).limit(limit)
    if before:
        query = query.where(kind.id < before)
    if equal:
        query = query.filter(**equal)
    return list(query)


def retry(job: AnyJob) -> AnyJob:
    """Ask again for what failed, as a new job: no state leaves a final one.

    Raises:
        NotFailed: it is in another state.

    """
    if job.status != Status.FAILED:
        raise NotFailed(f"it is {job.status}; only a failed job can be tried again")
    return type(job).create(**{name: getattr(job, name) for name in job.ASKED})


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
        cancelled = kind.update(
            status=Status.CANCELLED,
            owner=None,
            finished_at=now(),
            error_code=Cancelled.code,
            error_detail="cancelled on request",
        ).where(kind.id == job.id, kind.status.in_(UNFINISHED))
        if not cancelled.execute():
            kind.delete().where(kind.id == job.id).execute()
    return job


def ended_before(kind: type[AnyJob], moment: datetime, limit: int) -> Sequence[AnyJob]:
    """Return up to `limit` jobs, asked for by clients, that ended before a moment."""
    ended = kind.select().where(
        kind.status.in_([Status.FINISHED, Status.FAILED, Status.CANCELLED]),
        kind.id < first_id(moment),
        kind.finished_at < moment,
    )
    if kind is Image:
        ended = ended.where(Image.download.is_null())
    return list(ended.order_by(kind.id).limit(limit))
