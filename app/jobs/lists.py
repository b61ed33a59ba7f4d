"""Lists of jobs, newest first, by any combination of filters, each page along an index.

A page starts where a key leads, and what it costs does not depend on how many rows there are. An
index that goes through one state after another is walked in all states at once, merged by id.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from peewee import JSONField

from app.database.models import Download, Image, Job, Status, failure_of, first_id
from app.database.sqlite import db
from app.errors import Failure
from app.urls import site_of

AnyJob = TypeVar("AnyJob", bound=Job)

# The filters that an index starts with, the narrowest first. A download has no more images than
# it may try, so whatever else is asked of those is looked up row by row.
INDEXES = (("download_id",), ("source_url", "status"), ("site", "status"), ("status",))
END = UUID(int=(1 << 128) - 1)


class DownloadRow(NamedTuple):
    """What a list tells of a download; times are microseconds since 1970."""

    id: str
    status: str
    url: str
    added_at: int
    started_at: int | None
    finished_at: int | None
    attempts: int
    error_code: str | None
    error_detail: str | None

    @property
    def failure(self) -> Failure | None:
        """The named reason why the job did not finish."""
        return failure_of(self.error_code, self.error_detail)


class ImageRow(NamedTuple):
    """What a list tells of an image; times are microseconds since 1970."""

    id: str
    download_id: str | None
    status: str
    source_url: str
    added_at: int
    finished_at: int | None = None
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    error_code: str | None = None
    error_detail: str | None = None

    @property
    def failure(self) -> Failure | None:
        """The named reason why the job did not finish."""
        return failure_of(self.error_code, self.error_detail)


def rows(
    kind: type[Job], limit: int, before: UUID | None = None, **where: Any
) -> Sequence[DownloadRow | ImageRow]:
    """Return what is told of the jobs of such a page."""
    if kind is Download:
        found = _find(kind, DownloadRow._fields, limit, before, **where)
        return [DownloadRow(dashed(job_id), *rest) for job_id, *rest in found]
    return [_image_row(*one) for one in _find(kind, ImageRow._fields, limit, before, **where)]


def page(
    kind: type[AnyJob], limit: int, before: UUID | None = None, **where: Any
) -> Sequence[AnyJob]:
    """Return up to `limit` jobs, newest first: those of equal fields, and within these bounds.

    before          older than the job of this id
    added_after     added at this moment or later
    added_before    added earlier than this moment
    """
    ids = [UUID(job_id) for (job_id,) in _find(kind, ("id",), limit, before, **where)]
    # What only the work needs may be large, and is left out.
    fields = [one for one in kind._meta.sorted_fields if not isinstance(one, JSONField)]
    return list(kind.select(*fields).where(kind.id.in_(ids)).order_by(kind.id.desc()))


def _find(
    kind: type[Job],
    columns: tuple[str, ...],
    limit: int,
    before: UUID | None,
    *,
    added_after: datetime | None = None,
    added_before: datetime | None = None,
    **equal: Any,
) -> Any:
    first = first_id(added_after) if added_after else UUID(int=0)
    last = min(before or END, first_id(added_before) if added_before else END)
    if {"site", "source_url"} <= equal.keys() and site_of(equal["source_url"]) != equal["site"]:
        return ()
    parameters = {"first": first.hex, "last": last.hex, "limit": limit}
    for name, value in equal.items():
        parameters[name] = value.hex if isinstance(value, UUID) else value
    return db.execute_sql(_statement(kind, columns, tuple(equal)), parameters)  # type: ignore[no-untyped-call]


@cache
def _statement(kind: type[Job], columns: tuple[str, ...], names: tuple[str, ...]) -> str:
    """Write the SELECT; which index serves it is said, not left to a guess."""
    table = kind._meta.table_name
    lead: tuple[str, ...] = next((index for index in INDEXES if index[0] in names), ())
    index = f"INDEXED BY {'_'.join((table, *lead, 'id'))}" if lead else ""
    conditions = [*(f"{name} = :{name}" for name in names), "id >= :first", "id < :last"]
    select = f"SELECT {', '.join(columns)} FROM {table} {index}"  # noqa: S608
    select += f" WHERE {' AND '.join(conditions)}"
    if "status" in lead and "status" not in names:
        select = " UNION ALL ".join(f"{select} AND status = '{status}'" for status in Status)
    return f"{select} ORDER BY id DESC LIMIT :limit"


def _image_row(image_id: str, download_id: str | None, *rest: Any) -> ImageRow:
    return ImageRow(dashed(image_id), download_id and dashed(download_id), *rest)


def dashed(digits: str) -> str:
    """Write the digits of a UUID as RFC 9562 has them; `str(UUID(…))` takes four times as long."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def ended_before(kind: type[AnyJob], moment: datetime, limit: int) -> Sequence[AnyJob]:
    """Return up to `limit` jobs that ended before a moment; of images, those that stand alone."""
    ended = kind.select().where(
        kind.status.in_([Status.FINISHED, Status.FAILED, Status.CANCELLED]),
        kind.id < first_id(moment),
        kind.finished_at < moment,
    )
    if kind is Image:
        ended = ended.where(Image.download.is_null())
    return list(ended.order_by(kind.id).limit(limit))
