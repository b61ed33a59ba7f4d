"""The rows in PostgreSQL, where more than one machine works on them."""

import json
import secrets
import select
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from peewee import (  # type: ignore[attr-defined]
    SQL,
    InterfaceError,
    InternalError,
    OperationalError,
    PeeweeException,
    PostgresqlDatabase,
    __exception_wrapper__,
)
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import StrDumperUnknown

from app.database.connection import PROBE_MILLISECONDS, Database, choose
from app.errors import ConfigurationError

WAIT_SECONDS = 10  # for a connection that another thread gives back, as for SQLite's lock
AGAIN_SECONDS = 1.0  # after a connection was refused; until then, nobody else waits for one
OLDEST = 14  # release of PostgreSQL
# Where the URL says nothing: a host that is cut off is noticed in seconds, not in minutes.
CONNECTION = {
    "application_name": "image-downloader",
    "connect_timeout": 3,  # seconds
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,  # milliseconds
}
SCATTERED = 1000  # counts that are worth it
FOLD = """
    WITH gone AS (DELETE FROM tally WHERE shard > 0 RETURNING kind, state, reason, count)
    INSERT INTO tally (kind, state, reason, shard, count)
    SELECT kind, state, reason, 0, SUM(count) FROM gone GROUP BY kind, state, reason
    ON CONFLICT (kind, state, reason, shard) DO UPDATE SET count = tally.count + excluded.count
"""


