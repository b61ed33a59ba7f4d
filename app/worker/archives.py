"""Zips of stored pictures: how these are taken over, and the manifest."""

import json

from app.database.models import Download, Image
from app.errors import Gone
from app.fetch import ImageFacts
from app.pictures.picture import Picture
from app.storage import Storage, image_key
from app.worker.images import Fetched, new_key


def picture_of(image: Image) -> Picture:
    """Return what a stored picture is to another download."""
    return Picture(tuple(image.candidates), image.found_in or "", image.alt or "")


def link_image(image: Image, source: Image | None, storage: Storage) -> Fetched:
    """Take an image from what is stored of another.

    Raises:
        Gone: that has been removed.
        StorageFailure: it cannot be written.
    """
    if source is None:
        raise removed(image.position or 0)
    try:
        key = new_key(image_key, image, storage)
        part = storage.link(image_key(source.id, source.attempts), key)
    except Gone as gone:
        raise removed(image.position or 0) from gone
    facts = {name: getattr(source, name) for name in ImageFacts._fields}
    return Fetched(source.source_url, ImageFacts(**facts), part)


def removed(position: int) -> Gone:
    """Return the reason why an archive is not made: a picture of it has been removed."""
    return Gone(f"picture {position} was removed before the zip was made")


def manifest(download: Download) -> bytes:
    """Return what the status document says of the page and its pictures."""
    from app.jobs.documents import StatusDocument  # few ask for it

    document = StatusDocument(only=("download_id", "url", "added_at", "images")).dump(download)
    return json.dumps(document, indent=2, ensure_ascii=False).encode()
