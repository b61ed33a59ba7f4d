"""The pictures of downloads: those of one, those that are stored, and where they come from."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from peewee import fn

from app.database.models import Download, Image, Status
from app.database.statements import parameter, prepared
from app.jobs.lists import END


def pictures_of(download: Download) -> list[Image]:
    """Return the pictures of a download in page order."""
    return _pictures().rows(download=download.id)


def stored_pictures(ids: Collection[UUID]) -> dict[UUID, Image]:
    """Return by id those of these images that are stored, as pictures of downloads."""
    of_downloads = Image.status == Status.FINISHED, Image.download.is_null(False)
    return {image.id: image for image in Image.select().where(Image.id.in_(ids), *of_downloads)}


def pages_of(images: Iterable[Image | None]) -> dict[int, Download]:
    """Return the downloads that images are pictures of, by the places of the images from 1."""
    of = {place: image.download_id for place, image in enumerate(images, 1) if image}
    downloads = {one.id: one for one in Download.select().where(Download.id.in_(set(of.values())))}
    return {place: downloads[page] for place, page in of.items() if page in downloads}


def ended_pictures(download_id: UUID, after: UUID | None) -> list[Image]:
    """Return the pictures of a download after one, in page order, up to the first to be taken.

    They are taken in that order, so none that ends later stands before one returned.
    """
    ours = Image.download == download_id
    queued = Image.select(Image.id).where(ours, Image.status == Status.QUEUED)
    next_one = queued.order_by(Image.id).limit(1)
    query = Image.select().where(ours, Image.id < fn.COALESCE(next_one, Image.id.to_value(END)))
    return list((query.where(Image.id > after) if after else query).order_by(Image.id))


@prepared
def _pictures() -> Any:
    ours = Image.download == parameter("download", Image.download)
    return Image.select().where(ours).order_by(Image.id)