class _Text(StrDumperUnknown):
    """What strangers' pages say may have a NUL, which PostgreSQL refuses in text."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


class Postgres(PooledPostgresqlDatabase, Database):  # type: ignore[misc]
    """peewee's pool; the connection of a thread is given back after each request, job or turn."""

    FULL = ("53100",)  # SQLSTATE disk_full
    UNUSABLE = ("25006",)  # read_only_sql_transaction, of a replica
    merges = False  # it sorts them all, and has indexes without the state instead
    clock = SQL("(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint")
    field_types = {  # noqa: RUF012
        **PostgresqlDatabase.field_types,
        "FLOAT": "DOUBLE PRECISION",  # as in SQLite; REAL keeps seven digits
        "TEXT": 'TEXT COLLATE "C"',  # by code points, as in SQLite: claims walk along clients
    }

    def __init__(self) -> None:
        super().__init__(None)
        self._refused_until = 0.0

    def init(self, database: Any, **parameters: Any) -> None:
        """Name another database."""
        self._refused_until = 0.0
        super().init(database, **parameters)

    def connect(self, reuse_if_open: bool = False) -> Any:
        """Take a connection from the pool, or wait for one.

        Raises:
            OperationalError: there is none.
        """
        try:
            return super().connect(reuse_if_open)
        except MaxConnectionsExceeded as error:
            raise OperationalError(str(error)) from error

    def _connect(self) -> Any:
        """Connect, one thread at a time: those behind one that failed do not wait as long again."""
        if time.monotonic() < self._refused_until:
            raise OperationalError("the database could not be reached a moment ago")
        try:
            connection = super()._connect()
        except psycopg.OperationalError:
            self._refused_until = time.monotonic() + AGAIN_SECONDS
            raise
        connection.adapters.register_dumper(str, _Text)
        return connection

    def _is_closed(self, connection: Any) -> bool:
        """Return whether a connection of the pool has ended: an idle one has nothing to read."""
        if connection.closed:
            return True
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if poll.poll(0):
            connection.close()
        return bool(connection.closed)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Execute a statement.

        Raises:
            OperationalError: it may work another time.
        """
        with _operational():
            return super().execute_sql(sql, params)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for each row."""
        with _operational():
            super().execute_many(sql, rows)

    @contextmanager
    def soon(self) -> Iterator[None]:
        """Enter a transaction that waits once for all its statements; their errors come at its end.

        A thread that waits for each of them has to wait for the other threads each time, too.
        """
        with _operational(), __exception_wrapper__:
            pipeline = self.connection().pipeline()
            with pipeline as statements, self.atomic():
                try:
                    yield
                finally:
                    statements.sync()  # an error in them comes before the transaction ends

    def rollback(self) -> None:
        """Undo the transaction, if its connection has not ended."""
        if not self.connection().closed:
            super().rollback()

    def version(self) -> Any:
        """Return another value after each change; a position of the log moves before it is seen."""
        return self.execute_sql("SELECT pg_current_snapshot()::text").fetchone()

    def give_back(self) -> None:
        """Give the connection of this thread back to the pool."""
        if not self.is_closed() and not self.in_transaction():
            self.close()

    def disconnect(self) -> None:
        """Close the connections that nobody uses, and that of this thread."""
        super().disconnect()
        self.close_idle()

    def shard(self) -> int:
        """Return one that no other transaction has; `tidy` puts them together."""
        return secrets.randbits(62) + 1

    def for_change(self, query: Any) -> Any:
        """Have the rows wait for others that change them, and others for us."""
        return query.for_update()

    def for_claim(self, query: Any) -> Any:
        """Pass over the rows that others claim."""
        return query.for_update("FOR UPDATE SKIP LOCKED")

    def lock(self, *words: str) -> None:
        """Wait until no other transaction holds the lock of these words; ours holds it then."""
        name = json.dumps(words)
        self.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))

    def try_lock(self, *words: str) -> bool:
        """Return whether we hold the lock of these words now, until the transaction ends."""
        sql = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
        return bool(self.execute_sql(sql, (json.dumps(words),)).fetchone()[0])

    def migrate(self) -> None:
        """Bring the schema up to date, in one transaction; who else wants to do it waits."""
        with self.usable(), self.atomic():
            self.lock("migration")
            super().migrate()

    def tidy(self) -> None:
        """Put counts together that transactions wrote each for itself; autovacuum does the rest."""
        some = "SELECT 1 FROM tally WHERE shard > 0 LIMIT %s"
        with self.connection_context():
            if len(self.execute_sql(some, (SCATTERED,)).fetchall()) == SCATTERED:
                self.execute_sql(FOLD)

    def probe(self) -> None:
        """Try what a claim does, without waiting long or writing."""
        with self.atomic():
            self.execute_sql(f"SET LOCAL statement_timeout = {PROBE_MILLISECONDS}")
            self.execute_sql("UPDATE download SET attempts = attempts WHERE FALSE")

    def check(self) -> None:
        """Look at the server; it looks after its rows by itself."""
        with self.usable():
            encoding, is_replica, fsync = self.execute_sql(
                "SELECT current_setting('server_encoding'), pg_is_in_recovery(),"
                " current_setting('fsync')"
            ).fetchone()
            release = self.connection().info.server_version // 10_000
        faults = {
            f"it is PostgreSQL {release}: {OLDEST} or newer is needed": release < OLDEST,
            f"its encoding is {encoding}: create it with UTF8": encoding != "UTF8",
            "it is a replica, which cannot be written: name the primary": is_replica,
            "its server runs with fsync off, and may lose everything: turn it on": fsync == "off",
        }
        for fault, found in faults.items():
            if found:
                raise ConfigurationError(f"the database {self.database} cannot be used: {fault}")

    def is_busy(self, error: PeeweeException) -> bool:
        """Return whether it may work another time; it is so with all errors of operation."""
        return isinstance(error, OperationalError)


@contextmanager
def _operational() -> Iterator[None]:
    """Have one error for all ways in which a server ends a connection, or refuses to write."""
    try:
        yield
    except (InternalError, InterfaceError) as error:
        raise OperationalError(getattr(error, "orig", error), *error.args) from error


_postgres = Postgres()


def use(url: str, connections: int) -> None:
    """Point the models at the database of a URL, by so many connections at most.

    Raises:
        ConfigurationError: it is no such URL.
    """
    try:
        parameters: dict[str, Any] = CONNECTION | conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # which repeats the URL, and so the password
        raise ConfigurationError(
            '"DOWNLOADER_DATABASE_URL" is not as PostgreSQL writes it:'
            " postgresql://user:password@host:port/name?parameter=value"
        ) from None
    name = parameters.pop("dbname", parameters.get("user", "postgres"))
    _postgres.init(name, max_connections=connections, timeout=WAIT_SECONDS, **parameters)
    choose(_postgres)
