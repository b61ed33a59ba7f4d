"""What waits for its turn. All of it is answered from indexes, and in a bounded time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from peewee import SQL, Expression, Select, fn

from app.database.models import CLAIMABLE, QUEUED_ALONE, Delivery, Image, Job, Status, now
from app.database.statements import parameter, prepared


def queued(kind: type[Job]) -> SQL | Expression:
    """Match the jobs that wait; an image of a download is claimed with that."""
    return QUEUED_ALONE if kind is Image else kind.status == Status.QUEUED


def first_claimable(kind: type[Job], *, suspects: bool = True) -> UUID | None:
    """Return the oldest job that could be claimed now, or the delivery that is due first."""
    first: UUID | None = next((j.id for j in _first(kind, suspects).rows(now=now())), None)
    return first


@prepared
def _first(kind: type[Job], suspects: bool) -> Any:
    if kind is Delivery:
        ready: Any = Delivery.id.in_(_first_of_each_host())
        order: Any = Delivery.due_at
    else:
        ready, order = queued(kind), kind.id
    first = kind.select(kind.id).where(ready).order_by(order).limit(1)
    return first if suspects else first.where(kind.crashes == 0)


def _first_of_each_host() -> Any:
    """Select the delivery that is due first for each host that is neither busy nor paused.

    It is one step along an index for each host, however many deliveries wait for one host.
    """
    head, later, due, other = Delivery, Delivery.alias(), Delivery.alias(), Delivery.alias()
    moment = parameter("now", Delivery.due_at)
    first = head.select(fn.MIN(head.host)).where(head.status == Status.QUEUED)
    hosts = first.cte("hosts", recursive=True, columns=["host"])
    after = later.select(fn.MIN(later.host)).where(
        later.status == Status.QUEUED, later.host > hosts.c.host
    )
    hosts = hosts.union_all(Select([hosts], [after]).where(hosts.c.host.is_null(False)))
    delivery = due.select(due.id).where(
        due.status == Status.QUEUED, due.host == hosts.c.host, due.due_at <= moment
    )
    unready = other.select(other.host).where(
        (other.status == Status.RUNNING) | (other.held_until > moment)
    )
    each = Select([hosts], [delivery.order_by(due.due_at).limit(1)])
    return each.where(hosts.c.host.not_in(unready)).with_cte(hosts)


def any_claimable(kinds: Iterable[type[Job]]) -> bool:
    """Return whether some job could be claimed."""
    return any(first_claimable(kind) for kind in kinds)


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
    rows = [kind.select(kind.added_at).order_by(kind.id.desc()).first() for kind in CLAIMABLE]
    return max((row.added_at for row in rows if row), default=None)
