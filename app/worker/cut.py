"""Whether the work on a claimed job has to end."""

import threading
from collections.abc import Callable

from app import jobs
from app.database.models import Job


class Cut:
    """True once the process stops, a client has withdrawn the job, or its work is given up.

    Any thread may ask; the one that works on the job looks into the database.
    """

    def __init__(self, job: Job, stopping: Callable[[], bool]) -> None:
        self._job = job
        self._stopping = stopping
        self._thread = threading.get_ident()
        self._ended = False

    def __call__(self) -> bool:
        """Return whether to end."""
        if not self._ended and threading.get_ident() == self._thread:
            self._ended = not jobs.is_ours(self._job)
        return self._ended or self._stopping()

    def end(self) -> None:
        """Have all threads end that work on the job."""
        self._ended = True
