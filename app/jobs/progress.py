"""Where jobs stand, in few words: what those who wait for them ask again and again."""

from collections import Counter
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from peewee import JOIN, fn

from app.database.models import UNFINISHED, Download, Image, JobKind, Status
from app.jobs.pictures import pictures_of


class Standing(NamedTuple):
    """A job's state; of a download also its counts of pictures, as in its progress."""

    status: str
    found: int = 0
    done: int = 0
    failed: int = 0
    limit: int = 0
    ended: int = 0  # pictures that have a state for good

    @property
    def total(self) -> int:
        """How many pictures are wanted at most."""
        return min(self.found, self.limit)

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.status not in UNFINISHED


def standings(kind: JobKind, ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Return where the jobs of these ids stand, as far as there are any."""
    if kind is Image:
        query: Any = Image.select(Image.id, Image.status)
    else:
        count = fn.COUNT(Image.id)
        query = Download.select(
            Download.id,
            Download.status,
            fn.COALESCE(Download.found, 0),
            count.filter(Image.status == Status.FINISHED),
            count.filter(Image.status == Status.FAILED),
            Download.limit,
            count.filter(Image.status != Status.QUEUED),
        ).join(Image, JOIN.LEFT_OUTER)
    rows = query.where(kind.id.in_(ids)).group_by(kind.id).tuples()
    return {job_id: Standing(*rest) for job_id, *rest in rows}


class Outcome:
    """A download with its pictures in page order, as they are at one moment."""

    def __init__(self, download: Download) -> None:
        self._download = download
        self.pictures = pictures_of(download)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._download, name)

    @property
    def progress(self) -> Standing:
        """How far it is."""
        counts = Counter(image.status for image in self.pictures)
        found, limit = self._download.found or 0, self._download.limit
        ended = len(self.pictures) - counts[Status.QUEUED]
        worked, failed = counts[Status.FINISHED], counts[Status.FAILED]
        return Standing(self._download.status, found, worked, failed, limit, ended)
