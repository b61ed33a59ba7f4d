"""A real PostgreSQL of the tests' own: Debian's, on a port of its own, on an empty folder."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest

from app.database.connection import db
from tests.server import free_ports

ON_POSTGRESQL = bool(os.environ.get("POSTGRESQL"))  # all tests that are not of SQLite itself
SECONDS = 60  # to start, on a busy machine
USER = "postgres"  # of Debian's package; its programs refuse root


def program(name: str) -> str:
    """Return the path of one of the server's programs; skip the test where it is not installed."""
    places = [str(path) for path in Path("/usr/lib/postgresql").glob("*/bin")]
    found = shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))
    if not found:
        reason = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


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


class Postgresql:
    """A server that keeps its rows over a restart."""

    def __init__(self) -> None:
        # Not in a folder of pytest, which each start of it closes to other users.
        self._temporary = TemporaryDirectory(prefix="postgresql-")
        folder = Path(self._temporary.name)
        self._data = folder / "data"
        self._log = folder / "log"
        self.port = free_ports(1)[0]
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        self._options = [
            *("-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1"),
            *("-c", "unix_socket_directories=", "-c", "max_connections=100"),
        ]
        self._as: list[str] = []
        if os.geteuid() == 0:
            self._as = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
            os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
        subprocess.run(
            [
                *(*self._as, program("initdb"), "-D", self._data, "-A", "trust", "-U", USER),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
        )

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._as, program("postgres"), "-D", self._data, *self._options],
                stdout=log,
                stderr=log,
                cwd=self._data.parent,
            )
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(SECONDS * 10):
            if subprocess.run([*ready, "-t", "1"], check=False).returncode == 0:
                return
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError(self._log.read_text()[-3000:])

    def kill(self) -> None:
        """Kill it with all that it started, as a power cut would."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in [self.process.pid, *map(int, children.split())]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it at once, connections and all."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._temporary.cleanup()
