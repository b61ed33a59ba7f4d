"""How many jobs have ended, and how: counted with each end, so no crash or restart forgets one."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from peewee import fn

from app.database.connection import db
from app.database.models import Image, Job, Tally
from app.database.statements import parameter, parameters, prepared


def count(*jobs: Job) -> None:
    """Count jobs that have ended; to be called in the transaction of that end.

    A picture of a download counts as one when it had its turn; the reason is a failure's code.
    """
    for (kind, state, reason), number in sorted(Counter(map(_key, jobs)).items()):
        _count().run(kind=kind, state=state, reason=reason, shard=db.shard(), count=number)


def _key(job: Job) -> tuple[str, str, str]:
    picture = isinstance(job, Image) and job.download_id
    kind = "picture" if picture else type(job).__name__.lower()
    return kind, job.status, job.error_code or ""


@prepared
def _count() -> Any:
    first = Tally.insert(parameters(Tally))
    more = {Tally.count: Tally.count + parameter("count")}
    key = [Tally.kind, Tally.state, Tally.reason, Tally.shard]
    return first.on_conflict(conflict_target=key, update=more)


def ended() -> Iterator[Tally]:
    """Yield how many jobs have ended, of each kind, in each state, for each reason."""
    total = fn.SUM(Tally.count).cast("BIGINT").alias("count")
    of = Tally.kind, Tally.state, Tally.reason
    yield from Tally.select(*of, total).group_by(*of)
