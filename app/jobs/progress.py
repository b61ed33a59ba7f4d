"""Where jobs stand, in few words: what those who wait for them ask again and again."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from peewee import JOIN, fn

from app.database.models import UNFINISHED, Download, Image, JobKind, Status
from app.database.statements import parameter, prepared
from app.jobs.lists import END


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


def pictures_of(download: Download | UUID | None) -> list[Image]:
    """Return the pictures of a download in page order."""
    return _pictures().rows(download=getattr(download, "id", download))


def stored_pictures(ids: Collection[UUID]) -> dict[UUID, Image]:
    """Return by id those of these images that are stored, as pictures of downloads."""
    of_downloads = Image.status == Status.FINISHED, Image.download.is_null(False)
    return {image.id: image for image in Image.select().where(Image.id.in_(ids), *of_downloads)}


def pages_of(images: Iterable[Image | None]) -> dict[int, Download]:
    """Return the downloads that images are pictures of, by the places of the images from 1."""
    of = {place: image.download_id for place, image in enumerate(images, 1) if image}
    downloads = {one.id: one for one in Download.select().where(Download.id.in_(set(of.values())))}
    return {place: downloads[page] for place, page in of.items() if page in downloads}


@prepared
def _pictures() -> Any:
    ours = Image.download == parameter("download", Image.download)
    return Image.select().where(ours).order_by(Image.id)


def ended_pictures(download_id: UUID, after: UUID | None) -> list[Image]:
    """Return the pictures of a download after one, in page order, up to the first to be taken.

    They are taken in that order, so none that ends later stands before one returned.
    """
    ours = Image.download == download_id
    queued = Image.select(Image.id).where(ours, Image.status == Status.QUEUED)
    next_one = queued.order_by(Image.id).limit(1)
    query = Image.select().where(ours, Image.id < fn.COALESCE(next_one, Image.id.to_value(END)))
    return list((query.where(Image.id > after) if after else query).order_by(Image.id))
