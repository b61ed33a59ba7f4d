"""What may be added: beyond that, a POST is refused before it writes anything."""

import threading
import time
from collections.abc import Callable

from app import jobs
from app.database.models import CLAIMABLE
from app.errors import Overloaded, StorageFull

FRESH_SECONDS = 1.0  # how long a count is good for; to count 100,000 takes 8 ms


def _count(most: int) -> int:
    return sum(jobs.count_queued(kind, most) for kind in CLAIMABLE)


class Capacity:
    """What may still be added; `most` jobs and callbacks may wait together, 0: any number.

    Between two counts of the queue it knows what this process adds, not what siblings do: several
    of them may pass the limit by what they add within a second.
    """

    def __init__(
        self,
        most: int,
        count: Callable[[int], int] = _count,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._count = count
        self._clock = clock
        self._queued = 0
        self._stale_at = clock()
        self._lock = threading.Lock()

    def admit(self, count: int) -> None:
        """Let in so many new jobs.

        Raises:
            Overloaded: too many would wait.
        """
        if not self._most:
            return
        with self._lock:
            if self._clock() >= self._stale_at:
                self._queued = self._count(self._most)
                self._stale_at = self._clock() + FRESH_SECONDS
            if self._queued + count > self._most:
                raise Overloaded(f"no more than {self._most} jobs may wait; try again later")
            self._queued += count


def require_room(free: int, least: int) -> None:
    """Refuse what is new while too little of the disk is free.

    Raises:
        StorageFull: so it is.
    """
    if free < least:
        raise StorageFull(
            f"{free} bytes are free, and DOWNLOADER_MIN_FREE_BYTES keeps {least}: delete what is no"
            " longer needed; what is stored can be fetched all the while"
        )
