"""A real PostgreSQL of the tests' own: Debian's, on a port of its own, on an empty folder."""

import os
import pwd
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from app.database.connection import db
from tests import server

ON_POSTGRESQL = bool(os.environ.get("POSTGRESQL"))  # all tests that are not of SQLite itself
USER = "postgres"  # of Debian's package; its programs refuse root


def program(name: str) -> str:
    """Return the path of one of the server's programs; skip the test where it is not installed."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return server.program(name, "apt-get install postgresql", *folders)


def use_postgresql(url: str) -> None:
    """Have the rows of this process in a database, which gets its tables if it has none."""
    from app.database import postgres  # elsewhere psycopg cannot be imported

    postgres.use(url, connections=24)
    db.migrate()


def empty() -> None:
    """Remove all rows."""
    tables = [name for name in db.get_tables() if name != "schema_migration"]
    removals = "; ".join(f"DELETE FROM {name}" for name in tables)
    # Not TRUNCATE, which syncs some 50 files. References are not looked after meanwhile.
    db.execute_sql(f"SET LOCAL session_replication_role = replica; {removals}")
    db.disconnect()


class Postgresql(server.Server):
    """A PostgreSQL on a port of its own."""

    def __init__(self) -> None:
        # Not in a folder of pytest, which each start of it closes to other users.
        self._temporary = TemporaryDirectory(prefix="postgresql-")
        super().__init__(Path(self._temporary.name))
        self._data = self.folder / "data"
        [self._port] = server.free_ports(1)
        self.url = f"postgresql://{USER}@127.0.0.1:{self._port}/postgres"
        self._as: list[str] = []
        if os.geteuid() == 0:
            self._as = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
            os.chown(self.folder, pwd.getpwnam(USER).pw_uid, -1)
        subprocess.run(
            [
                *(*self._as, program("initdb"), "-D", self._data, "-A", "trust", "-U", USER),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
        )

    def command(self) -> list[str | Path]:
        return [
            *(*self._as, program("postgres"), "-D", self._data, "-c", f"port={self._port}"),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            *("-c", "max_connections=100"),
        ]

    def is_ready(self) -> bool:
        where = ["-h", "127.0.0.1", "-p", f"{self._port}", "-t", "1"]
        asked = subprocess.run([program("pg_isready"), "-q", *where], check=False)
        return asked.returncode == 0

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)  # at once, connections and all
        self.process.wait()
        self._temporary.cleanup()
