"""The files: but for locks, nothing else opens any. What has its name is whole and synced.

    storage/
        downloader.db             the rows
        images/7f/<id>.<attempt>  one image; 7f are the last two digits of its id
        archives/7f/<id>.<attempt>.zip
        thumbnails/7f/<id>.<attempt>.webp, or .none: the reason why there is no thumbnail
        parts/<process>/…         being written by a process, by its name in the registry

The attempt in a name keeps a late finisher, whose job was given to another, off the file that
the row speaks of.
"""

import errno
import logging
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO
from uuid import UUID

from app.errors import (
    ConfigurationError,
    Gone,
    Interrupted,
    StorageFailure,
    StorageFull,
    StorageUnusable,
)
from app.settings import MiB
from app.storage.locks import exclusive

log = logging.getLogger(__name__)

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre"}
NAME = re.compile(r"([0-9a-f]{32})\.([0-9]+)(?:\.|$)")  # whatever else is there is not ours
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NOT_ALLOWED = {errno.EROFS, errno.EACCES, errno.EPERM}
EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no time before, a clock without a battery does


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name there, and where or what its bytes are."""

    name: str
    content: Path | bytes


class Storage:
    """The storage folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.database = self.root / "downloader.db"
        self._parts = self.root / "parts"
        self._process = "unknown"  # has no folder: what is to write opens its own
        self._durable: set[Path] = set()  # folders whose names are synced

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            ConfigurationError: the folder cannot be written.

        """
        try:
            self._parts.mkdir(parents=True, exist_ok=True)
            with exclusive(self.root / "start.lock"):
                pass
            self.database.touch(0o600)  # nginx reads the files, and has no business in the rows
        except OSError as error:
            raise ConfigurationError(
                f"DOWNLOADER_STORAGE_DIR: {self.root} cannot be written: {error.strerror}"
            ) from error
        if (kind := _file_system(self.root)) in NETWORK:
            raise ConfigurationError(
                f"DOWNLOADER_STORAGE_DIR: {self.root} is on a network volume ({kind}), where"
                " neither SQLite nor file locks are safe; use a disk of this machine"
            )

    def probe(self) -> None:
        """Write a file that has no name, and leave nothing behind.

        Raises:
            OSError: it cannot be written.

        """
        with TemporaryFile(dir=self._parts) as file:
            file.write(b"probe")

    def free_bytes(self) -> int:
        """Return how much room there is."""
        return shutil.disk_usage(self.root).free

    def make_copy(self, target: Path, copy_database: Callable[[Path], None]) -> None:
        """Copy the database, then the files, to a new folder, which has its name when it is whole.

        Files never change once they have their name, so a link to one is a copy of it.

        Raises:
            FileExistsError: the folder is there already.
            OSError: it cannot be made.

        """
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        part = target.with_name(f"{target.name}.part")
        part.mkdir(parents=True)
        try:
            database = part / self.database.name
            database.touch(0o600)  # as the original
            copy_database(database)
            for path, _, _ in self.kept():
                copy = part / path.relative_to(self.root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileNotFoundError):  # removed meanwhile
                    _link_or_copy(path, copy)
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise

    def open_parts(self, process: str) -> None:
        """Write from now on as the process of that name."""
        (self._parts / process).mkdir()
        self._process = process

    def remove_parts(self, process: str) -> None:
        """Remove what the process of that name left half written.

        Raises:
            OSError: it resists.

        """
        with suppress(FileNotFoundError):
            shutil.rmtree(self._parts / process)

    # What is kept.

    def image(self, image_id: UUID, attempt: int) -> Path:
        """Return where the copy that this attempt made is, or will be."""
        return self.root / "images" / image_id.hex[-2:] / f"{image_id.hex}.{attempt}"

    def archive(self, download_id: UUID, attempt: int) -> Path:
        """Return where the archive that this attempt made is, or will be."""
        return self.root / "archives" / download_id.hex[-2:] / f"{download_id.hex}.{attempt}.zip"

    def thumbnail(self, image_id: UUID, attempt: int) -> Path:
        """Return where the thumbnail of what this attempt stored is, or will be."""
        return self.root / "thumbnails" / image_id.hex[-2:] / f"{image_id.hex}.{attempt}.webp"

    def no_thumbnail(self, image_id: UUID, attempt: int) -> Path:
        """Return where it stands in words why there is no thumbnail."""
        return self.thumbnail(image_id, attempt).with_suffix(".none")

    def read(self, path: Path) -> bytes | None:
        """Return what is kept there, if anything is."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, path: Path) -> None:
        """Free what is kept there, if anything is; what resists is left to `upkeep.collect`."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("file not removed", extra={"path": str(path), "error": error.strerror})

    def kept(self) -> Iterator[tuple[Path, UUID, int]]:
        """Walk over all images and archives: where each is, whose it is, and of which attempt."""
        return chain(self._walk("images"), self._walk("archives"))

    def thumbnails(self) -> Iterator[tuple[Path, UUID, int]]:
        """Walk likewise over all thumbnails: what can be made again, and no backup needs."""
        return self._walk("thumbnails")

    def _walk(self, folder: str) -> Iterator[tuple[Path, UUID, int]]:
        for path in self.root.glob(f"{folder}/*/*"):
            if ours := NAME.match(path.name):
                yield path, UUID(ours[1]), int(ours[2])

    @contextmanager
    def new_file(self, path: Path) -> Iterator[BinaryIO]:
        """Open a file for writing that appears at `path` when the block ends, whole, or never.

        Raises:
            StorageFull: no room.
            StorageUnusable: it may not be written.

        """
        part = self._parts / self._process / path.name
        try:
            with part.open("w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            self._make_folder(path.parent)
            part.rename(path)
            _sync_folder(path.parent)
        except BaseException as error:
            self.remove(part)
            self.remove(path)  # it may have its name, but not for certain
            if isinstance(error, OSError) and (reason := _reason(error)):
                raise reason from error
            raise

    def _make_folder(self, folder: Path) -> None:
        """Make a folder for files, and its name durable before it is relied on."""
        folder.mkdir(parents=True, exist_ok=True)
        if folder not in self._durable:  # another process may have made it and not come to sync it
            _sync_folder(folder.parent)
            _sync_folder(folder.parent.parent)
            self._durable.add(folder)

    def write_archive(
        self,
        path: Path,
        members: Iterable[Member],
        made_at: datetime,
        cut: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make a zip of the members in the order given; images gain nothing by compression.

        Raises:
            Interrupted: `cut`, which is asked between members every 16 MiB, said so.
            Gone: somebody has removed a member.
            StorageFull: no room.
            StorageUnusable: it may not be written.

        """
        ask_at = 16 * MiB
        with self.new_file(path) as file, zipfile.ZipFile(file, "w") as archive:
            for member in members:
                if file.tell() >= ask_at:
                    ask_at = file.tell() + 16 * MiB
                    if cut():
                        raise Interrupted
                _add_member(archive, member, made_at)


