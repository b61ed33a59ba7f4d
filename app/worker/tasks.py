"""From the claim of a job to its end, whatever happens on the way."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta

from peewee import OperationalError

from app import jobs
from app.database.ids import now
from app.database.models import CLAIMABLE, JOB_KINDS, Claimable, Delivery, Download
from app.errors import Failure, Interrupted, StorageUnreachable, TooMuchStored, Unexpected
from app.fetch import Fetcher, Held, JobTime, Report, unreported
from app.jobs.files import remove_files
from app.settings import Settings
from app.storage import Storage
from app.worker.cut import Cut
from app.worker.handlers import Handlers
from app.worker.processes import Registry
from app.worker.seats import Seats

log = logging.getLogger(__name__)


class Tasks:
    """The work of one process; `stopping` says when it has to end, `report` counts fetches."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        processes: Registry,
        stopping: Callable[[], bool],
        report: Report = unreported,
    ) -> None:
        self.settings = settings
        self.storage = storage
        self._processes = processes
        self._stopping = stopping
        self._report = report
        self._handlers = Handlers(settings, storage)
        self._storage_works = True
        self.seats = Seats(settings.job_threads)
        # Deliveries wait as long as there is nothing to sign them with.
        self.kinds: Sequence[type[Claimable]] = CLAIMABLE if settings.webhook_secret else JOB_KINDS

    def turn(self, kinds: Iterable[type[Claimable]]) -> bool:
        """Claim one job, of the first kind that has any, and do it; tell whether there was one."""
        if not self._processes.is_known():
            return False
        for kind in kinds:
            if kind is not Delivery and not (self._storage_works and self._has_room()):
                continue  # else each job would ask its origins again, for nothing
            with ExitStack() as held:
                job = self._claim(kind, held)
                if job:
                    self.run(job)
                    return True
        return False

    def _claim(self, kind: type[Claimable], held: ExitStack) -> Claimable | None:
        """Claim the job whose turn it is, and seat it."""
        if kind is Delivery:
            if not self.seats.deliveries.acquire(blocking=False):
                return None
            held.callback(self.seats.deliveries.release)
        with self.seats.claiming:
            job = jobs.claim(kind, self._processes.name, self.seats.turn(kind))
            if job:
                self.seats.take(job)
                held.callback(self.seats.leave, job)
        return job

    def make_room(self) -> None:
        """Take a seat back from a client or site that holds too many while jobs of others wait."""
        if self.seats.full() and (rank := jobs.least_rank(self.seats.turn(Download))) is not None:
            self.seats.reclaim(rank)

    def run(self, job: Claimable) -> None:
        """Bring a claimed job to its end, whatever happens on the way.

        Raises:
            OperationalError: the database does not take the end; `rescue` has to try again.
        """
        started = time.monotonic()
        try:
            self._run(job)
            outcome = job.status
        except jobs.LostClaim:
            self._clear(job)
            outcome = "withdrawn"
        log.info(
            "job %s",
            outcome,
            extra={
                "kind": type(job).__name__.lower(),
                "id": str(job.id),
                "attempt": job.attempts,
                "seconds": round(time.monotonic() - started, 3),
                "error": job.error_code,
                "detail": job.error_detail,
            },
        )

    def rescue(self) -> None:
        """Hand back what is claimed for this process and has no seat.

        The database did not take the end of such a job, or took its claim and could not say so.
        What the database does not know of its time is not counted.
        """
        with self.seats.claiming:
            claimed = jobs.claimed_by(self._processes.name)
            lost = [job for job in claimed if not self.seats.has(job)]
        for job in lost:
            with suppress(jobs.LostClaim):
                jobs.hand_back(job)

    def try_storage(self) -> None:
        """Let jobs be claimed again, once a storage that did not work does."""
        if not self._storage_works:
            with suppress(StorageUnreachable):
                self.storage.probe()
                self._storage_works = True

    def _run(self, job: Claimable) -> None:
        job_time = self._time_of(job)
        try:
            cut = Cut(job, lambda: self._has_to_end(job))
            with Fetcher(self.settings, cut, report=self._report, job_time=job_time) as fetcher:
                self._handlers.handle(job, fetcher, cut)
        except (Interrupted, StorageUnreachable) as error:
            if isinstance(error, StorageUnreachable):
                self._storage_works = False
            job.spent_seconds = job_time.spent()
            jobs.hand_back(job)
        except Held as held:
            self._hold(job, held, job_time)
        except Failure as failure:
            jobs.fail(job, failure)
            if isinstance(failure, TooMuchStored):
                self._clear(job)
        except (jobs.LostClaim, OperationalError):
            raise
        except Exception:
            log.exception("job broke", extra={"id": str(job.id)})
            jobs.fail(job, Unexpected("an error of this service; its log has the details"))

    def _has_to_end(self, job: Claimable) -> bool:
        """Tell whether a job is to be handed back; one that stores nothing needs no room."""
        no_room = not (isinstance(job, Delivery) or self._has_room())
        return self._stopping() or self.seats.yields(job) or no_room

    def _has_room(self) -> bool:
        return self.storage.free_bytes() >= self.settings.min_free_bytes

    def _time_of(self, job: Claimable) -> JobTime:
        if isinstance(job, Delivery):  # each try is bounded, and so is the time of all
            return JobTime()
        return JobTime(self.settings.job_seconds, job.spent_seconds or 0, job.paused_seconds or 0)

    def _hold(self, job: Claimable, held: Held, job_time: JobTime) -> None:
        """Queue a job until a host may be asked again, if it has not waited for long enough."""
        seconds = job_time.free(held.left())
        if isinstance(job, Delivery) or not seconds:
            jobs.fail(job, held)
            return
        job.spent_seconds, job.paused_seconds = job_time.spent(), job_time.paused() + seconds
        jobs.pause(job, held.host, now() + timedelta(seconds=seconds))

    def _clear(self, job: Claimable) -> None:
        """Free what a job stored that was withdrawn meanwhile."""
        if not isinstance(job, Delivery):
            remove_files([job], self.storage)
