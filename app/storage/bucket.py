"""What a bucket says: its errors by our names, its objects as files, and where it is."""

import io
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from app.errors import ConfigurationError, StorageUnreachable
from app.storage.parts import gone_if_missing

log = logging.getLogger(__name__)


class ObjectFile(io.RawIOBase):
    """An object as a file: each read is a request of its own, which ends in a bounded time."""

    def __init__(self, read: Callable[[int, int], memoryview], size: int) -> None:
        self._read = read
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Read from another place next; return it."""
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as much as the buffer takes, in one request; return how much that is."""
        count = max(0, min(len(buffer), self._size - self._place))
        if count:
            buffer[:count] = self._read(self._place, count)
            self._place += count
        return count

    def readall(self) -> bytes:
        """Return the rest."""
        content = bytearray(max(0, self._size - self._place))
        self.readinto(memoryview(content))
        return bytes(content)


@contextmanager
def reading() -> Iterator[None]:
    """Raise what a read of an object may end with."""
    with gone_if_missing(), _answering():
        yield


@contextmanager
def writing() -> Iterator[None]:
    """Raise what a change of the bucket may end with; if something is missing, that is itself."""
    try:
        with _answering():
            yield
    except FileNotFoundError as error:
        raise _unreachable(error) from error


@contextmanager
def _answering() -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> StorageUnreachable:
    said = str(error).partition("\n")[0]  # below, it repeats itself at length
    log.warning("the bucket does not work", extra={"error": said})
    return StorageUnreachable("the storage does not answer as it should")


def parse_url(url: str) -> tuple[str, str, dict[str, str]]:
    """Read DOWNLOADER_STORAGE_URL: the bucket, the prefix, and what names the server.

    Raises:
        ConfigurationError: it is not one.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets; nothing below is empty
        parts = urlsplit("")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (
        parts.scheme == "s3"
        and re.fullmatch(r"[a-z0-9][a-z0-9.-]+", parts.netloc, re.ASCII)
        and re.fullmatch(r"(/\w[\w.-]*)*/?", parts.path, re.ASCII)
        and not parts.fragment
        and options.keys() <= {"endpoint", "region"}
        and re.match(r"https?://[^\s/]", options.get("endpoint", "https://aws"))
    ):
        return parts.netloc, parts.path.strip("/"), options
    raise ConfigurationError(
        "DOWNLOADER_STORAGE_URL: write s3://bucket/prefix?endpoint=http://host:8333&region=… with"
        " nothing else; its keys stand in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )
