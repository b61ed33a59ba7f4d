"""Those who wait for jobs: each client holds a thread, and one more thread looks for all of them.

The work is done by other threads, or by other processes, so the database is asked: first whether
anything has changed at all, which costs microseconds, then about all awaited jobs at once.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from uuid import UUID

from app import jobs
from app.database.models import JOB_KINDS, Download, Image, Status
from app.database.sqlite import db
from app.errors import Overloaded
from app.jobs import Standing

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1  # between two looks
UNSEEN = Standing(Status.QUEUED, found=-1)  # unlike any that a job can have


@dataclass(eq=False)
class Place:
    """Where one client waits for one job; `standing` is what it was told last, None: it is gone."""

    kind: type[Download] | type[Image]
    job_id: UUID
    standing: Standing | None = UNSEEN
    until: float = inf
    woken: threading.Event = field(default_factory=threading.Event)


class WaitingRoom:
    """The places of a process; its thread lives as long as somebody waits."""

    def __init__(
        self,
        places: int,
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stopping = stopping
        self.clock = clock
        self._most = places
        self._places: set[Place] = set()
        self._lock = threading.Lock()
        self._entered = threading.Event()
        self._version: object = None
        self._looking = False

    def enter(self, kind: type[Download] | type[Image], job_id: UUID) -> Place:
        """Take a place, to be left in the end.

        Raises:
            Overloaded: all are taken.

        """
        place = Place(kind, job_id)
        with self._lock:
            if len(self._places) >= self._most:
                raise Overloaded("too many clients wait here already")
            if not self._looking:  # first: where no thread can be had, nobody waits for it
                threading.Thread(target=self._look, name="waiting room", daemon=True).start()
                self._looking = True
            self._places.add(place)
            self._entered.set()
        return place

    def leave(self, place: Place) -> None:
        """Give a place up."""
        with self._lock:
            self._places.discard(place)

    def news(self, place: Place, seconds: float) -> Standing | None:
        """Return where the job stands when that has changed, or the time is up, or we stop."""
        db.close()  # whoever waits needs none
        place.until = self.clock() + seconds
        place.woken.wait()
        place.woken.clear()
        place.until = inf
        return place.standing

    def wait_for_end(
        self, kind: type[Download] | type[Image], job_id: UUID, seconds: float
    ) -> bool:
        """Wait until a job has ended, the time is up, or we stop; tell whether it has ended.

        Raises:
            Overloaded: all places are taken.

        """
        end = self.clock() + seconds
        place = self.enter(kind, job_id)
        try:
            while (standing := self.news(place, end - self.clock())) and not standing.is_final:
                if self.clock() >= end or self.stopping():
                    return False
            return standing is not None
        finally:
            self.leave(place)

    def turn(self) -> bool:
        """Look once, and wake those for whom there is news; tell whether anybody waits."""
        with self._lock:
            places = list(self._places)
            self._looking = bool(places)
        if not places:
            return False  # and touch nothing: another thread may look by now
        news: dict[Place, Standing | None] = {}
        try:
            news = self._news(places)
        except Exception as error:  # busy, perhaps: the next turn tries again, and time goes on
            log.warning("waiting room held up", extra={"error": str(error)})
        for place in places:
            standing = news.get(place, place.standing)
            if standing != place.standing or self.clock() >= place.until or self.stopping():
                place.standing = standing
                place.woken.set()
        return True

    def _news(self, places: list[Place]) -> dict[Place, Standing | None]:
        """Ask where the awaited jobs stand, as far as that can have changed."""
        version = db.version()
        if version == self._version:
            places = [place for place in places if place.standing == UNSEEN]
        news: dict[Place, Standing | None] = {}
        for kind in JOB_KINDS:
            if ours := [place for place in places if place.kind is kind]:
                found = jobs.standings(kind, {place.job_id for place in ours})
                news |= {place: found.get(place.job_id) for place in ours}
        self._version = version
        return news

    def _look(self) -> None:
        while self.turn():
            self._entered.wait(PAUSE_SECONDS)
            self._entered.clear()
        db.close()
