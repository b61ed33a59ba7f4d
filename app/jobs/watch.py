"""Clients that wait for jobs: each holds a thread, and one more thread looks for all of them.

The work is done by other threads, or by other processes, so the database is asked: first whether
anything has changed at all, which costs microseconds, then about all awaited jobs at once.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from uuid import UUID

from app import jobs
from app.database.connection import db
from app.database.models import JOB_KINDS, JobKind, Status
from app.errors import Overloaded
from app.jobs import Standing

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1  # between two looks
UNSEEN = Standing(Status.QUEUED, found=-1)  # unlike any that a job can have


def _never() -> bool:
    return False


@dataclass(eq=False)
class Subscription:
    """One client that waits for one job; `standing` is the last one seen, None: the job is gone."""

    kind: JobKind
    job_id: UUID
    client: str = ""
    has_left: Callable[[], bool] = _never
    given_up: bool = False  # to another client
    standing: Standing | None = UNSEEN
    until: float = inf
    woken: threading.Event = field(default_factory=threading.Event)


class JobWatcher:
    """The subscriptions of a process, up to a number; its thread lives while there are any.

    When all places are taken, who has left gives one up, or who has most to who has fewer.
    """

    def __init__(
        self,
        most: int,
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stopping = stopping
        self.clock = clock
        self._most = most
        self._subscriptions: dict[Subscription, None] = {}  # the oldest first
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self._version: object = None
        self._looking = False

    def subscribe(
        self, kind: JobKind, job_id: UUID, client: str = "", has_left: Callable[[], bool] = _never
    ) -> Subscription:
        """Add a subscription; the caller ends it by `unsubscribe`.

        Raises:
            Overloaded: there are too many.
        """
        subscription = Subscription(kind, job_id, client, has_left)
        with self._lock:
            if len(self._subscriptions) >= self._most:
                self._make_room(client)
            if not self._looking:  # first: if no thread can start, no client waits for it
                threading.Thread(target=self._run, name="job watcher", daemon=True).start()
                self._looking = True
            self._subscriptions[subscription] = None
            self._subscribed.set()
        return subscription

    def _make_room(self, client: str) -> None:
        """Take the places of those who have left, or else one from the client with most."""
        gone = [each for each in self._subscriptions if each.has_left()]
        for each in gone or [self._oldest_of_greedy(client)]:
            del self._subscriptions[each]
            each.given_up = True
            each.woken.set()

    def _oldest_of_greedy(self, client: str) -> Subscription:
        """Return one of the client with most, if it has more than this one will have."""
        places = Counter(each.client for each in self._subscriptions)
        [(greedy, most)] = places.most_common(1) or [("", 0)]
        if most <= places[client] + 1:
            raise Overloaded("too many clients wait here already")
        return next(each for each in self._subscriptions if each.client == greedy)

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription."""
        with self._lock:
            self._subscriptions.pop(subscription, None)
        db.give_back()

    def next_change(self, subscription: Subscription, seconds: float) -> Standing | None:
        """Return where the job stands when that has changed, the time is up, or we stop."""
        db.close()  # a waiting client needs no connection
        subscription.until = self.clock() + seconds
        subscription.woken.wait()
        subscription.woken.clear()
        subscription.until = inf
        return subscription.standing

    def wait_for_end(
        self,
        kind: JobKind,
        job_id: UUID,
        seconds: float,
        client: str = "",
        has_left: Callable[[], bool] = _never,
    ) -> bool:
        """Wait until a job has ended, the time is up, or we stop; return whether it has ended.

        Raises:
            Overloaded: there are too many subscriptions.
        """
        end = self.clock() + seconds
        ours = self.subscribe(kind, job_id, client, has_left)
        try:
            while (
                standing := self.next_change(ours, end - self.clock())
            ) and not standing.is_final:
                if self.clock() >= end or self.stopping() or ours.given_up:
                    return False
            return standing is not None
        finally:
            self.unsubscribe(ours)

    def look(self) -> bool:
        """Look once, and wake the clients whose job has changed; return whether any wait."""
        with self._lock:
            waiting = list(self._subscriptions)
            self._looking = bool(waiting)
        if not waiting:
            return False  # and touch nothing: another thread may look by now
        standings: dict[Subscription, Standing | None] = {}
        try:
            standings = self._standings(waiting)
        except Exception as error:  # busy, perhaps: the next look tries again, and time goes on
            log.warning("job watcher held up", extra={"error": str(error)})
            db.close()  # it may have ended
        db.give_back()
        for each in waiting:
            standing = standings.get(each, each.standing)
            if standing != each.standing or self.clock() >= each.until or self.stopping():
                each.standing = standing
                each.woken.set()
        return True

    def _standings(self, waiting: Iterable[Subscription]) -> dict[Subscription, Standing | None]:
        """Ask where the awaited jobs stand, as far as that can have changed."""
        version = db.version()
        if version == self._version:
            waiting = [each for each in waiting if each.standing == UNSEEN]
        standings: dict[Subscription, Standing | None] = {}
        for kind in JOB_KINDS:
            if ours := [each for each in waiting if each.kind is kind]:
                found = jobs.standings(kind, {each.job_id for each in ours})
                standings |= {each: found.get(each.job_id) for each in ours}
        self._version = version
        return standings

    def _run(self) -> None:
        while self.look():
            self._subscribed.wait(PAUSE_SECONDS)
            self._subscribed.clear()
        db.close()
