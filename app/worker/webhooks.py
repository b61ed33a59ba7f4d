"""Callbacks by Standard Webhooks 1.0.0: how they are signed, when they are tried again.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
import hmac
import random
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta

from app import jobs
from app.database.ids import now
from app.database.models import Delivery
from app.errors import Failure, Gone, OriginFailure, OriginStatus, TooLarge
from app.fetch import Fetcher
from app.urls import Url

MINUTE, HOUR = 60.0, 3600.0
PAUSES = (5.0, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 7 * HOUR, 9 * HOUR)
JITTER = 0.8, 1.0  # of a pause: what failed together shall not come again together
PATIENCE = timedelta(days=1)
MAX_REST_SECONDS = HOUR  # that a receiver may ask for
SILENCE_SECONDS = 30.0  # the rest of one that does not answer: it shall not hold up the others


def deliver(delivery: Delivery, fetcher: Fetcher, secrets: Iterable[bytes]) -> None:
    """Try once; what may end better is tried again later, for a day.

    Raises:
        Failure: it is given up.
    """
    body = delivery.body.encode()
    headers = {"Content-Type": "application/json", **sign(str(delivery.id), now(), body, secrets)}
    try:
        receipt = fetcher.post(Url.parse(delivery.url), body, headers)
    except (OriginFailure, TooLarge) as failure:
        _put_off(delivery, failure, SILENCE_SECONDS)
        return
    if receipt.status == 410:
        raise Gone("the receiver wants no more")
    if receipt.status in range(200, 300):
        jobs.finish(delivery, error_code=None, error_detail=None)
    else:
        answered = OriginStatus(f"the server answered {receipt.status}")
        _put_off(delivery, answered, min(max(receipt.retry_after or 0, 0), MAX_REST_SECONDS))


def sign(
    message_id: str, moment: datetime, body: bytes, secrets: Iterable[bytes]
) -> dict[str, str]:
    """Return the headers that prove a message; each secret gives a signature of its own."""
    seconds = str(int(moment.timestamp()))
    signed = f"{message_id}.{seconds}.".encode() + body
    digests = [hmac.digest(secret, signed, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests),
    }


def _put_off(delivery: Delivery, failure: Failure, rest: float) -> None:
    """Try again later, unless that is too late; its receiver has a rest from all until then."""
    pause = PAUSES[min(delivery.attempts, len(PAUSES)) - 1] * random.uniform(*JITTER)  # noqa: S311
    due_at = now() + timedelta(seconds=max(pause, rest))
    if due_at > delivery.added_at + PATIENCE:
        raise failure
    jobs.postpone(delivery, failure, due_at, held_until=now() + timedelta(seconds=rest))
