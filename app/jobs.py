"""Every change of a job's state, each one transaction, and the questions asked of jobs.

A claim raises the attempt number, and every later change of that job names it: whoever lost the
claim (to a cancel, or to a process that took the job over) changes nothing any more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from peewee import SQL, Expression, chunked, fn

from app.errors import Cancelled, Failure, GaveUp, NotFound
from app.models import QUEUED_ALONE, Download, Image, Job, Status, db, now

KINDS: tuple[type[Download], type[Image]] = (Download, Image)
AnyJob = TypeVar("AnyJob", bound=Job)


class LostClaim(Exception):
    """The job is no longer ours to change."""


@dataclass(frozen=True)
class Found:
    """A picture that a page shows: its URLs, best first, or why it is skipped."""

    urls: Sequence[str]
    found_in: str
    alt: str = ""
    skipped: Failure | None = None


# Asked by the API.


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
    query = kind.select().order_by(kind.id.desc()).limit(limit)
    if before:
        query = query.where(kind.id < before)
    if equal:
        query = query.filter(**equal)
    return list(query)


# Changed by the work.


def claim(kind: type[AnyJob], owner: str) -> AnyJob | None:
    """Take the oldest queued job of its kind for a process, if there is one."""
    oldest = kind.select(kind.id).where(_waiting(kind)).order_by(kind.id).limit(1)
    claimed = (
        kind.update(
            status=Status.RUNNING, attempts=kind.attempts + 1, owner=owner, started_at=now()
        )
        .where(kind.id == oldest)
        .returning(kind)
    )
    return next(iter(claimed.execute()), None)


def any_waiting() -> bool:
    """Tell whether some job could be claimed."""
    return any(kind.select().where(_waiting(kind)).exists() for kind in KINDS)


def add_found(download: Download, found: int, pictures: Iterable[Found]) -> None:
    """Record the pictures of a page in page order; `found` is how many it has in all."""
    positions = count(1)
    rows = [
        {
            "download": download,
            "position": None if picture.skipped else next(positions),
            "source_url": picture.urls[0],
            "other_urls": picture.urls[1:] or None,
            "found_in": picture.found_in,
            "alt": picture.alt,
            "status": Status.CANCELLED if picture.skipped else Status.QUEUED,
            "error_code": picture.skipped and picture.skipped.code,
            "error_detail": picture.skipped and picture.skipped.detail,
        }
        for picture in pictures
    ]
    with db.atomic():
        _change(download, found=found)
        for part in chunked(rows, 500):
            Image.insert_many(part).execute()


def start_image(image: Image, download: Download) -> None:
    """Begin with one image of a download, if that is still ours."""
    started = Image.update(
        status=Status.RUNNING, attempts=Image.attempts + 1, started_at=now()
    ).where(
        Image.id == image.id,
        Image.status == Status.QUEUED,
        fn.EXISTS(Download.select().where(_present(download))),
    )
    if not started.execute():
        raise LostClaim
    image.status, image.attempts = Status.RUNNING, image.attempts + 1


def finish(job: Job, **values: Any) -> None:
    """End a job with what it made."""
    _end(job, Status.FINISHED, **values)


def fail(job: Job, failure: Failure, **values: Any) -> None:
    """End a job with a reason."""
    _end(job, Status.FAILED, error_code=failure.code, error_detail=failure.detail, **values)


def hand_back(job: Job, **values: Any) -> None:
    """Queue a job again that could not be brought to its end here."""
    with db.atomic():
        _change(job, status=Status.QUEUED, owner=None, **values)
        _change_images(job, [Status.RUNNING], status=Status.QUEUED)


def recover(lives: Callable[[str], bool], crashes_allowed: int) -> int:
    """Hand back the jobs of dead processes, or fail those that died too often; return how many."""
    owned = [job for kind in KINDS for job in kind.select().where(kind.owner.is_null(False))]
    dead = [job for job in owned if job.owner and not lives(job.owner)]
    for job in dead:
        crashes = job.crashes + 1
        try:
            if crashes < crashes_allowed:
                hand_back(job, crashes=crashes)
            else:
                fail(job, GaveUp(f"its process died {crashes} times"), crashes=crashes)
        except LostClaim:  # a sibling recovered it first
            continue
    return len(dead)


def _waiting(kind: type[Job]) -> SQL | Expression:
    return QUEUED_ALONE if kind is Image else kind.status == Status.QUEUED


def _present(job: Job) -> Expression:
    """Match the row of a job while this attempt is the present one."""
    kind = type(job)
    return (kind.id == job.id) & (kind.status == Status.RUNNING) & (kind.attempts == job.attempts)


def _change(job: Job, **values: Any) -> None:
    """Change the row of a running job and the object at hand."""
    if not type(job).update(**values).where(_present(job)).execute():
        raise LostClaim
    for name, value in values.items():
        setattr(job, name, value)


def _change_images(job: Job, statuses: Sequence[Status], **values: Any) -> None:
    """Change the images in some of the states, where the job is a download."""
    if isinstance(job, Download):
        Image.update(**values).where(Image.download == job, Image.status.in_(statuses)).execute()


def _end(job: Job, status: Status, **values: Any) -> None:
    with db.atomic():
        _change(job, status=status, owner=None, finished_at=now(), **values)
        _change_images(
            job,
            [Status.QUEUED, Status.RUNNING],
            status=Status.CANCELLED,
            finished_at=job.finished_at,
            error_code=Cancelled.code,
            error_detail="not needed: the download ended before its turn",
        )
