"""One image: the first of its addresses that can be fetched, as a part that waits to be stored."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from app.database.models import Download, Image
from app.errors import DeadlineExceeded, Failure, StorageFailure, Unwanted
from app.fetch import Fetcher, ImageFacts
from app.storage import Part, Storage, image_key
from app.urls import Url
from app.worker.selection import tried


class Fetched(NamedTuple):
    """An image that has come: from where, what it is, and its bytes."""

    url: str
    facts: ImageFacts
    part: Part


def fetch_image(
    image: Image,
    fetcher: Fetcher,
    storage: Storage,
    referer: Url | None = None,
    check: Callable[[ImageFacts], None] = lambda facts: None,
) -> Fetched:
    """Fetch the first of the image's addresses that works and passes a check.

    Raises:
        Failure: why the first of them did not work.
        StorageFailure: it cannot be written.
    """
    key = new_key(image_key, image, storage)
    failures = []
    for url in tried(image.candidates):
        try:
            with storage.new_part(key) as part:
                facts = fetcher.image(Url.lenient(url), part.file, referer)
                check(facts)
        except (StorageFailure, Unwanted, DeadlineExceeded):  # another size is no way out
            raise
        except Failure as failure:
            failures.append(failure)
        else:
            return Fetched(url, facts, part)
    raise failures[0]


def new_key(key_of: Callable[[UUID, int], str], job: Download | Image, storage: Storage) -> str:
    """Return the key that this attempt writes to; what a dead one may have left is removed."""
    for earlier in range(1, job.attempts):
        storage.remove(key_of(job.id, earlier))
    return key_of(job.id, job.attempts)
