"""What a zip has beside pictures, and what becomes of stored pictures in another one."""

import json

from app.database.models import Download, Image
from app.pictures.picture import Picture


def picture_of(image: Image) -> Picture:
    """Return what a stored picture is to another download."""
    return Picture(tuple(image.candidates), image.found_in or "", image.alt or "")


def manifest(download: Download) -> bytes:
    """Return what the status document says of the page and its pictures."""
    from app.jobs.documents import StatusDocument  # few ask for it

    document = StatusDocument(only=("download_id", "url", "added_at", "images")).dump(download)
    return json.dumps(document, indent=2, ensure_ascii=False).encode()
