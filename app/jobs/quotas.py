"""What each client has: jobs that wait, and stored bytes. Nobody's fill the service for others.

Bytes are counted with each change of a row, so to ask costs the same however much is stored. The
zip of a download counts, from the moment that its pictures are stored.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from peewee import SQL, fn

from app.database.connection import db
from app.database.models import JOB_KINDS, READY, Download, Image, Status, Usage
from app.database.statements import parameter, parameters, prepared
from app.errors import TooManyWaiting, TooMuchStored
from app.jobs.queue import count_queued


class Quotas:
    """What a client may have, jobs and bytes; 0: any number."""

    def __init__(self, most_jobs: int, most_bytes: int) -> None:
        self._jobs = most_jobs
        self._bytes = most_bytes
        self._entering: Counter[str] = Counter()  # admitted, and perhaps not in the database yet
        self._lock = threading.Lock()

    def admit(self, client: str, count: int) -> None:
        """Let in so many new jobs of a client, until `release`.

        Raises:
            TooManyWaiting: more would wait than one client may have.
            TooMuchStored: it has used up its room.
        """
        if self._bytes and (used := stored_bytes(client)) >= self._bytes:
            raise too_much(used, self._bytes)
        with self._lock:
            if self._jobs:
                used = self._entering[client] + waiting_jobs(client, self._jobs)
                if used + count > self._jobs:
                    raise TooManyWaiting(
                        f"{used} jobs of yours wait, and {count} more would exceed"
                        f" DOWNLOADER_QUOTA_JOBS ({self._jobs}): wait for some, or delete them"
                    )
            self._entering[client] += count

    def release(self, client: str, count: int) -> None:
        """Note that admitted jobs are in the database, or will not come."""
        with self._lock:
            self._entering[client] -= count
            if self._entering[client] <= 0:
                del self._entering[client]


def too_much(used: int, quota: int) -> TooMuchStored:
    """Say that a client has used up its room."""
    return TooMuchStored(
        f"{used} bytes of yours are stored, and DOWNLOADER_QUOTA_BYTES is {quota}:"
        " delete what is no longer needed"
    )


def waiting_jobs(client: str, most: int) -> int:
    """Count the jobs of a client that wait, but of each kind no more than `most`."""
    return sum(count_queued(kind, most, kind.client == client) for kind in JOB_KINDS)


def stored_bytes(client: str | None, *, hold: bool = False) -> int:
    """Return how many bytes of a client are stored; on `hold`, until the transaction ends."""
    if hold:
        db.lock("usage", client or "")
    usage = _usage().first(client=client or "")
    return usage.bytes if usage else 0


def require(client: str | None, size: int, quota: int) -> None:
    """Refuse bytes that a client has no room for.

    Raises:
        TooMuchStored: so it is.
    """
    if quota and (used := stored_bytes(client, hold=True)) + size > quota:
        raise too_much(used, quota)


def add_bytes(client: str | None, count: int) -> None:
    """Count bytes of a client that are stored from now on, or, below 0, no longer."""
    if count:
        _add().run(client=client or "", bytes=count)


def bytes_of(job: Download | Image, pictures: Iterable[Image]) -> tuple[str | None, int]:
    """Return whose bytes a job and its pictures have stored, and how many."""
    images = [job, *pictures] if isinstance(job, Image) else pictures
    done = (image.bytes or 0 for image in images if image.status == Status.FINISHED)
    client, count = job.client, sum(done)
    if isinstance(job, Download):
        count += job.archive_bytes or 0
    elif job.download_id:
        client = Download.get_by_id(job.download_id).client
    return client, count


def heaviest(most: int) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the clients with most waiting jobs, and those with most stored bytes."""
    waiting: Counter[str] = Counter()
    for kind in JOB_KINDS:
        count = fn.COUNT(SQL("1")).alias("count")
        rows: Any = kind.select(kind.client, count).where(READY[kind]).group_by(kind.client)
        for client, number in rows.order_by(count.desc()).limit(most).tuples():
            waiting[client or ""] += number
    stored = Usage.select().order_by(Usage.bytes.desc()).limit(most)
    return waiting.most_common(most), [(usage.client, usage.bytes) for usage in stored]


@prepared
def _usage() -> Any:
    return Usage.select().where(Usage.client == parameter("client"))


@prepared
def _add() -> Any:
    total = {Usage.bytes: Usage.bytes + parameter("bytes")}
    return Usage.insert(parameters(Usage)).on_conflict(conflict_target=[Usage.client], update=total)
