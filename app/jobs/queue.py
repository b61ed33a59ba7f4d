"""What waits for its turn. All of it is answered from indexes, and in a bounded time."""

from collections.abc import Iterable
from datetime import datetime

from peewee import SQL, Expression

from app.database.models import QUEUED_ALONE, WORK, Delivery, Image, Job, Status, now

# Of each receiver's host the delivery that is due first: one step along an index for each host,
# however many deliveries wait for one that does not answer.
_FIRST_OF_EACH_HOST = """(
    WITH RECURSIVE hosts (host) AS (
        SELECT MIN(host) FROM delivery WHERE status = 'queued'
        UNION ALL
        SELECT (SELECT MIN(host) FROM delivery WHERE status = 'queued' AND host > hosts.host)
        FROM hosts WHERE host IS NOT NULL
    )
    SELECT (
        SELECT id FROM delivery
        WHERE status = 'queued' AND host = hosts.host AND due_at <= ? ORDER BY due_at LIMIT 1
    )
    FROM hosts
    WHERE host NOT IN (SELECT host FROM delivery WHERE status = 'running' OR held_until > ?)
)"""


def queued(kind: type[Job]) -> SQL | Expression:
    """Match the jobs that wait; an image of a download is claimed with that."""
    return QUEUED_ALONE if kind is Image else kind.status == Status.QUEUED


def claimable(kind: type[Job]) -> SQL | Expression:
    """Match the jobs that could be claimed now.

    A delivery could when it is due and its receiver is neither being told something else nor has
    a rest.
    """
    if kind is Delivery:
        moment = Delivery.due_at.db_value(now())
        return Delivery.id.in_(SQL(_FIRST_OF_EACH_HOST, [moment, moment]))
    return queued(kind)


def any_claimable(kinds: Iterable[type[Job]]) -> bool:
    """Tell whether some job could be claimed."""
    return any(kind.select().where(claimable(kind)).exists() for kind in kinds)


def count_queued(kind: type[Job], most: int) -> int:
    """Count the jobs that wait, but no more than `most`."""
    # Not kind.id: without it, the index alone answers.
    some = kind.select(SQL("1")).where(queued(kind)).limit(most)
    return some.count()


def queued_since(kind: type[Job]) -> datetime | None:
    """Return when the oldest job was added that waits."""
    oldest = kind.select(kind.added_at).where(queued(kind)).order_by(kind.id).first()
    added_at: datetime | None = oldest and oldest.added_at
    return added_at


def count_running(kind: type[Job]) -> int:
    """Count the jobs that have been claimed; there are no more of them than seats."""
    return kind.select(SQL("1")).where(kind.status == Status.RUNNING).count()


def newest() -> datetime | None:
    """Return when the newest of all jobs was added."""
    rows = [kind.select(kind.added_at).order_by(kind.id.desc()).first() for kind in WORK]
    return max((row.added_at for row in rows if row), default=None)
