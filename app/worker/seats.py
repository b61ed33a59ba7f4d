"""Which jobs run in this process, so that none of them holds up the others."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from app.database.models import Delivery, Download, Image
from app.jobs import Turn

SUSPECT_SECONDS = 30.0  # that a suspect runs without another one beside it


@dataclass
class Seat:
    """A job at work: since when, and whether it has to make room for another site's."""

    site: str | None
    since: float
    suspect: bool
    yields: bool = False


class Seats:
    """The seats of a process.

    One site holds at most half of them while jobs of others wait: what it holds beyond that is
    lent, and the last of these jobs gives its seat back. Clients take turns. A job whose process
    died runs without another such job for a while, so that what kills its process does not take the
    same innocent ones along each time; and deliveries, whose receivers may let us wait, hold half
    of the seats at most.
    """

    def __init__(self, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._share = max(1, count // 2)
        self._clock = clock
        self._taken: dict[UUID, Seat] = {}
        self._last_client: dict[type, str] = {}
        self._lock = threading.Lock()
        self.deliveries = threading.BoundedSemaphore((count + 1) // 2)
        self.claiming = threading.Lock()  # from a look at the seats to the claim

    def turn(self, kind: type[Download] | type[Image] | type[Delivery]) -> Turn:
        """Return who is next."""
        with self._lock:
            suspects = [seat.since for seat in self._taken.values() if seat.suspect]
            return Turn(
                after=self._last_client.get(kind, ""),
                suspects=all(self._clock() - since > SUSPECT_SECONDS for since in suspects),
                crowded=self._crowded(self._share),
            )

    def _crowded(self, least: int) -> tuple[str, ...]:
        held = Counter(seat.site for seat in self._taken.values() if seat.site)
        return tuple(sorted(site for site, count in held.items() if count >= least))

    def take(self, job: Download | Image | Delivery) -> None:
        """Seat a claimed job."""
        site = None if isinstance(job, Delivery) else job.site
        with self._lock:
            self._taken[job.id] = Seat(site, self._clock(), suspect=job.crashes > 0)
            self._last_client[type(job)] = job.client or ""

    def leave(self, job: Download | Image | Delivery) -> None:
        """Free the seat of a job."""
        with self._lock:
            self._taken.pop(job.id, None)

    def busy(self) -> bool:
        """Return whether any job has a seat."""
        with self._lock:
            return bool(self._taken)

    def lent(self) -> Turn | None:
        """Return the turn of jobs that could have a lent seat; None while a seat is free."""
        with self._lock:
            if len(self._taken) < self._count:
                return None
            crowded = self._crowded(self._share + 1)
            return Turn(crowded=crowded) if crowded else None

    def reclaim(self) -> None:
        """Have the last job that holds a lent seat give it back."""
        with self._lock:
            if any(seat.yields for seat in self._taken.values()):
                return
            crowded = self._crowded(self._share + 1)
            lent = [seat for seat in self._taken.values() if seat.site in crowded]
            if lent:
                max(lent, key=lambda seat: seat.since).yields = True

    def yields(self, job: Download | Image | Delivery) -> bool:
        """Return whether a job has to give its seat back."""
        seat = self._taken.get(job.id)
        return seat is not None and seat.yields
