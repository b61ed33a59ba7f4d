"""Which jobs run in this process, so that none of them holds up the others."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from app.database.models import Claimable, Delivery
from app.jobs import Turn

SUSPECT_SECONDS = 30.0  # that a suspect runs without another one beside it


@dataclass
class Seat:
    """A job at work: since when, and whether it has to make room for another."""

    client: str | None
    site: str | None
    since: float
    suspect: bool
    yields: bool = False


class Seats:
    """The seats of a process.

    One client holds at most half of them while jobs of others wait, and so does one site. What they
    hold beyond that is lent, and the last of these jobs gives its seat back. Clients take turns. A
    job whose process died runs without another such job for a while, so that what kills its process
    does not take the same innocent ones along each time; and deliveries, whose receivers may let us
    wait, hold half of the seats at most.
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

    def turn(self, kind: type[Claimable]) -> Turn:
        """Return who is next."""
        with self._lock:
            suspects = [seat.since for seat in self._taken.values() if seat.suspect]
            return self._holders(self._share)._replace(
                after=self._last_client.get(kind, ""),
                suspects=all(self._clock() - since > SUSPECT_SECONDS for since in suspects),
            )

    def _holders(self, least: int) -> Turn:
        """Return the sites and the clients that hold so many seats."""
        return Turn(
            crowded=_frequent((seat.site for seat in self._taken.values()), least),
            served=_frequent((seat.client for seat in self._taken.values()), least),
        )

    def take(self, job: Claimable) -> None:
        """Seat a claimed job."""
        site = None if isinstance(job, Delivery) else job.site
        with self._lock:
            self._taken[job.id] = Seat(job.client, site, self._clock(), suspect=job.crashes > 0)
            self._last_client[type(job)] = job.client or ""

    def leave(self, job: Claimable) -> None:
        """Free the seat of a job."""
        with self._lock:
            self._taken.pop(job.id, None)

    def has(self, job: Claimable) -> bool:
        """Return whether a job has a seat."""
        with self._lock:
            return job.id in self._taken

    def busy(self) -> bool:
        """Return whether any job has a seat."""
        with self._lock:
            return bool(self._taken)

    def full(self) -> bool:
        """Return whether no seat is free."""
        with self._lock:
            return len(self._taken) >= self._count

    def reclaim(self, rank: int) -> None:
        """Have the last job on a lent seat give it back, for one that stands less far back."""
        with self._lock:
            if any(seat.yields for seat in self._taken.values()):
                return
            above = self._holders(self._share + 1)
            lent = [seat for seat in self._taken.values() if seat.site and above.rank(seat) > rank]
            if lent:
                max(lent, key=lambda seat: seat.since).yields = True

    def yields(self, job: Claimable) -> bool:
        """Return whether a job has to give its seat back."""
        seat = self._taken.get(job.id)
        return seat is not None and seat.yields


def _frequent(names: Iterable[str | None], least: int) -> tuple[str, ...]:
    counts = Counter(name for name in names if name)
    return tuple(sorted(name for name, count in counts.items() if count >= least))
