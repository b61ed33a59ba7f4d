"""Lists of jobs, newest first, by any combination of filters, each page along an index.

A page starts where a key leads, and what it costs does not depend on how many rows there are. An
index that goes through one state after another is walked in all states at once, merged by id.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import add, or_
from typing import Any
from uuid import UUID

from peewee import SQL, JSONField

from app.database.connection import db
from app.database.ids import first_id
from app.database.models import UNFINISHED, AnyJob, Download, Image, Job, Status
from app.database.statements import ByIndex, parameter, prepared
from app.urls import site_of

# The filters that an index starts with, the narrowest first. A download has no more images than
# it may try, so whatever else is asked of those is looked up row by row.
INDEXES = (("download_id",), ("source_url", "status"), ("site", "status"), ("status",))
END = UUID(int=(1 << 128) - 1)


def page(
    kind: type[AnyJob],
    limit: int,
    before: UUID | None = None,
    *,
    added_after: datetime | None = None,
    added_before: datetime | None = None,
    **equal: Any,
) -> list[AnyJob]:
    """Return up to `limit` jobs, newest first: those of equal fields, and within these bounds.

    before          older than the job of this id
    added_after     added at this moment or later
    added_before    added earlier than this moment
    """
    first, last = _bounds(before, added_after, added_before)
    if {"site", "source_url"} <= equal.keys() and site_of(equal["source_url"]) != equal["site"]:
        return []
    return _page(kind, tuple(equal)).rows(first=first, last=last, limit=limit, **equal)


def _bounds(
    before: UUID | None, added_after: datetime | None, added_before: datetime | None
) -> tuple[UUID, UUID]:
    """Return the first id that counts, and the one behind the last."""
    first = first_id(added_after) if added_after else UUID(int=0)
    return first, min(before or END, first_id(added_before) if added_before else END)


def search(
    text: str,
    limit: int,
    before: UUID | None = None,
    *,
    added_after: datetime | None = None,
    added_before: datetime | None = None,
    **equal: Any,
) -> list[Download]:
    """Return up to `limit` downloads like `page`, with a text in their title or address.

    No index helps: it reads on until it has found as many.
    """
    cases = {text, text.lower(), text.upper(), text.capitalize()}  # LIKE folds ASCII alone
    fields = Download.title, Download.url
    matches = reduce(or_, (field.contains(case) for field in fields for case in cases))
    equals = [getattr(Download, name) == value for name, value in equal.items()]
    first, last = _bounds(before, added_after, added_before)
    within = Download.id >= first, Download.id < last
    query = Download.select().where(matches, *within, *equals)
    return list(query.order_by(Download.id.desc()).limit(limit))


@prepared
def _page(kind: type[Job], names: tuple[str, ...]) -> Any:
    """Write the SELECT; which index serves it is said, not left to a guess."""
    columns = kind._meta.columns
    # What only the work needs may be large, and is left out.
    fields = [field for field in columns.values() if not isinstance(field, JSONField)]
    lead: tuple[str, ...] = next((index for index in INDEXES if index[0] in names), ())
    query = kind.select(*fields).where(
        *(columns[name] == parameter(name, columns[name]) for name in names),
        kind.id >= parameter("first", kind.id),
        kind.id < parameter("last", kind.id),
    )
    if lead:
        query = query.from_(ByIndex(kind, [*lead, "id"]))
    if "status" in lead and "status" not in names and db.merges:
        query = reduce(add, (query.where(kind.status == status) for status in Status))
    return query.order_by(SQL("id").desc()).limit(parameter("limit"))


def ended_before(kind: type[AnyJob], moment: datetime, limit: int) -> Sequence[AnyJob]:
    """Return up to `limit` jobs that ended before a moment; of images, those that stand alone.

    A download is left out while an archive waits to be made that has pictures of it.
    """
    ended = kind.select().where(
        kind.status.in_([Status.FINISHED, Status.FAILED, Status.CANCELLED]),
        kind.id < first_id(moment),
        kind.finished_at < moment,
    )
    if kind is Image:
        ended = ended.where(Image.download.is_null())
    needed = _needed() if kind is Download else set()
    oldest = ended.order_by(kind.id).limit(limit + len(needed))
    return [job for job in oldest if job.id not in needed][:limit]


def _needed() -> set[UUID | None]:
    """Return the downloads whose pictures archives wait for."""
    archives = Download.select(Download.image_ids).where(
        Download.source_id.is_null(False), Download.status.in_(UNFINISHED)
    )
    return {
        image.download_id
        for archive in archives
        for image in Image.select(Image.download)
        .where(Image.id.in_([UUID(image_id) for image_id in archive.image_ids]))
        .distinct()
    }
