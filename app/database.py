"""The database: SQLite's settings, its migrations, its health and its copies."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from peewee import DatabaseError, OperationalError, SqliteDatabase
from playhouse.migrations import Runner

from app.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"


class Database(SqliteDatabase):
    """peewee's, but the error is the one that ended a transaction.

    SQLite rolls back by itself when the disk is full; to ask for it again is an error.
    """

    def rollback(self) -> None:
        """Undo the transaction, if there still is one."""
        if self.connection().in_transaction:  # type: ignore[no-untyped-call]
            super().rollback()


# IMMEDIATE: a deferred transaction that turns into a write fails at once, whatever the timeout.
db = Database(None, lock_type="IMMEDIATE")


def use(path: Path) -> None:
    """Point the models at the file `path`; each thread connects when it first asks something."""
    pragmas = {
        "journal_mode": "wal",
        "synchronous": "full",  # 202 means synced, J1
        "busy_timeout": 10_000,  # milliseconds
        "foreign_keys": 1,
    }
    db.init(str(path), pragmas=pragmas)


def migrate() -> None:
    """Bring the schema up to date; the caller sees to it that one process at a time does.

    Raises:
        ConfigurationError: it cannot be written.

    """
    with _usable():
        Runner(db, MIGRATIONS).up()


def check() -> None:
    """Have SQLite read the whole database, and write to it.

    Raises:
        ConfigurationError: it is damaged, or cannot be used; the message says what to do.

    """
    try:
        with _usable():
            told = str(db.pragma("quick_check"))
            with db.atomic():
                db.pragma("user_version", db.pragma("user_version"))
    except DatabaseError as error:
        told = str(error)
    if told != "ok":
        raise ConfigurationError(
            f"the database {db.database} is damaged ({' '.join(told.split())}):"
            " restore a backup of the storage folder, or save what `sqlite3 … .recover` can read"
        )


@contextmanager
def _usable() -> Iterator[None]:
    """Tell what is around a sound database, such as a full disk, from what is wrong in it."""
    try:
        yield
    except OperationalError as error:
        raise ConfigurationError(f"the database {db.database} cannot be used: {error}") from error


def copy_to(path: Path) -> None:
    """Copy the database, as it is at one moment, to a new file, while others write."""
    with closing(sqlite3.connect(path)) as copy:
        db.connection().backup(copy)  # type: ignore[no-untyped-call]
