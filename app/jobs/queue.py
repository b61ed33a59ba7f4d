"""What waits for its turn. All of it is answered from indexes, and in a bounded time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple, cast
from uuid import UUID

from peewee import SQL

from app.database.connection import db
from app.database.ids import now
from app.database.models import CLAIMABLE, JOB_KINDS, PAUSED, READY, Delivery, Job, Status
from app.database.statements import ByIndex, parameter, prepared
from app.jobs import receivers

LAST = "\U0010ffff"  # behind all sites
LONGEST_PAUSE = timedelta(minutes=5)
STEP = 1000  # jobs whose pause is ended at once


class Turn(NamedTuple):
    """What decides who is next: clients take turns, and neither they nor sites hold up others."""

    after: str = ""  # the client whose turn was the last
    suspects: bool = True  # whether a job whose process died may be claimed
    crowded: tuple[str, ...] = ()  # the sites that hold their share of the seats, sorted
    served: tuple[str, ...] = ()  # the clients that do

    def rank(self, job: Any) -> int:
        """Return how far back a job stands: behind those of other clients, then of other sites."""
        return 2 * (job.client in self.served) + (job.site in self.crowded)


ANY = Turn()


def first_claimable(kind: type[Job], turn: Turn = ANY, *, hold: bool = False) -> UUID | None:
    """Return the job to claim next: of those with the least rank the oldest of the next client.

    To be claimed in this transaction, it is on `hold`: who asks at the same time gets another one.
    """
    if kind is Delivery:
        return receivers.first_delivery(turn.after, turn.suspects)
    first = _first(kind, turn, hold)
    return first and cast(UUID, first.id)


def least_rank(turn: Turn) -> int | None:
    """Return the rank of the job to claim next, if there is one."""
    found = (_first(kind, turn) for kind in JOB_KINDS)
    return min((turn.rank(job) for job in found if job), default=None)


def _first(kind: type[Job], turn: Turn, hold: bool = False) -> Any:
    first = _oldest_of_next_client(kind, turn, hold)
    if first is None and turn.served:
        first = _oldest_of_next_client(kind, turn._replace(served=()), hold)
    if first and first.site in turn.crowded:
        for after, before in pairwise(("", *turn.crowded, LAST)):
            other = _elsewhere(kind, turn.suspects, hold).first(after=after, before=before)
            if other and turn.rank(other) < turn.rank(first):
                return other
    return first


def _oldest_of_next_client(kind: type[Job], turn: Turn, hold: bool) -> Any:
    for least in turn.after, None:  # round again
        client = _next_client(kind, least, turn.served)
        if client is not None:
            oldest = _oldest(kind, turn.suspects, hold).first(client=client)
            if oldest:
                return oldest
    return None if turn.served else _oldest_of_all(kind, turn.suspects, hold).first()


def _next_client(kind: type[Job], least: str | None, served: tuple[str, ...]) -> str | None:
    """Return the next client that has jobs, from the start or behind one; pass over the served."""
    row = _clients(kind, least is None).first(after=least or "")
    client = cast("str | None", row and row.client)
    return _next_client(kind, client, served) if client in served else client


@prepared
def _clients(kind: Any, from_start: bool) -> Any:
    clients = ByIndex(kind, ["client", "id"])
    query = kind.select(kind.client).from_(clients).where(READY[kind])
    if not from_start:
        query = query.where(kind.client > parameter("after"))
    return query.order_by(kind.client).limit(1)


@prepared
def _oldest(kind: Any, suspects: bool, hold: bool) -> Any:
    return _first_along(["client"], kind, suspects, hold, kind.client == parameter("client"))


@prepared
def _oldest_of_all(kind: Any, suspects: bool, hold: bool) -> Any:
    return _first_along([], kind, suspects, hold)


@prepared
def _elsewhere(kind: Any, suspects: bool, hold: bool) -> Any:
    between = (kind.site > parameter("after")) & (kind.site < parameter("before"))
    return _first_along(["site"], kind, suspects, hold, between)


def _first_along(columns: list[str], kind: Any, suspects: bool, hold: bool, *where: Any) -> Any:
    """Write the SELECT of the first job along the index of these columns and the id."""
    innocent = () if suspects else (kind.crashes == 0,)
    query = kind.select(kind.id, kind.site, kind.client).from_(ByIndex(kind, [*columns, "id"]))
    query = query.where(READY[kind], *innocent, *where).limit(1)
    query = query.order_by(*(getattr(kind, name) for name in columns), kind.id)
    return db.for_claim(query) if hold else query


def any_claimable(kinds: Iterable[type[Job]]) -> bool:
    """Return whether some job could be claimed."""
    return any(first_claimable(kind) for kind in kinds)


def end_pauses() -> None:
    """Let jobs be claimed whose pause is over; one of more than five minutes is the clock's."""
    for kind in JOB_KINDS:
        moment = now()
        over = (kind.due_at <= moment) | (kind.due_at > moment + LONGEST_PAUSE)
        ids = [job.id for job in kind.select(kind.id).where(PAUSED, over).limit(STEP)]
        if ids:
            ready = kind.update(due_at=None, waiting_for=None)
            ready.where(kind.id.in_(ids), kind.due_at.is_null(False)).execute()
    receivers.end_pauses()


def count_queued(kind: type[Job], most: int, *where: Any) -> int:
    """Count the jobs that wait and meet these conditions, but no more than `most`."""
    # Not kind.id: without it, the index alone answers.
    rows = (kind.select(SQL("1")).where(wait, *where).limit(most) for wait in _waiting(kind))
    return min(most, sum(query.count() for query in rows))


def queued_since(kind: type[Job]) -> datetime | None:
    """Return when the oldest job was added that waits for its turn; a pause is none."""
    oldest = kind.select(kind.added_at).where(_waiting(kind)[0]).order_by(kind.id).first()
    added_at: datetime | None = oldest and oldest.added_at
    return added_at


def _waiting(kind: type[Job]) -> list[Any]:
    """Match the jobs that wait: for their turn, and for a pause to end."""
    return [READY[kind], PAUSED] if kind in READY else [kind.status == Status.QUEUED]


def count_running(kind: type[Job]) -> int:
    """Count the jobs that have been claimed; there are no more of them than seats."""
    return kind.select(SQL("1")).where(kind.status == Status.RUNNING).count()


def newest() -> datetime | None:
    """Return when the newest of all jobs was added."""
    rows = [kind.select(kind.added_at).order_by(kind.id.desc()).first() for kind in CLAIMABLE]
    return max((row.added_at for row in rows if row), default=None)
