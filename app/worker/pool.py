"""What runs the jobs: a thread pool in each process of the service.

The rows are the truth and `submit` only a nudge, so a lost one costs a moment and never a job,
and a million queued rows cost no memory.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from peewee import OperationalError

from app import jobs
from app.database.connection import db
from app.database.models import Image
from app.fetch import Report, unreported
from app.jobs import cleanup
from app.settings import Settings
from app.storage import Storage
from app.worker.processes import open_registry
from app.worker.tasks import Tasks
from app.worker.thumbnails import THREADS, ThumbnailQueue

log = logging.getLogger(__name__)

LATE_SECONDS = 60.0  # a turn of the watch may wait for a busy database; this is too long
WATCH_SECONDS = 1.0  # how soon jobs of dead siblings, and lost nudges, are noticed


class PoolEngine:
    """`job_threads` seats of this process, each taking one job after another.

    Where the storage is new, nothing was left behind that would have to be looked for at once.
    """

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        clock: Callable[[], float] = time.monotonic,
        report: Report = unreported,
        *,
        is_new: bool = False,
    ) -> None:
        self.settings = settings
        self.storage = storage
        self._clock = clock
        self.stopping = False  # whether the process is about to end
        self.processes = open_registry(settings, storage.remove_parts)
        self._tasks = Tasks(settings, storage, self.processes, lambda: self.stopping, report)
        self._thumbnails = ThumbnailQueue(storage, lambda: self.stopping)
        self._thumbnail_pool = ThreadPoolExecutor(THREADS, "thumbnail")  # started when needed
        self._seats = threading.BoundedSemaphore(settings.job_threads)
        self._pool = ThreadPoolExecutor(max(1, settings.job_threads), "job")  # as well
        self._started = False
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._turned_at: float | None = None
        self._expiry: cleanup.CautiousClock | None = None
        self._stopped = threading.Event()
        self._is_new = is_new
        self._starting = threading.Lock()

    def start(self) -> None:
        """Begin to work, with the jobs that a dead process left unfinished.

        To be called in the process that works: threads do not survive a fork.
        """
        with self._starting:
            if not (self._started or self.stopping):
                self._begin()
                self._started = True

    def _begin(self) -> None:
        self.storage.open_parts(self.processes.register())
        self._watcher.start()

    def submit(self) -> None:
        """Say that there is work: a free seat of the pool looks for it."""
        self.start()
        if self._started and self._seats.acquire(blocking=False):
            with suppress(RuntimeError):  # it has just been shut down
                self._pool.submit(self._take_seat)

    def _take_seat(self) -> None:
        try:
            self.sit()
        finally:
            self._seats.release()

    def wait_for_seat(self, seconds: float) -> bool:
        """Wait until a seat is free, not for longer; return whether one is."""
        if free := self._seats.acquire(timeout=seconds):
            self._seats.release()
        return free

    def make_thumbnail(self, image: Image, client: str) -> None:
        """Say that a client wants the thumbnail of a finished image; it is made in its turn.

        Raises:
            Failure: why there is none.
        """
        self.start()
        if self._thumbnails.request(image, client):
            with suppress(RuntimeError):  # it has just been shut down
                self._thumbnail_pool.submit(self._thumbnails.run_next)

    def turning(self) -> bool:
        """Tell whether the watch has done a turn lately."""
        return self._turned_at is not None and self._clock() - self._turned_at < LATE_SECONDS

    def queue(self) -> str | None:
        """Return how the queue between processes is; None: there is none."""
        return None

    def halt(self) -> None:
        """Claim no more and cut what runs; a signal handler may do this much."""
        self.stopping = True

    def stop(self) -> None:
        """Claim no more, cut what runs, hand it back, and return when all of that is done."""
        with self._starting:
            self.halt()
        self._stopped.set()
        if self._started:
            self._thumbnail_pool.shutdown(cancel_futures=True)  # as long as there are parts
            self._thumbnails.close()
            self._end()

    def _end(self) -> None:
        self._pool.shutdown()
        self._watcher.join()
        self.processes.unregister()

    def watch(self) -> None:
        """Look once for what was left behind: by the dead, by a busy database, by time."""
        self.processes.remove_dead()  # first: on a full disk, the rest needs its room
        self._tasks.rescue()
        self._tasks.try_storage()
        jobs.recover(self.processes.is_alive, self.settings.job_attempts)
        jobs.end_pauses()
        if jobs.any_claimable(self._tasks.kinds):
            self.fill_seats()
            self._tasks.make_room()
        self._expiry = self._expiry or cleanup.CautiousClock(jobs.newest())
        cleanup.expire(self.storage, self.settings.keep_days, self._expiry.now())
        jobs.forget_answers()
        self._turned_at = self._clock()

    def fill_seats(self) -> None:
        """Have all free seats look for work."""
        for _ in range(self.settings.job_threads):
            self.submit()

    def _watch(self) -> None:
        if self._is_new:
            self._stopped.wait(WATCH_SECONDS)
        while not self.stopping:
            try:
                with db.connection_context():
                    self.watch()
                db.tidy()
            # Busy, full, or may not be written: the next turn tries again.
            except (OperationalError, OSError) as error:
                log.warning("watch held up", extra={"error": str(error)})
            except Exception:
                log.exception("watch broke")
            with suppress(Exception):  # its reader has gone
                for handler in logging.getLogger().handlers:
                    handler.flush()  # the lines that wait for their reader
            self._stopped.wait(WATCH_SECONDS)

    def sit(self) -> None:
        """Take one job after another, of all kinds in turn, until there is none."""
        kinds = deque(self._tasks.kinds)
        try:
            while not self.stopping and self._tasks.turn(kinds):
                kinds.rotate(-1)
                db.give_back()
        except OperationalError as error:  # the watch sends somebody again
            log.warning("seat held up", extra={"error": str(error)})
        except Exception:
            log.exception("seat broke")
        finally:
            db.close()
