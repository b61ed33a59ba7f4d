"""What waits for its turn. All of it is answered from indexes, and in a bounded time."""

from collections.abc import Iterable
from datetime import datetime

from peewee import SQL, Expression

from app.models import QUEUED_ALONE, Delivery, Image, Job, Status, now


def queued(kind: type[Job]) -> SQL | Expression:
    """Match the jobs that could be claimed.

    An image of a download is claimed with that, a delivery when it is due and its receiver is
    neither being told something else nor has a rest.
    """
    if kind is Delivery:
        moment = now()
        busy = (Delivery.status == Status.RUNNING) | (Delivery.held_until > moment)
        due = (Delivery.status == Status.QUEUED) & (Delivery.due_at <= moment)
        return due & Delivery.host.not_in(Delivery.select(Delivery.host).where(busy))
    return QUEUED_ALONE if kind is Image else kind.status == Status.QUEUED


def any_queued(kinds: Iterable[type[Job]]) -> bool:
    """Tell whether some job could be claimed."""
    return any(kind.select().where(queued(kind)).exists() for kind in kinds)


def count_queued(kind: type[Job], most: int) -> int:
    """Count the jobs that could be claimed, but no more than `most`."""
    # Not kind.id: without it, the index alone answers.
    some = kind.select(SQL("1")).where(queued(kind)).limit(most)
    return some.count()


def queued_since(kind: type[Job]) -> datetime | None:
    """Return when the oldest job was added that could be claimed."""
    oldest = kind.select(kind.added_at).where(queued(kind)).order_by(kind.id).first()
    added_at: datetime | None = oldest and oldest.added_at
    return added_at


def count_running(kind: type[Job]) -> int:
    """Count the jobs that have been claimed; there are no more of them than seats."""
    return kind.select(SQL("1")).where(kind.status == Status.RUNNING).count()
