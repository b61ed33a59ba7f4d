"""The storage in a folder; nothing else opens its files. What has its name is whole and synced.

storage/
downloader.db       the rows
images, archives, thumbnails    see app.storage.keys
parts/<process>/…   being written by a process, by its name in the registry
"""

import errno
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO
from urllib.parse import quote

from app.errors import ConfigurationError
from app.storage.disk import exclusive, file_system, link_or_copy, start_writeback
from app.storage.keys import Entry, entry_of
from app.storage.parts import Part, Stat, close, failure_of, gone_if_missing

log = logging.getLogger(__name__)

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre"}


class FolderStorage:
    """The storage folder; one that lasts no longer than its process need not be `durable`."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = root.absolute()
        self.database = self.root / "downloader.db"
        self._parts = self.root / "parts"
        self._own_parts = self._parts / "unknown"  # is not there: what is to write opens its own
        self._syncs = durable
        self._synced: set[Path] = set()  # folders whose names are synced

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
        if (kind := file_system(self.root)) in NETWORK:
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
            for entry in self.walk("images", "archives"):  # thumbnails can be made again
                copy = part / entry.key
                copy.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileNotFoundError):  # removed meanwhile
                    link_or_copy(self.root / entry.key, copy)
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise

    def open_parts(self, process: str) -> None:
        """Write from now on as the process of that name."""
        self._own_parts = self._parts / process
        self._own_parts.mkdir()

    def remove_parts(self, process: str) -> None:
        """Remove what the process of that name left half written.

        Raises:
            OSError: it resists.
        """
        with suppress(FileNotFoundError):
            shutil.rmtree(self._parts / process)

    def open(self, key: str) -> BinaryIO:
        """Open a stored file for reading.

        Raises:
            Gone: somebody has removed it.
        """
        with gone_if_missing():
            return (self.root / key).open("rb")

    def open_as_file(self, key: str) -> BinaryIO:
        """Open a stored file so that it has a descriptor, which other processes can read.

        Raises: see `open`.
        """
        return self.open(key)

    def proxy_path(self, key: str) -> str:
        """Return where nginx finds a stored file below its location for them."""
        return quote(key)

    def stat(self, key: str) -> Stat:
        """Return the size and the time of a stored file.

        Raises:
            Gone: somebody has removed it.
        """
        with gone_if_missing():
            found = (self.root / key).stat()
        changed = found.st_mtime_ns // 1_000_000_000
        # As nginx spells it: when it sends a file, it puts its own in place of the application's.
        return Stat(found.st_size, changed, f"{changed:x}-{found.st_size:x}")

    def exists(self, key: str) -> bool:
        """Return whether something is stored."""
        return (self.root / key).exists()

    def read(self, key: str) -> bytes | None:
        """Return what is stored, if anything is."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        """Free what is stored, if anything is; what resists is left to `cleanup.collect`."""
        self._unlink(self.root / key)

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("file not removed", extra={"path": str(path), "error": error.strerror})

    def walk(self, *folders: str) -> Iterator[Entry]:
        """Yield what is stored in these folders; what others have put there is passed over."""
        for folder in folders:
            for path in self.root.glob(f"{folder}/*/*"):
                if entry := entry_of(str(path.relative_to(self.root))):
                    yield entry

    @contextmanager
    def new_file(self, key: str) -> Iterator[BinaryIO]:
        """Open a file for writing that is stored when the block ends, whole, or never.

        Raises:
            StorageFull: no room.
            StorageUnusable: it may not be written.
        """
        with self.new_part(key) as part:
            yield part.file
        self.store([part])

    @contextmanager
    def new_part(self, key: str) -> Iterator[Part]:
        """Open a file for writing that is whole when the block ends, and waits for `store`.

        Raises: see `new_file`.
        """
        path = self._own_parts / key.rpartition("/")[2]
        with ExitStack() as undo:
            undo.callback(self._unlink, path)
            try:
                file = path.open("w+b")
                undo.callback(close, file)
                yield Part(key, file)
                file.flush()
                if self._syncs:
                    start_writeback(file.fileno())
            except OSError as error:
                raise failure_of(error) from error
            undo.pop_all()

    def link(self, key: str, new_key: str) -> Part:
        """Give a stored file a second key, as a part for `store`; raises as that and `open` do."""
        path = self._own_parts / new_key.rpartition("/")[2]
        try:
            with gone_if_missing():
                link_or_copy(self.root / key, path)
                return Part(new_key, path.open("rb"))
        except OSError as error:
            self._unlink(path)
            raise failure_of(error) from error

    def store(self, parts: Collection[Part]) -> None:
        """Make parts durable under their keys, all or none: the files, then each folder once.

        Raises: see `new_file`.
        """
        names = [self.root / part.key for part in parts]
        folders = {name.parent for name in names}
        try:
            for part in parts:
                self._sync(part.file.fileno())
                part.file.close()
            for folder in folders:
                self._make_folder(folder)
            for part, name in zip(parts, names, strict=True):
                Path(part.file.name).rename(name)
            for folder in folders:
                self._sync_folder(folder)
        except BaseException as error:
            self.discard(parts)
            for name in names:  # the file may have it, but not for certain
                self._unlink(name)
            if isinstance(error, OSError):
                raise failure_of(error) from error
            raise

    def discard(self, parts: Iterable[Part]) -> None:
        """Remove parts that will not be stored."""
        for part in parts:
            close(part.file)
            self._unlink(Path(part.file.name))

    def _make_folder(self, folder: Path) -> None:
        """Make a folder for files, and its name durable before it is relied on."""
        folder.mkdir(parents=True, exist_ok=True)
        if folder not in self._synced:  # another process may have made it and not come to sync it
            self._sync_folder(folder.parent)
            self._sync_folder(folder.parent.parent)
            self._synced.add(folder)

    def _sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            self._sync(descriptor)
        finally:
            os.close(descriptor)

    def _sync(self, descriptor: int) -> None:
        if self._syncs:
            os.fsync(descriptor)
