"""The stored files of jobs: their keys, and as what clients get them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.database.models import Download, Image
from app.pictures import filenames
from app.pictures.formats import BY_CONTENT_TYPE
from app.storage import Storage, archive_key, image_key, no_thumbnail_key, thumbnail_key


class File(NamedTuple):
    """What a finished job was for: the file's key, its type, and its name for clients."""

    key: str
    content_type: str
    name: str


def file_of(job: Download | Image) -> File:
    """Return the archive of a finished download, or the copy of a finished image."""
    if isinstance(job, Download):
        name = filenames.archive_name(job.url, job.added_at, job.title)
        return File(archive_key(job.id, job.attempts), "application/zip", name)
    known = BY_CONTENT_TYPE[str(job.content_type)]
    name = filenames.image_name(job.source_url, known.extension)
    return File(image_key(job.id, job.attempts), known.content_type, name)


def keys_of(job: Download | Image) -> Iterator[str]:
    """Yield the keys of a job's own files, as far as it has any: what it is for comes first."""
    image_keys = image_key, thumbnail_key, no_thumbnail_key
    for key in image_keys if isinstance(job, Image) else (archive_key,):
        yield key(job.id, job.attempts)


def remove_files(jobs: Iterable[Download | Image], storage: Storage) -> None:
    """Remove the stored files of jobs."""
    for job in jobs:
        for key in keys_of(job):
            storage.remove(key)
