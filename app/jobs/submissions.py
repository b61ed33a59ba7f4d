"""What clients ask for."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.database.connection import db
from app.database.group_commit import GroupCommit
from app.database.ids import now, stamp
from app.database.models import UNFINISHED, AnyJob, Download, Image, Job, Status
from app.database.statements import insert, parameter, prepared
from app.errors import Cancelled, NotFailed, NotFound
from app.jobs import counts, quotas
from app.jobs.deliveries import announce
from app.jobs.pictures import pictures_of
from app.urls import readable_host, site_of

_group = GroupCommit()
_EMPTY = dict.fromkeys(Download._meta.fields) | Download().__data__


def add_download(**values: Any) -> Download:
    """Accept a page's download; it is on disk when this returns."""
    return add_downloads([values])[0]


def add_downloads(asked: Iterable[dict[str, Any]]) -> list[Download]:
    """Accept downloads, all or none; they are on disk when this returns."""
    rows = [{**_EMPTY, "site": site_of(values["url"]), **values} for values in asked]
    return _group.commit(lambda: insert(Download, [row | stamp() for row in rows]))


def add_archive(source: Download, images: Iterable[Image], **values: Any) -> Download:
    """Accept a zip of stored pictures in the order given: of a download, and perhaps of others."""
    pages, ids = {source.id}, []
    for image in images:
        pages.add(image.download_id or source.id)
        ids.append(str(image.id))
    kept = {name: getattr(source, name) for name in ("url", "title", "pattern")}
    if others := len(pages) - 1:
        name = source.title or readable_host(source.url)
        kept["title"] = f"{name} and {others} other page{'s' if others > 1 else ''}"
    return add_download(**kept, source_id=source.id, limit=len(ids), image_ids=ids, **values)


def add_images(
    source_urls: Iterable[str], callback_url: str | None = None, client: str = ""
) -> list[Image]:
    """Accept images, all or none; they are on disk when this returns."""
    rows = [
        {
            **stamp(),
            "status": Status.QUEUED.value,  # sqlite3 takes longer over an enum
            "attempts": 0,
            "crashes": 0,
            "source_url": url,
            "site": site_of(url),
            "callback_url": callback_url,
            "client": client,
        }
        for url in source_urls
    ]
    return _group.commit(lambda: insert(Image, rows))


def get(kind: type[AnyJob], job_id: UUID, *, hold: bool = False) -> AnyJob:
    """Return the job; on `hold`, nobody else changes it until the transaction ends.

    Raises:
        NotFound: there is none of that id.
    """
    job: AnyJob | None = _select(kind, hold).first(id=job_id)
    if job is None:
        raise NotFound(f"there is no {kind.__name__.lower()} {job_id}")
    return job


@prepared
def _select(kind: type[Job], hold: bool) -> Any:
    query = kind.select().where(kind.id == parameter("id", kind.id))
    return db.for_change(query) if hold else query


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


def withdraw(job: Download | Image) -> list[Download | Image]:
    """Cancel a job that has not ended, remove one that has.

    Return it as it was in the end, and the pictures that went with it.

    Raises:
        NotFound: it has gone meanwhile.
    """
    kind = type(job)
    with db.atomic():
        job = get(kind, job.id, hold=True)
        pictures = pictures_of(job) if isinstance(job, Download) else []
        client, freed = quotas.bytes_of(job, pictures)
        unfinished = job.status in UNFINISHED
        if unfinished:
            _end_cancelled(job)
        if pictures:
            Image.delete().where(Image.download == job.id).execute()
        if not unfinished:
            kind.delete().where(kind.id == job.id).execute()
        quotas.add_bytes(client, -freed)
    return [job, *pictures]


def _end_cancelled(job: Download | Image) -> None:
    kind = type(job)
    end: dict[str, Any] = {
        "status": Status.CANCELLED,
        "claimed_by": None,
        "due_at": None,
        "waiting_for": None,
        "finished_at": now(),
        "error_code": Cancelled.code,
        "error_detail": "cancelled on request",
    }
    if isinstance(job, Download):
        end["archive_bytes"] = None
    kind.update(**end).where(kind.id == job.id).execute()
    for name, value in end.items():
        setattr(job, name, value)
    announce(job)
    counts.count(job)


def cancel(job: Download | Image) -> list[Download | Image]:
    """Cancel a job that has not ended; return what `withdraw` does, nothing if it had ended.

    Raises:
        NotFound: it has gone meanwhile.
    """
    with db.atomic():  # so that it does not end meanwhile
        unfinished = get(type(job), job.id, hold=True).status in UNFINISHED
        return withdraw(job) if unfinished else []
