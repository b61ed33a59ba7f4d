"""The files: nothing else opens any. A file has its name only when it is whole and synced.

    storage/
        downloader.db             the rows
        images/7f/<id>.<attempt>  one image; 7f are the last two digits of its id
        archives/7f/<id>.<attempt>.zip
        parts/<owner>/…           being written by the process `owner`
        processes/<owner>         locked by the process `owner` for as long as it lives

The attempt in a name keeps a late finisher, whose job was given to another, off the file that
the row speaks of.
"""

import errno
import fcntl
import logging
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO, BinaryIO
from uuid import UUID, uuid4

from app.errors import ConfigurationError, Gone, Interrupted, StorageFull
from app.settings import MiB

log = logging.getLogger(__name__)

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre"}
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name there, and where or what its bytes are."""

    name: str
    content: Path | bytes


class Storage:
    """The storage folder; `owner` is the name of this process in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.database = self.root / "downloader.db"
        self.owner = uuid4().hex
        self._parts = self.root / "parts"
        self._processes = self.root / "processes"
        self._presence: IO[bytes] | None = None
        self._durable: set[Path] = set()  # folders whose names are synced

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            ConfigurationError: the folder cannot be written.

        """
        try:
            for folder in self.root, self._parts, self._processes:
                folder.mkdir(parents=True, exist_ok=True)
            with self.locked("start"):
                pass
        except OSError as error:
            raise ConfigurationError(
                f"DOWNLOADER_STORAGE_DIR: {self.root} cannot be written: {error.strerror}"
            ) from error
        if (kind := _file_system(self.root)) in NETWORK:
            raise ConfigurationError(
                f"DOWNLOADER_STORAGE_DIR: {self.root} is on a network volume ({kind}), where"
                " neither SQLite nor file locks are safe; use a disk of this machine"
            )

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a lock that one process has at a time; others wait."""
        with (self.root / f"{name}.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # Who lives: the kernel frees the lock of a process however it dies.

    def appear(self) -> None:
        """Take a new name for this process and show that it lives, until `vanish` or its death."""
        self.owner = uuid4().hex
        with self.locked("processes"):
            self._presence = (self._processes / self.owner).open("wb")
            fcntl.flock(self._presence, fcntl.LOCK_EX)
            (self._parts / self.owner).mkdir()

    def vanish(self) -> None:
        """Take leave; jobs that still carry this owner are free for others."""
        if self._presence:
            self._presence.close()
            self._presence = None
            self.bury_dead()

    def lives(self, owner: str) -> bool:
        """Tell whether the process of that name is alive; once dead, it stays so."""
        try:
            with (self._processes / owner).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def bury_dead(self) -> None:
        """Remove what dead processes left half written."""
        with self.locked("processes"):
            for presence in self._processes.iterdir():
                with suppress(OSError):  # the next turn tries again
                    if not self.lives(presence.name):
                        self._remove_parts(presence.name)
                        presence.unlink()

    def _remove_parts(self, owner: str) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._parts / owner)

    def make_copy(self, target: Path, copy_database: Callable[[Path], None]) -> None:
        """Copy the database and then the files to a new folder.

        Files never change once they have their name, so a link to one is a copy of it.

        Raises:
            FileExistsError: the folder is there already.

        """
        target.mkdir(parents=True)
        copy_database(target / self.database.name)
        for path, _, _ in self.kept():
            copy = target / path.relative_to(self.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # removed meanwhile
                _link_or_copy(path, copy)

    # What is kept.

    def image(self, image_id: UUID, attempt: int) -> Path:
        """Return where the copy that this attempt made is, or will be."""
        return self.root / "images" / image_id.hex[-2:] / f"{image_id.hex}.{attempt}"

    def archive(self, download_id: UUID, attempt: int) -> Path:
        """Return where the archive that this attempt made is, or will be."""
        return self.root / "archives" / download_id.hex[-2:] / f"{download_id.hex}.{attempt}.zip"

    def remove(self, path: Path) -> None:
        """Free what is kept there, if anything is; what resists is left to `upkeep.collect`."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("file not removed", extra={"path": str(path), "error": error.strerror})

    def kept(self) -> Iterator[tuple[Path, UUID, int]]:
        """Walk over all images and archives: where each is, whose it is, and of which attempt."""
        for path in chain(self.root.glob("images/*/*"), self.root.glob("archives/*/*")):
            job_id, attempt, *_ = path.name.split(".")
            yield path, UUID(job_id), int(attempt)

    @contextmanager
    def new_file(self, path: Path) -> Iterator[BinaryIO]:
        """Open a file for writing that appears at `path` when the block ends, whole, or never.

        Raises:
            StorageFull: no room.

        """
        part = self._parts / self.owner / path.name
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
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise StorageFull("no room left in the storage") from error
            raise

    def _make_folder(self, folder: Path) -> None:
        """Make a folder of `images` or `archives`, and its name durable before it is relied on."""
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

        """
        ask_at = 16 * MiB
        with self.new_file(path) as file, zipfile.ZipFile(file, "w") as archive:
            for member in members:
                if file.tell() >= ask_at:
                    ask_at = file.tell() + 16 * MiB
                    if cut():
                        raise Interrupted
                _add_member(archive, member, made_at)


def _add_member(archive: zipfile.ZipFile, member: Member, made_at: datetime) -> None:
    info = zipfile.ZipInfo(member.name, made_at.timetuple()[:6])
    info.external_attr = 0o644 << 16  # POSIX permissions, for unzip
    if isinstance(member.content, bytes):
        archive.writestr(info, member.content)
        return
    with _open_kept(member.content) as source:
        info.file_size = os.fstat(source.fileno()).st_size
        with archive.open(info, "w") as target:
            shutil.copyfileobj(source, target, MiB)


def _open_kept(path: Path) -> BinaryIO:
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
