"""The database: SQLite's settings, its migrations, its health and its copies."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from peewee import (  # type: ignore[attr-defined]
    DatabaseError,
    OperationalError,
    PeeweeException,
    SqliteDatabase,
    __exception_wrapper__,
)
from playhouse.migrations import Runner

from app.errors import ConfigurationError
from app.setting_values import MiB

MIGRATIONS = Path(__file__).parent.parent / "migrations"
PROBE_MILLISECONDS = 2000
LOG_BYTES = 16 * MiB  # of the write-ahead log, more than checkpoints by themselves leave
STEP_PAGES = 512  # given back at once: 2 MiB, a few milliseconds
INCREMENTAL = 2  # auto_vacuum

log = logging.getLogger(__name__)


class Database(SqliteDatabase):
    """peewee's, but the error is the one that ended a transaction.

    SQLite rolls back by itself when the disk is full; to ask for it again is an error.
    """

    def rollback(self) -> None:
        """Undo the transaction, if there still is one."""
        if self.connection().in_transaction:  # type: ignore[no-untyped-call]
            super().rollback()

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for each row."""
        with __exception_wrapper__:
            self.connection().executemany(sql, rows)  # type: ignore[no-untyped-call]

    def version(self) -> Any:
        """Return another value after each change that came through another connection."""
        return self.pragma("data_version")


# IMMEDIATE: a deferred transaction that turns into a write fails at once, whatever the timeout.
db = Database(None, lock_type="IMMEDIATE")


def use(path: Path) -> None:
    """Point the models at the file `path`; each thread connects when it first asks something."""
    pragmas = {
        "journal_mode": "wal",
        "journal_size_limit": LOG_BYTES,
        "synchronous": "full",  # 202 means synced, J1
        "busy_timeout": 10_000,  # milliseconds
        "foreign_keys": 1,
        "temp_store": "memory",  # no full folder for temporary files stops a query
    }
    db.init(str(path), pragmas=pragmas)


def is_full(error: PeeweeException) -> bool:
    """Return whether the disk had no room for what was to be written."""
    return _is(error, "SQLITE_FULL")


def is_busy(error: PeeweeException) -> bool:
    """Return whether others held the database for too long."""
    return _is(error, "SQLITE_BUSY", "SQLITE_LOCKED")


def is_unusable(error: PeeweeException) -> bool:
    """Return whether what the database stands on does not work, such as a read-only disk."""
    return _is(error, "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN")


def _is(error: PeeweeException, *names: str) -> bool:
    """Compare with SQLite's result codes; the extended ones begin alike."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlite_errorname", "").startswith(names)


def migrate() -> None:
    """Bring the schema up to date; the caller sees to it that one process at a time does.

    Raises:
        ConfigurationError: it cannot be written, or a newer release has changed it.

    """
    with _usable():
        runner = Runner(db, MIGRATIONS)
        unknown = [migration.name for migration in runner.status() if migration.path is None]
        if unknown:
            raise ConfigurationError(
                f"the database {db.database} is of a newer release, which made the changes"
                f" {', '.join(unknown)}: install that release again, or restore a backup that was"
                " made before it"
            )
        if db.pragma("auto_vacuum") != INCREMENTAL:
            _make_incremental()
        runner.up()


def _make_incremental() -> None:
    """Let the database give room back; one of an earlier release has to be written anew for it."""
    db.pragma("auto_vacuum", INCREMENTAL)  # not at each connect: it takes the lock of a writer
    try:
        db.execute_sql("VACUUM")  # type: ignore[no-untyped-call]
    except OperationalError as error:  # no room for a copy, or in use: it works as it is
        log.warning("the database keeps its size for now", extra={"error": str(error)})


def tidy() -> None:
    """Give back room that is no longer needed, in a step that others hardly notice.

    Of the database, only what exceeds a tenth of it: the rest serves new rows. The log begins
    again by itself unless there always are readers: then they are waited for, for a moment.

    Raises:
        PeeweeException: it did not work.

    """
    with db.connection_context():  # closed then, with its timeout
        db.pragma("busy_timeout", PROBE_MILLISECONDS)
        free, pages = db.pragma("freelist_count"), db.pragma("page_count")
        if free > max(STEP_PAGES, pages // 10):
            with __exception_wrapper__:  # a script: in Python 3.11, a statement frees one page
                script = f"PRAGMA incremental_vacuum({STEP_PAGES})"
                db.connection().executescript(script)  # type: ignore[no-untyped-call]
        journal = Path(f"{db.database}-wal")
        if journal.exists() and journal.stat().st_size > LOG_BYTES:
            db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[no-untyped-call]


def probe() -> None:
    """Try what a claim does, without waiting long or writing.

    Raises:
        PeeweeException: it did not work.

    """
    with db.connection_context():  # closed then: the timeout is for this question alone
        db.pragma("busy_timeout", PROBE_MILLISECONDS)
        with db.atomic():
            db.execute_sql("UPDATE download SET attempts = attempts WHERE 0")  # type: ignore[no-untyped-call]


def check() -> None:
    """Have SQLite read the whole database, and write to it.

    Raises:
        ConfigurationError: it is damaged, or cannot be used; the message says what to do.

    """
    try:
        with _usable():
            found = str(db.pragma("quick_check"))
            with db.atomic():
                db.pragma("user_version", db.pragma("user_version"))
    except DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise ConfigurationError(
            f"the database {db.database} is damaged ({' '.join(found.split())}):"
            " restore a backup of the storage folder, or save what `sqlite3 … .recover` can read"
        )


@contextmanager
def _usable() -> Iterator[None]:
    """Tell errors around a sound database, such as a full disk, from errors in it."""
    try:
        yield
    except OperationalError as error:
        raise ConfigurationError(f"the database {db.database} cannot be used: {error}") from error


def copy_to(path: Path) -> None:
    """Copy the database, as it is at one moment, to a new file, while others write.

    Raises:
        PeeweeException: it could not be read, or not be written.

    """
    with __exception_wrapper__, closing(sqlite3.connect(path)) as copy:
        db.connection().backup(copy)  # type: ignore[no-untyped-call]
