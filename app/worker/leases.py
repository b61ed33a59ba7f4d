"""Which processes are at work on the jobs, where these are on several machines.

Each process renews its row, by a thread of its own and by the database's clock. A row that was not
renewed for a while is removed by the others: its process is dead, and stays so.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from peewee import PeeweeException

from app.database.connection import db
from app.database.models import Process

log = logging.getLogger(__name__)

RENEW_SECONDS = 2.0
LEASE_SECONDS = 8  # of silence, after which a process is dead
LATE_SECONDS = LEASE_SECONDS / 2  # of our own: others may have been silent for twice as long


class LeaseRegistry:
    """The live processes that share a database, this one among them: there it is called `name`.

    A process that was removed alive, after a long pause or behind a cut network, goes on under a
    new name; the claims of the old one are lost. `clean` frees what a dead process left behind.
    """

    def __init__(
        self, clean: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = ""
        self._clean = clean
        self._clock = clock
        self._renewed_at = 0.0
        self._cautious_until = 0.0
        self._stopped = threading.Event()
        self._renewer = threading.Thread(target=self._run, name="lease", daemon=True)

    def register(self) -> str:
        """Enter this process under a new name until `unregister` or its death; return the name."""
        self._renewed_at = self._clock()
        self._cautious_until = self._renewed_at + LEASE_SECONDS
        self._enter()
        self._renewer.start()
        return self.name

    def _enter(self) -> None:
        name = uuid4().hex
        Process.insert(name=name, seen_at=db.clock).execute()
        self.name = name

    def unregister(self) -> None:
        """Leave; jobs that are still claimed by this name are free for others."""
        self._stopped.set()
        if self._renewer.is_alive():
            self._renewer.join()
        with suppress(PeeweeException):  # it will be found dead
            Process.delete().where(Process.name == self.name).execute()
        db.close()

    def is_alive(self, name: str) -> bool:
        """Return whether the process of that name lives; once dead, it stays so."""
        return Process.select().where(Process.name == name).exists()

    def is_known(self) -> bool:
        """Return whether others know this process to be alive: else they would take its claims."""
        return self._clock() - self._renewed_at <= LATE_SECONDS

    def remove_dead(self) -> None:
        """Remove dead processes, unless ours has been silent as long as they may have been.

        Else the first that is back after a failure of the database would remove all others.
        """
        if self._clock() < self._cautious_until or not self.is_known():
            return
        silent = Process.seen_at < db.clock - LEASE_SECONDS * 1_000_000
        for dead in Process.delete().where(silent).returning(Process.name).execute():
            self._clean(dead.name)

    def renew(self) -> None:
        """Say that this process lives.

        Raises:
            PeeweeException: the database cannot be reached.
        """
        moment = self._clock()
        known = Process.update(seen_at=db.clock).where(Process.name == self.name).execute()
        if not known:
            log.warning("removed as dead, goes on as another", extra={"name_before": self.name})
            self._enter()
        if not known or moment - self._renewed_at > LATE_SECONDS:
            self._cautious_until = self._clock() + LEASE_SECONDS
        self._renewed_at = moment

    def _run(self) -> None:
        while not self._stopped.wait(RENEW_SECONDS):
            try:
                self.renew()
            except PeeweeException as error:
                log.warning("lease held up", extra={"error": str(error)})
                db.close()  # else its connection is kept: no request takes it away
        db.close()
