"""Files in the making, and what is known of finished ones."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

from app.errors import Gone, StorageFull, StorageUnusable

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NOT_ALLOWED = {errno.EROFS, errno.EACCES, errno.EPERM}


class Stat(NamedTuple):
    """What is known of a stored file.

    size        bytes
    changed     seconds since 1970 when it was made
    etag        its version, opaque, without quotes
    """

    size: int
    changed: int
    etag: str


class Part(NamedTuple):
    """A file in the making, and the key that it is to have."""

    key: str
    file: BinaryIO


def failure_of(error: OSError) -> Exception:
    """Return the named reason for what the system said, if it has one; else the error."""
    if error.errno in NO_ROOM:
        return StorageFull("no room left in the storage")
    if error.errno in NOT_ALLOWED:
        return StorageUnusable(f"the storage cannot be written: {error.strerror}")
    return error


@contextmanager
def gone_if_missing() -> Iterator[None]:
    """Raise Gone for a file that is not there."""
    try:
        yield
    except FileNotFoundError as error:
        raise Gone("the stored file is gone") from error


def close(file: BinaryIO) -> None:
    """Close a file that is not wanted: what it had still to write is dropped."""
    with suppress(OSError):
        file.close()