def _reason(error: OSError) -> StorageFailure | None:
    """Return the named reason for what the system said, if it has one."""
    if error.errno in NO_ROOM:
        return StorageFull("no room left in the storage")
    if error.errno in NOT_ALLOWED:
        return StorageUnusable(f"the storage cannot be written: {error.strerror}")
    return None


def _add_member(archive: zipfile.ZipFile, member: Member, made_at: datetime) -> None:
    info = zipfile.ZipInfo(member.name, max(made_at.timetuple()[:6], EARLIEST))
    info.external_attr = 0o644 << 16  # POSIX permissions, for unzip
    if isinstance(member.content, bytes):
        archive.writestr(info, member.content)
        return
    with open_kept(member.content) as source:
        info.file_size = os.fstat(source.fileno()).st_size
        with archive.open(info, "w") as target:
            shutil.copyfileobj(source, target, MiB)


def open_kept(path: Path) -> BinaryIO:
    """Open a stored file for reading.

    Raises:
        Gone: somebody has removed it.

    """
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise Gone("the stored file of a picture is gone") from error


def _link_or_copy(path: Path, copy: Path) -> None:
    try:
        copy.hardlink_to(path)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copy2(path, copy)


def _file_system(path: Path) -> str:
    """Return the kind of file system that a folder is on, as Linux calls it; else nothing."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            fields = line.split()
            if fields[2] == wanted:
                return fields[fields.index("-") + 1]
    return ""


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
