"""How many jobs have ended, and how: counted with each end, so no crash or restart forgets one."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from app.database.models import Image, Job, Tally
from app.database.sqlite import db


def count(job: Job) -> None:
    """Count a job that has ended; to be called in the transaction of that end.

    A picture of a download counts as one when it had its turn; the reason is a failure's code.
    """
    picture = isinstance(job, Image) and job.download_id
    kind = "picture" if picture else type(job).__name__.lower()
    db.execute_sql(*_count(kind, f"{job.status}", job.error_code or ""))  # type: ignore[no-untyped-call]


@cache
def _count(kind: str, state: str, reason: str) -> tuple[str, list[Any]]:
    """Have peewee write a statement, once: to write it costs more than to run it."""
    first = Tally.insert(kind=kind, state=state, reason=reason, count=1)
    key = [Tally.kind, Tally.state, Tally.reason]
    statement: tuple[str, list[Any]] = first.on_conflict(
        conflict_target=key, update={Tally.count: Tally.count + 1}
    ).sql()
    return statement


def ended() -> Iterator[Tally]:
    """Yield how many jobs have ended, of each kind, in each state, for each reason."""
    yield from Tally.select()
