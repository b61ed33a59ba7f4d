"""Removing what is no longer wanted: rows and the files that go with them."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from app import jobs
from app.database.ids import now
from app.database.models import JOB_KINDS, UNFINISHED, Delivery, Download, Image, Status
from app.errors import NotFound
from app.jobs.files import keys_of, remove_files
from app.storage import Storage

log = logging.getLogger(__name__)

DELIVERY_DAYS = 7  # that deliveries are kept if jobs are kept without end
STEP = 100  # jobs removed at once, so that nobody has to wait long for the database


def remove(job: Download | Image, storage: Storage) -> None:
    """Cancel a job that has not ended, remove one that has, and free its files.

    The rows go first: a crash in between leaves files that `collect` finds.

    Raises:
        NotFound: it has gone meanwhile.
    """
    remove_files(jobs.withdraw(job), storage)


def cancel(job: Download | Image, storage: Storage) -> bool:
    """Cancel a job and free its files; one that has ended stays as it is. Return which it was.

    Raises:
        NotFound: it has gone meanwhile.
    """
    cancelled = jobs.cancel(job)
    remove_files(cancelled, storage)
    return bool(cancelled)


def collect(storage: Storage) -> tuple[int, int]:
    """Remove files without rows, and rows whose file is gone; return how many of each."""
    files = 0
    for key, job_id, attempt in storage.walk("images", "archives", "thumbnails"):
        kind = Download if key.startswith("archives/") else Image
        wanted = kind.status.in_([*UNFINISHED, Status.FINISHED]) & (kind.attempts == attempt)
        if not kind.select().where(kind.id == job_id, wanted).exists():
            storage.remove(key)
            files += 1
    rows = 0
    for job in _finished():
        if not storage.exists(next(keys_of(job))):
            with suppress(NotFound):  # a client was faster
                remove(job, storage)
                rows += 1
    return files, rows


class CautiousClock:
    """The time by which jobs expire: a clock that is set ahead must not remove what is there.

    It begins a day after the newest job at the latest, and from then on is at most twice as fast
    as time passes until it has reached the system's clock.
    """

    LATE = timedelta(hours=1)  # worth a line in the log

    def __init__(
        self,
        newest: datetime | None,
        system: Callable[[], datetime] = now,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system = system
        self._elapsed = elapsed
        self._time = newest + timedelta(days=1) if newest else system()
        self._looked_at = elapsed()
        self._warned = False

    def now(self) -> datetime:
        """Return the time, never later than the system's."""
        system, passed = self._system(), self._elapsed()
        self._time = min(system, self._time + timedelta(seconds=2 * (passed - self._looked_at)))
        self._looked_at = passed
        late = system - self._time > self.LATE
        if late and not self._warned:
            log.warning(
                "expiry waits: the clock is far ahead of what was seen before",
                extra={"clock": system.isoformat(), "expiry": self._time.isoformat()},
            )
        self._warned = late
        return self._time


def expire(storage: Storage, keep_days: int, moment: datetime) -> int:
    """Remove some of what ended longer before a moment than is kept; return how many jobs."""
    delivered = moment - timedelta(days=keep_days or DELIVERY_DAYS)
    jobs.forget(jobs.ended_before(Delivery, delivered, STEP))
    if not keep_days:
        return 0
    earliest = moment - timedelta(days=keep_days)
    ended = [job for kind in JOB_KINDS for job in jobs.ended_before(kind, earliest, STEP)]
    for job in ended:
        with suppress(NotFound):  # a client was faster
            remove(job, storage)
    return len(ended)


def _finished() -> Iterator[Download | Image]:
    """Yield the jobs that should have a file, a step at a time: some are removed on the way."""
    for kind in JOB_KINDS:
        last = None
        while step := jobs.page(kind, STEP, last, status=Status.FINISHED):
            yield from (job for job in step if not getattr(job, "dry_run", False))
            last = step[-1].id
