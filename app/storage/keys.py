"""The keys of what is stored: its kind, whose it is, and which attempt made it.

    images/7f/<id>.<attempt>            one image; 7f are the last two digits of its id
    archives/7f/<id>.<attempt>.zip      the zip of a download
    thumbnails/7f/<id>.<attempt>.webp   or .none: the reason why there is no thumbnail

The attempt keeps a late finisher, whose job was given to another, off the file that the row
speaks of.
"""

import re
from typing import NamedTuple
from uuid import UUID

_OURS = re.compile(r"[a-z]+/[0-9a-f]{2}/([0-9a-f]{32})\.([0-9]+)(?:\.|$)")


class Entry(NamedTuple):
    """Something stored: its key, the id of its job, and the attempt that made it."""

    key: str
    job_id: UUID
    attempt: int


def image_key(image_id: UUID, attempt: int) -> str:
    """Return the key of the copy that an attempt makes."""
    return f"images/{_name(image_id, attempt)}"


def archive_key(download_id: UUID, attempt: int) -> str:
    """Return the key of the archive that an attempt makes."""
    return f"archives/{_name(download_id, attempt)}.zip"


def thumbnail_key(image_id: UUID, attempt: int) -> str:
    """Return the key of the thumbnail of what an attempt stored."""
    return f"thumbnails/{_name(image_id, attempt)}.webp"


def no_thumbnail_key(image_id: UUID, attempt: int) -> str:
    """Return the key of the sentence that says why there is no thumbnail."""
    return f"thumbnails/{_name(image_id, attempt)}.none"


def entry_of(key: str) -> Entry | None:
    """Read a key; None if it is not one of ours."""
    ours = _OURS.match(key)
    return Entry(key, UUID(ours[1]), int(ours[2])) if ours else None


def _name(job_id: UUID, attempt: int) -> str:
    digits = job_id.hex
    return f"{digits[-2:]}/{digits}.{attempt}"
