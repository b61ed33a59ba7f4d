"""The database: SQLite's settings, its migrations, its health and its copies."""

import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from peewee import (  # type: ignore[attr-defined]
    DatabaseError,
    OperationalError,
    SqliteDatabase,
    __exception_wrapper__,
)

from app.database.connection import PROBE_MILLISECONDS, Database, choose
from app.errors import ConfigurationError
from app.setting_values import MiB

LOG_BYTES = 16 * MiB  # of the write-ahead log, more than checkpoints by themselves leave
STEP_PAGES = 512  # given back at once: 2 MiB, a few milliseconds
INCREMENTAL = 2  # auto_vacuum
ASK_SECONDS = 0.001

log = logging.getLogger(__name__)


class Sqlite(SqliteDatabase, Database):
    """peewee's, but the error is the one that ended a transaction.

    SQLite rolls back by itself when the disk is full; to ask for it again is an error.
    """

    FULL = ("SQLITE_FULL",)  # extended codes begin alike
    BUSY = "SQLITE_BUSY", "SQLITE_LOCKED"
    UNUSABLE = "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN"

    def soon(self) -> Any:
        """Return a transaction for which a client waits: it does not wait long for its turn."""
        return self.atomic(soon=True)

    def begin(self, lock_type: str | None = None, *, soon: bool = False) -> None:
        """Begin a transaction; if a client waits for it, `soon`: ask each millisecond.

        SQLite by itself would sleep ever longer, and those that come meanwhile would be faster.
        """
        if not soon:
            return super().begin(lock_type)
        timeout = self.pragma("busy_timeout")
        until = time.monotonic() + timeout / 1000
        self.pragma("busy_timeout", 0)
        try:
            while True:
                try:
                    return super().begin(lock_type)
                except OperationalError as error:
                    if not self.is_busy(error) or time.monotonic() >= until:
                        raise
                time.sleep(ASK_SECONDS)
        finally:
            self.pragma("busy_timeout", timeout)

    def rollback(self) -> None:
        """Undo the transaction, if there still is one."""
        if self.connection().in_transaction:
            super().rollback()

    def version(self) -> Any:
        """Return another value after each change that came through another connection."""
        return self.pragma("data_version")

    def index_hint(self, index: str) -> str:
        """Name the index: SQLite might choose another one."""
        return f' INDEXED BY "{index}"'

    def migrate(self) -> None:
        """Bring the schema up to date, and have the file give room back from then on."""
        super().migrate()
        with self.usable():
            if self.pragma("auto_vacuum") != INCREMENTAL:
                self._make_incremental()

    def _make_incremental(self) -> None:
        """Let the database give room back; one of an earlier release is written anew for it."""
        # Not at each connect: it takes the lock of a writer.
        self.pragma("auto_vacuum", INCREMENTAL)
        try:
            self.execute_sql("VACUUM")
        except OperationalError as error:  # no room for a copy, or in use: it works as it is
            log.warning("the database keeps its size for now", extra={"error": str(error)})

    def tidy(self) -> None:
        """Give back room that is no longer needed, in a step that others hardly notice.

        Of the database, only what exceeds a tenth of it: the rest serves new rows. The log begins
        again by itself unless there always are readers: then they are waited for, for a moment.
        """
        with self.connection_context():  # closed then, with its timeout
            self.pragma("busy_timeout", PROBE_MILLISECONDS)
            free, pages = self.pragma("freelist_count"), self.pragma("page_count")
            if free > max(STEP_PAGES, pages // 10):
                with __exception_wrapper__:  # a script: in Python 3.11, a statement frees one page
                    script = f"PRAGMA incremental_vacuum({STEP_PAGES})"
                    self.connection().executescript(script)
            journal = Path(f"{self.database}-wal")
            if journal.exists() and journal.stat().st_size > LOG_BYTES:
                self.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def probe(self) -> None:
        """Try what a claim does, without waiting long or writing."""
        with self.connection_context():  # closed then: the timeout is for this question alone
            self.pragma("busy_timeout", PROBE_MILLISECONDS)
            with self.atomic():
                self.execute_sql("UPDATE download SET attempts = attempts WHERE 0")

    def check(self) -> None:
        """Have SQLite read the whole database, and write to it."""
        try:
            with self.usable(), __exception_wrapper__:  # rows that come later may fail, too
                found = str(self.pragma("quick_check"))
                with self.atomic():
                    self.pragma("user_version", self.pragma("user_version"))
        except DatabaseError as error:
            found = str(error)
        if found != "ok":
            raise ConfigurationError(
                f"the database {self.database} is damaged ({' '.join(found.split())}):"
                " restore a backup of the storage folder, or save what `sqlite3 … .recover` can"
                " read"
            )

    def copy_to(self, path: Path) -> None:
        """Copy the database, as it is at one moment, to a new file, while others write."""
        with __exception_wrapper__, closing(sqlite3.connect(path)) as copy:
            self.connection().backup(copy)


# IMMEDIATE: a deferred transaction that turns into a write fails at once, whatever the timeout.
_sqlite = Sqlite(None, lock_type="IMMEDIATE")


def use(path: Path, *, durable: bool = True) -> None:
    """Point the models at the file `path`; each thread connects when it first asks something."""
    pragmas = {
        "journal_mode": "wal" if durable else "memory",  # nobody opens it again after a crash
        "journal_size_limit": LOG_BYTES,
        "synchronous": "full" if durable else "off",  # 202 means synced, J1
        "busy_timeout": 10_000,  # milliseconds
        "foreign_keys": 1,
        "temp_store": "memory",  # no full folder for temporary files stops a query
    }
    _sqlite.init(str(path), pragmas=pragmas)
    choose(_sqlite)
