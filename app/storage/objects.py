"""The storage in an S3 bucket: the same keys below a prefix.

What is being written is a temporary file without a name, of the folder TMPDIR; an object is there
when it is whole. The bucket's keys stand in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or come
from the machine's role.
"""

import io
import logging
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

from app.errors import ConfigurationError, Gone, StorageUnreachable
from app.setting_values import MiB
from app.storage.bucket import ObjectFile, parse_url, reading, writing
from app.storage.keys import Entry, entry_of
from app.storage.parts import Part, Stat, close, failure_of

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger(__name__)

CONNECT_SECONDS, REQUEST_SECONDS = 3, 30
RETRIES, RETRY_SECONDS = 3, 15  # of a request that did not come through
PROBE_SECONDS = 2
PART_BYTES = 8 * MiB  # of an object; a smaller one is put in one request
PARTS_AT_ONCE = 4
PUTS_AT_ONCE = 8
READ_BYTES = MiB
SIGNED_SECONDS = 60  # that nginx has to begin with a file


class ObjectStorage:
    """The files of a bucket; only the first request connects, so it may be made before a fork.

    What asks the bucket raises StorageUnreachable where it does not answer.
    """

    def __init__(self, url: str) -> None:
        self._bucket, self._prefix, self._options = parse_url(url)
        # Here, not when it is first used: threads that import obstore at once get half of it.
        self._store = self._connect(REQUEST_SECONDS, RETRIES)
        self._prober = self._connect(PROBE_SECONDS, 0)

    def _connect(self, seconds: int, retries: int) -> "S3Store":
        from obstore.store import S3Store

        return S3Store(
            self._bucket,
            prefix=self._prefix or None,
            client_options={
                "allow_http": True,  # the operator has named the address
                "connect_timeout": timedelta(seconds=min(seconds, CONNECT_SECONDS)),
                "timeout": timedelta(seconds=seconds),
            },
            retry_config={
                "max_retries": retries,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            },
            **self._options,  # type: ignore[arg-type]
        )

    def prepare(self) -> None:
        """Do nothing: the bucket is its operator's, and `/readyz` says whether it works."""

    def probe(self) -> None:
        """Put a small object, without waiting long."""
        with writing():
            self._prober.put("probe", b"probe")

    def free_bytes(self) -> int:
        """Return how much room there is for what is in the making."""
        return shutil.disk_usage(gettempdir()).free

    def make_copy(self, target: Path, copy_database: Callable[[Path], None]) -> None:
        """Refuse: rows and files are in servers with tools of their own.

        Raises:
            ConfigurationError: always; it says what to do instead.
        """
        raise ConfigurationError(
            "rows and files are not in a folder: save the rows by pg_dump, and then the bucket, by"
            " its versioning or by a sync to another"
        )

    def open_parts(self, process: str) -> None:
        """Do nothing: files without a name end with their process."""

    def remove_parts(self, process: str) -> None:
        """Do nothing; see `open_parts`."""

    def open(self, key: str) -> BinaryIO:
        """Open a stored file for reading, a piece at a time.

        Raises:
            Gone: somebody has removed it.
        """
        reader = ObjectFile(partial(self._read_range, key), self.stat(key).size)
        return cast(BinaryIO, io.BufferedReader(reader, READ_BYTES))

    def open_as_file(self, key: str) -> BinaryIO:
        """Open a copy of a stored file that has a descriptor, which other processes can read.

        Raises: see `open`.
        """
        with self.open(key) as source, ExitStack() as undo:
            file = undo.enter_context(TemporaryFile())
            shutil.copyfileobj(source, file, READ_BYTES)
            file.seek(0)
            undo.pop_all()
        return cast(BinaryIO, file)

    def _read_range(self, key: str, start: int, size: int) -> memoryview:
        with reading():
            return memoryview(self._store.get_range(key, start=start, length=size))

    def proxy_path(self, key: str) -> str:
        """Return where nginx finds a stored file below its location for objects, for a minute."""
        import obstore

        url = urlsplit(obstore.sign(self._store, "GET", key, timedelta(seconds=SIGNED_SECONDS)))
        return f"{url.scheme}/{url.netloc}{url.path}?{url.query}"

    def stat(self, key: str) -> Stat:
        """Return the size and the time of a stored file.

        Raises: see `open`.
        """
        with reading():
            found = self._store.head(key)
        etag = str(found["e_tag"]).strip('"')
        return Stat(found["size"], int(found["last_modified"].timestamp()), etag)

    def exists(self, key: str) -> bool:
        """Return whether something is stored."""
        try:
            self.stat(key)
        except Gone:
            return False
        return True

    def read(self, key: str) -> bytes | None:
        """Return what is stored, if anything is."""
        try:
            with reading():
                return bytes(self._store.get(key).bytes())
        except Gone:
            return None

    def remove(self, key: str) -> None:
        """Free what is stored, if anything is; what resists is left to `cleanup.collect`."""
        try:
            with writing():
                self._store.delete(key)
        except StorageUnreachable:
            log.warning("object not removed", extra={"key": key})

    def walk(self, *folders: str) -> Iterator[Entry]:
        """Yield what is stored in these folders; what others have put there is passed over."""
        with writing():
            for folder in folders:
                for found in self._store.list(f"{folder}/"):
                    yield from filter(None, (entry_of(each["path"]) for each in found))

    @contextmanager
    def new_file(self, key: str) -> Iterator[BinaryIO]:
        """Open a file for writing that is stored when the block ends, whole, or never.

        Raises:
            StorageFull: no room for what is in the making.
            StorageUnreachable: the bucket does not take it.
        """
        with self.new_part(key) as part:
            yield part.file
        self.store([part])

    @contextmanager
    def new_part(self, key: str) -> Iterator[Part]:
        """Open a file for writing that is whole when the block ends, and waits for `store`.

        Raises: see `new_file`.
        """
        with ExitStack() as undo:
            try:
                file = cast(BinaryIO, undo.enter_context(TemporaryFile()))
                yield Part(key, file)
                file.flush()
            except OSError as error:
                raise failure_of(error) from error
            undo.pop_all()

    def link(self, key: str, new_key: str) -> Part:
        """Give a stored file a second key, as a part for `store`; raises as that and `open` do."""
        return Part(new_key, self.open_as_file(key))

    def store(self, parts: Collection[Part]) -> None:
        """Put parts under their keys; those that were put before one fails are left to `collect`.

        Raises: see `new_file`.
        """
        try:
            if parts:
                with ThreadPoolExecutor(min(len(parts), PUTS_AT_ONCE), "put") as pool:
                    list(pool.map(self._put, parts))
        finally:
            self.discard(parts)

    def _put(self, part: Part) -> None:
        part.file.seek(0)
        with writing():
            self._store.put(
                part.key, part.file, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            )

    def discard(self, parts: Iterable[Part]) -> None:
        """Remove parts that will not be stored."""
        for part in parts:
            close(part.file)
