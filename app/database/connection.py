"""The database that holds the rows: `db`, and what SQLite and PostgreSQL do each in its own way."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import peewee

from app.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent.parent / "migrations"
PROBE_MILLISECONDS = 2000


class Database(peewee.Database):
    """What is asked of either database beyond what peewee writes for both.

    What stands here already is right where one transaction writes at a time, as in SQLite.
    """

    merges = True  # whether rows of several states come from one index in the order of their ids
    clock: ClassVar[peewee.SQL]  # the time of a server, as a MomentField has it; SQLite has none
    # How the codes of errors begin that are not faults of ours.
    FULL: ClassVar[tuple[str, ...]]
    BUSY: ClassVar[tuple[str, ...]]
    UNUSABLE: ClassVar[tuple[str, ...]]

    def migrate(self) -> None:
        """Bring the schema up to date; the caller sees to it that one process at a time does.

        Raises:
            ConfigurationError: it cannot be written, or a newer release has changed it.
        """
        from playhouse.migrations import Runner  # which the command's own tables do without

        with self.usable():
            runner = Runner(self, MIGRATIONS)
            unknown = [migration.name for migration in runner.status() if migration.path is None]
            if unknown:
                raise ConfigurationError(
                    f"the database {self.database} is of a newer release, which made the changes"
                    f" {', '.join(unknown)}: install that release again, or restore a backup that"
                    " was made before it"
                )
            runner.up()

    @contextmanager
    def usable(self) -> Iterator[None]:
        """Tell errors around a sound database, such as a full disk, from errors in it."""
        try:
            yield
        except peewee.OperationalError as error:
            raise ConfigurationError(
                f"the database {self.database} cannot be used: {error}"
            ) from error

    def check(self) -> None:
        """Make sure, before the service starts, that the database can be relied on.

        Raises:
            ConfigurationError: it cannot; the message says what to do.
        """
        raise NotImplementedError

    def probe(self) -> None:
        """Try what a claim does, without waiting long or writing.

        Raises:
            PeeweeException: it did not work.
        """
        raise NotImplementedError

    def tidy(self) -> None:
        """Give back room that is no longer needed, in a step that others hardly notice.

        Raises:
            PeeweeException: it did not work.
        """
        raise NotImplementedError

    def copy_to(self, path: Path) -> None:
        """Copy the database, as it is at one moment, to a new file, while others write.

        Where the rows are in PostgreSQL, nobody asks: `make_copy` of the bucket refuses.

        Raises:
            PeeweeException: it could not be read, or not be written.
        """
        raise NotImplementedError

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for each row."""
        with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
            self.cursor().executemany(sql, rows)

    def soon(self) -> Any:
        """Return a transaction as `atomic` does, for which a client waits."""
        return self.atomic()

    def version(self) -> Any:
        """Return another value after each change that came through another connection."""
        raise NotImplementedError

    def give_back(self) -> None:
        """Let others have the connection, unless each thread has its own.

        To be called at the end of a request, job or turn.
        """

    def disconnect(self) -> None:
        """Close what must not be carried over a fork."""
        self.close()

    def shard(self) -> int:
        """Return where a transaction counts, so that none waits for another."""
        return 0

    def index_hint(self, index: str) -> str:
        """Return the words by which a table is read along an index; PostgreSQL chooses better."""
        return ""

    def for_change(self, query: Any) -> Any:
        """Have a SELECT hold its rows until the transaction ends, so that nobody changes them."""
        return query

    def for_claim(self, query: Any) -> Any:
        """Have a SELECT pass over rows that others hold, and hold the rest."""
        return query

    def lock(self, *words: str) -> None:
        """Wait until no other transaction holds the lock of these words; ours holds it then."""

    def try_lock(self, *words: str) -> bool:
        """Return whether we hold the lock of these words now, until the transaction ends."""
        return True

    def is_full(self, error: peewee.PeeweeException) -> bool:
        """Return whether the disk had no room for what was to be written."""
        return _code(error).startswith(self.FULL)

    def is_busy(self, error: peewee.PeeweeException) -> bool:
        """Return whether others held the database for too long, so that it may work again."""
        return _code(error).startswith(self.BUSY)

    def is_unusable(self, error: peewee.PeeweeException) -> bool:
        """Return whether what the database stands on does not work, such as a read-only disk."""
        return _code(error).startswith(self.UNUSABLE)


def _code(error: peewee.PeeweeException) -> str:
    """Return what SQLite or PostgreSQL calls an error."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""


_proxy: Any = peewee.DatabaseProxy()
db = cast(Database, _proxy)


def choose(database: Database) -> None:
    """Have the rows in this database from now on."""
    if _proxy.obj is not database:
        _proxy.initialize(database)
