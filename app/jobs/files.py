"""The stored files of jobs."""

from collections.abc import Iterator

from app.database.models import Download, Image
from app.storage import archive_key, image_key, no_thumbnail_key, thumbnail_key


def keys_of(job: Download | Image) -> Iterator[str]:
    """Yield the keys of a job's own files, as far as it has any: what it is for comes first."""
    image_keys = image_key, thumbnail_key, no_thumbnail_key
    for key in image_keys if isinstance(job, Image) else (archive_key,):
        yield key(job.id, job.attempts)
