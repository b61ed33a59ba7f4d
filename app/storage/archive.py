"""Zip archives of stored files."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from app.errors import Interrupted
from app.setting_values import MiB

if TYPE_CHECKING:
    from app.storage import Storage

EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no time before, a clock without a battery does


class Member(NamedTuple):
    """A file of an archive: its name there, and the key of its bytes, or they themselves."""

    name: str
    content: str | bytes


def write_archive(
    storage: "Storage",
    key: str,
    members: Iterable[Member],
    made_at: datetime,
    cut: Callable[[], bool] = lambda: False,
) -> None:
    """Store a zip of the members in the order given; images gain nothing by compression.

    Raises:
        Interrupted: `cut`, which is asked between members every 16 MiB, returned true.
        Gone: somebody has removed a member.
        StorageFull: no room.
        StorageUnusable: it may not be written.
    """
    ask_at = 16 * MiB
    with storage.new_file(key) as file, zipfile.ZipFile(file, "w") as archive:
        for member in members:
            if file.tell() >= ask_at:
                ask_at = file.tell() + 16 * MiB
                if cut():
                    raise Interrupted
            _add(storage, archive, member, made_at)


def _add(
    storage: "Storage",
    archive: zipfile.ZipFile,
    member: Member,
    made_at: datetime,
) -> None:
    info = zipfile.ZipInfo(member.name, max(made_at.timetuple()[:6], EARLIEST))
    info.external_attr = 0o644 << 16  # POSIX permissions, for unzip
    if isinstance(member.content, bytes):
        archive.writestr(info, member.content)
        return
    with storage.open(member.content) as source:
        info.file_size = source.seek(0, os.SEEK_END)
        source.seek(0)
        with archive.open(info, "w") as target:
            shutil.copyfileobj(source, target, min(info.file_size + 1, MiB))  # no larger buffer
