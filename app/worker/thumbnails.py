"""Where thumbnails are made: one at a time, for those who asked, while they ask again."""

import logging
import threading
from collections.abc import Callable
from uuid import UUID

from app.database.models import Image
from app.database.sqlite import db
from app.errors import Failure, Gone, Interrupted, NoThumbnail, Unexpected
from app.pictures import thumbnail
from app.pictures.formats import BY_CONTENT_TYPE
from app.storage.local import Storage, open_kept

log = logging.getLogger(__name__)

ROOM = 100  # thumbnails that may wait for their turn; who finds no room asks again


class ThumbnailQueue:
    """The thumbnails that are wanted in this process; a restart forgets them without harm."""

    def __init__(self, storage: Storage, stopping: Callable[[], bool]) -> None:
        self._storage = storage
        self._stopping = stopping
        self._wanted: dict[UUID, Image] = {}  # in the order they were asked for
        self._failed: dict[UUID, Failure] = {}  # what another try may mend, until it is told
        self._lock = threading.Lock()
        self._thumbnailer = thumbnail.Thumbnailer()

    def request(self, image: Image) -> bool:
        """Take note that a finished image's thumbnail is wanted; tell whether it takes a turn.

        Raises:
            NoThumbnail: there never will be one.
            Gone: nor can there be one, since somebody has removed the stored copy.
            Failure: why the last try failed, once: who asks again has it tried again.

        """
        thumbnail.decoder(BY_CONTENT_TYPE[image.content_type or ""])
        if reason := self._storage.read(self._storage.no_thumbnail(image.id, image.attempts)):
            raise NoThumbnail(reason.decode())
        if not self._storage.image(image.id, image.attempts).exists():
            raise Gone("the stored file of the picture is gone")
        with self._lock:
            if failure := self._failed.pop(image.id, None):
                raise failure
            if image.id in self._wanted or len(self._wanted) >= ROOM:
                return False
            self._wanted[image.id] = image
            return True

    def run_next(self) -> bool:
        """Make the thumbnail that was asked for first; tell whether there was one to make."""
        with self._lock:
            image = next(iter(self._wanted.values()), None)
        if not image:
            return False
        failure = self._try(image)
        with self._lock:
            del self._wanted[image.id]
            if failure:
                self._failed[image.id] = failure
            if len(self._failed) > ROOM:  # they have not come back for it
                self._failed.pop(next(iter(self._failed)))
        return True

    def close(self) -> None:
        """End the process that decodes; to be called when nothing is made."""
        self._thumbnailer.close()

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
        return None

    def _make(self, image: Image) -> None:
        """Store the thumbnail, or the reason why there is none so that it is not tried again."""
        path = self._storage.thumbnail(image.id, image.attempts)
        if path.exists():  # made between the look and the question
            return
        known = BY_CONTENT_TYPE[image.content_type or ""]
        with open_kept(self._storage.image(image.id, image.attempts)) as source:
            try:
                content = self._thumbnailer.make(source, known, self._stopping)
            except NoThumbnail as failure:
                path = self._storage.no_thumbnail(image.id, image.attempts)
                content = failure.detail.encode()
        with self._storage.new_file(path) as file:
            file.write(content)
        with db.connection_context():
            if not Image.select().where(Image.id == image.id).exists():  # removed meanwhile
                self._storage.remove(path)
