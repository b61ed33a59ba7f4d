"""The hosts that callbacks wait for, a row each: a claim costs the same however many there are.

A host gets one callback at a time, and none during a pause. Clients take turns. Whatever changes a
delivery has its host's row written again by `refresh`, in the same transaction.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile
from typing import Any, cast
from uuid import UUID

from app.database.connection import db
from app.database.ids import now
from app.database.models import RECEIVER_PAUSED, RECEIVER_READY, Calls, Delivery, Receiver, Status
from app.database.statements import ByIndex, parameter, parameters, prepared

LOOKS = 16  # receivers looked at for a claim, and as many clients
LONGEST_PAUSE = timedelta(hours=10)  # more than any pause of ours: it is the clock's
STEP = 1000  # receivers whose pause is ended at once


def refresh(host: str, held_until: datetime | None = None) -> None:
    """Write down who is next at a host, and when; `held_until` pauses all callbacks to it."""
    db.lock("receiver", host)
    first = _first(True).first(host=host)
    if first is None:
        Receiver.delete().where(Receiver.host == host).execute()
        return
    moment = now()
    known = _known().first(host=host)
    held_until = held_until or (known and known.held_until)
    ready_at = max(first.due_at, held_until or first.due_at)
    is_paused = moment < ready_at <= moment + LONGEST_PAUSE
    is_busy = bool(_running().rows(host=host))
    calls = Calls.BUSY if is_busy else Calls.PAUSED if is_paused else Calls.READY
    values = {"client": first.client, "ready_at": ready_at, "held_until": held_until}
    _upsert().run(host=host, calls=calls, **values)


def is_ready(host: str) -> bool:
    """Return whether a host may get a callback, and see to it that no other claim finds it so."""
    db.lock("receiver", host)
    is_over = (Receiver.calls == Calls.PAUSED) & (Receiver.ready_at <= now())
    free = (Receiver.calls == Calls.READY) | is_over
    return Receiver.select().where(Receiver.host == host, free).exists()


def first_delivery(after: str, suspects: bool) -> UUID | None:
    """Return the delivery to claim next: of the next client, the one that has waited longest."""
    paused = _over().rows(now=now(), most=LOOKS)
    for receiver in chain(islice(_first_of_clients(after), LOOKS), paused):
        if delivery := _first(suspects).first(host=receiver.host):
            return cast(UUID, delivery.id)
    return None


def _first_of_clients(after: str) -> Iterator[Receiver]:
    """Yield the receiver that has waited longest, for each client, beginning behind one."""
    yield from _behind(after)
    yield from takewhile(lambda receiver: receiver.client <= after, _behind(None))


def _behind(client: str | None) -> Iterator[Receiver]:
    while rows := _next(client is None).rows(client=client or ""):
        yield from rows
        client = rows[0].client


def end_pauses() -> None:
    """Let receivers be called whose pause is over; one of many hours is the clock's."""
    moment = now()
    over = (Receiver.ready_at <= moment) | (Receiver.ready_at > moment + LONGEST_PAUSE)
    paused = Receiver.select(Receiver.host).where(RECEIVER_PAUSED, over).limit(STEP)
    if hosts := [receiver.host for receiver in paused]:
        ready = Receiver.update(calls=Calls.READY)
        ready.where(Receiver.host.in_(hosts), Receiver.calls == Calls.PAUSED).execute()


@prepared
def _first(suspects: bool) -> Any:
    query = Delivery.select(Delivery.id, Delivery.due_at, Delivery.client)
    query = query.where(Delivery.status == Status.QUEUED, Delivery.host == parameter("host"))
    if not suspects:
        query = query.where(Delivery.crashes == 0)
    return query.order_by(Delivery.due_at).limit(1)


@prepared
def _running() -> Any:
    at = (Delivery.status == Status.RUNNING) & (Delivery.host == parameter("host"))
    return Delivery.select(Delivery.id).where(at).limit(1)


@prepared
def _known() -> Any:
    return Receiver.select(Receiver.held_until).where(Receiver.host == parameter("host"))


@prepared
def _upsert() -> Any:
    values = parameters(Receiver)
    changed = {name: value for name, value in values.items() if name != "host"}
    return Receiver.insert(values).on_conflict(conflict_target=[Receiver.host], update=changed)


@prepared
def _next(from_start: bool) -> Any:
    query = Receiver.select(Receiver.host, Receiver.client)
    query = query.from_(ByIndex(Receiver, ["client", "ready_at"])).where(RECEIVER_READY)
    if not from_start:
        query = query.where(Receiver.client > parameter("client"))
    return query.order_by(Receiver.client, Receiver.ready_at).limit(1)


@prepared
def _over() -> Any:
    query = Receiver.select(Receiver.host).from_(ByIndex(Receiver, ["ready_at"]))
    query = query.where(RECEIVER_PAUSED, Receiver.ready_at <= parameter("now", Receiver.ready_at))
    return query.order_by(Receiver.ready_at).limit(parameter("most"))
