"""The first answers to requests that clients may send again (`Idempotency-Key`)."""

from datetime import timedelta
from typing import NamedTuple

from app.database.connection import db
from app.database.ids import now
from app.database.models import Idempotency
from app.errors import KeyReused

KEPT = timedelta(hours=24)
STEP = 500  # answers forgotten at once, so that nobody has to wait long for the database


class Asked(NamedTuple):
    """Who asked for what: keys are apart by caller and call, the request is its fingerprint."""

    caller: str
    call: str
    key: str
    request: str


def first_answer(asked: Asked) -> Idempotency | None:
    """Return the answer that was given to this request before, if it was.

    To be called in the transaction that adds what is asked for: of two requests that come at once,
    one waits there for the other.

    Raises:
        KeyReused: the key came with another request.
    """
    caller, call, key, request = asked
    db.lock("answer", caller, call, key)
    kept: Idempotency | None = Idempotency.get_or_none(caller=caller, call=call, key=key)
    if kept is None or kept.added_at < now() - KEPT:
        return None
    if kept.request != request:
        raise KeyReused("this Idempotency-Key came with another request; take a new one for it")
    return kept


def keep_answer(asked: Asked, status: int, location: str | None, body: str) -> None:
    """Keep the first answer to a request; what was kept too long gives way."""
    answer = {"request": asked.request, "status": status, "location": location, "body": body}
    answer["added_at"] = now()
    key = [Idempotency.caller, Idempotency.call, Idempotency.key]
    first = Idempotency.insert({**asked._asdict(), **answer})
    first.on_conflict(conflict_target=key, update=answer).execute()


def forget_answers() -> int:
    """Forget some of the answers that are kept long enough; return how many."""
    old = Idempotency.added_at < now() - KEPT
    moments = Idempotency.select(Idempotency.added_at).where(old).order_by(Idempotency.added_at)
    some = list(moments.limit(STEP))
    if not some:
        return 0  # a DELETE of nothing would wait for its turn to write all the same
    count: int = Idempotency.delete().where(Idempotency.added_at <= some[-1].added_at).execute()
    return count
