"""The queue of thumbnails: those that clients look at now are made, the newest request first.

Clients take turns, so that nobody's hundred large pictures delay another's first.
"""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import takewhile
from queue import LifoQueue
from typing import NamedTuple
from uuid import UUID

from app.database.models import Image
from app.errors import Failure, Gone, Interrupted, NoThumbnail, Unexpected
from app.pictures import thumbnail
from app.pictures.formats import BY_CONTENT_TYPE
from app.pictures.thumbnail import Thumbnailer
from app.storage import Storage, image_key, no_thumbnail_key, thumbnail_key

log = logging.getLogger(__name__)

# Processes that decode: a picture that takes long does not hold up the others, where there is a
# second core.
CHILDREN = min(2, len(os.sched_getaffinity(0)))
THREADS = 2 * CHILDREN  # for a child need not wait while what it has made is stored
ROOM = 100  # thumbnails that may wait; the oldest of the client with most gives way
FORGET_SECONDS = 6.0  # after the last request: three times what `Retry-After` says
KNOWN = 10_000  # pictures whose thumbnail serves others with equal bytes


class Want(NamedTuple):
    """A wanted thumbnail: since when, and whose."""

    image: Image
    at: float
    client: str


class ThumbnailQueue:
    """The thumbnails that are wanted in this process; a restart forgets them without harm."""

    def __init__(
        self,
        storage: Storage,
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._stopping = stopping
        self._clock = clock
        self._wanted: dict[UUID, Want] = {}  # the newest request last
        self._last_client = ""
        self._running: set[str] = set()  # hashes
        self._made: dict[str, Image] = {}  # by hash: the last that got a thumbnail, or none
        self._failed: dict[UUID, Failure] = {}  # what another try may mend, until it is reported
        self._thumbnailers = [Thumbnailer() for _ in range(CHILDREN)]
        self._idle: LifoQueue[Thumbnailer] = LifoQueue()
        for thumbnailer in self._thumbnailers:
            self._idle.put(thumbnailer)
        self._lock = threading.Lock()

    def request(self, image: Image, client: str = "") -> bool:
        """Take note that a finished image's thumbnail is wanted; return whether to `run_next`.

        Raises:
            NoThumbnail: there never will be one.
            Gone: nor can there be one, since somebody has removed the stored copy.
            Failure: why the last try failed, once: the next request has it tried again.
        """
        thumbnail.decoder(BY_CONTENT_TYPE[image.content_type or ""])
        if reason := self._storage.read(no_thumbnail_key(image.id, image.attempts)):
            raise NoThumbnail(reason.decode())
        if not self._storage.exists(image_key(image.id, image.attempts)):
            raise Gone("the stored file of the picture is gone")
        with self._lock:
            if failure := self._failed.pop(image.id, None):
                raise failure
            is_new = self._wanted.pop(image.id, None) is None
            self._wanted[image.id] = Want(image, self._clock(), client)
            if len(self._wanted) > ROOM:
                [(most, _)] = Counter(want.client for want in self._wanted.values()).most_common(1)
                del self._wanted[next(k for k, want in self._wanted.items() if want.client == most)]
            return is_new and image.sha256 not in self._running

    def run_next(self) -> bool:
        """Make the thumbnail that was requested last, and those of equal pictures.

        Return whether there was one to make. Several threads may call this.
        """
        image = self._take()
        if not image:
            return False
        while image:
            failure = self._try(image)
            image = self._next_equal(image, failure)
        return True

    def close(self) -> None:
        """End the processes that decode; to be called when no thumbnail is being made."""
        for thumbnailer in self._thumbnailers:
            thumbnailer.close()

    def _take(self) -> Image | None:
        with self._lock:
            since = self._clock() - FORGET_SECONDS
            for key in list(takewhile(lambda key: self._wanted[key].at <= since, self._wanted)):
                del self._wanted[key]
            newest = {
                want.client: want.image
                for want in self._wanted.values()
                if want.image.sha256 not in self._running
            }
            if not newest:
                return None
            later = [client for client in newest if client > self._last_client]
            self._last_client = min(later or newest)
            image = newest[self._last_client]
            self._running.add(str(image.sha256))
            del self._wanted[image.id]
            return image

    def _next_equal(self, image: Image, failure: Failure | None) -> Image | None:
        """Note how an image fared, and take one with equal bytes, if there is one."""
        with self._lock:
            if failure:
                self._failed[image.id] = failure
            if len(self._failed) > ROOM:  # nobody has asked for it
                del self._failed[next(iter(self._failed))]
            for other, *_ in self._wanted.values():
                if other.sha256 == image.sha256 and not self._stopping():
                    del self._wanted[other.id]
                    return other
            self._running.discard(str(image.sha256))
        return None

    def _try(self, image: Image) -> Failure | None:
        try:
            self._make(image)
        except Interrupted:
            return None
        except Failure as failure:
            return failure
        except Exception:
            log.exception("thumbnail broke", extra={"id": str(image.id)})
            return Unexpected("an error of this service; its log has the details")
        with self._lock:
            self._made[str(image.sha256)] = image
            if len(self._made) > KNOWN:
                del self._made[next(iter(self._made))]
        return None

    def _make(self, image: Image) -> None:
        """Store the thumbnail, or the reason why there is none so that it is not tried again."""
        if self._storage.exists(thumbnail_key(image.id, image.attempts)):
            return  # made between the look and the request
        key, content = self._of_equal(image) or self._shrink(image)
        with self._storage.new_file(key) as file:
            file.write(content)
        # Who removes an image removes its copy first (`files.keys_of`), and this next.
        if not self._storage.exists(image_key(image.id, image.attempts)):
            self._storage.remove(key)

    def _of_equal(self, image: Image) -> tuple[str, bytes] | None:
        """Return what was made of a picture with equal bytes, and the key of this image's."""
        if twin := self._made.get(str(image.sha256)):
            for key_of in thumbnail_key, no_thumbnail_key:
                if content := self._storage.read(key_of(twin.id, twin.attempts)):
                    return key_of(image.id, image.attempts), content
        return None

    def _shrink(self, image: Image) -> tuple[str, bytes]:
        known = BY_CONTENT_TYPE[image.content_type or ""]
        with self._storage.open_as_file(image_key(image.id, image.attempts)) as source:
            thumbnailer = self._idle.get()
            try:
                content = thumbnailer.make(source, known, self._stopping)
            except NoThumbnail as failure:
                return no_thumbnail_key(image.id, image.attempts), failure.detail.encode()
            finally:
                self._idle.put(thumbnailer)
        return thumbnail_key(image.id, image.attempts), content
