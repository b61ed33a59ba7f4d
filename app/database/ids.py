"""Ids of jobs, which sort by the time they were made at (UUIDv7), and that time."""

import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FAR_AHEAD_MILLISECONDS = 60_000  # more than adjustments of a clock

_last_id = 0
_last_id_lock = threading.Lock()


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562, method 3): in one process, each is above the last.

    If the clock was far ahead and is set back, they begin again at the present. Python 3.14 has
    `uuid.uuid7`.
    """
    global _last_id
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    with _last_id_lock:
        present = milliseconds << 12 | (rest << 12) // 1_000_000
        is_far_ahead = _last_id - present > FAR_AHEAD_MILLISECONDS << 12
        _last_id = present if is_far_ahead else max(present, _last_id + 1)
        high, low = divmod(_last_id, 1 << 12)
    return UUID(int=high << 80 | 0x7 << 76 | low << 64 | 0b10 << 62 | secrets.randbits(62))


def first_id(moment: datetime) -> UUID:
    """Return what sorts before all ids made since a moment; ids know whole milliseconds."""
    milliseconds = -((EPOCH - moment) // timedelta(milliseconds=1))
    return UUID(int=max(milliseconds, 0) << 80)


def stamp(beside: UUID | None = None) -> dict[str, Any]:
    """Make the id of a job and its `added_at`: one moment, so that lists by time are exact.

    With the last two digits of another id, the files of both lie in folders of the same name.
    """
    job_id = new_id()
    if beside:
        job_id = UUID(int=job_id.int & ~0xFF | beside.int & 0xFF)
    milliseconds, part = job_id.int >> 80, job_id.int >> 64 & 0xFFF
    moment = EPOCH + timedelta(microseconds=milliseconds * 1000 + (part * 1000 >> 12))
    return {"id": job_id, "added_at": moment}


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
