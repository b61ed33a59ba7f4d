"""`Idempotency-Key`: a request that is sent again gives the first answer again.

By draft-ietf-httpapi-idempotency-key-header; the key may also come without the quotes of a
structured field. What is compared is the JSON as it was sent, whatever a release or a setting has
since made of what it leaves out; the order of its fields does not matter.
"""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Response, request

from app import jobs
from app.database.models import Idempotency
from app.database.sqlite import db
from app.errors import InvalidKey
from app.http.problems import RETRY_SECONDS
from app.http.request_log import KEY

View = Callable[..., Response]


def once(view: View) -> View:
    """Have a view act once for a key; what it adds and its answer are committed together."""

    @wraps(view)
    def answer(*body: dict[str, Any], **where: UUID) -> Response:
        header = request.headers.get("Idempotency-Key")
        if header is None:
            return view(*body, **where)
        asked = jobs.Asked(
            caller=request.environ.get(KEY, ""),
            call=f"{request.method} {request.url_rule}",
            key=_key(header),
            request=_fingerprint([where, request.get_json() if body else None]),
        )
        with db.atomic():
            kept = jobs.first_answer(asked)
            if kept:
                return _again(kept)
            first = view(*body, **where)
            location = first.headers.get("Location")
            jobs.keep_answer(asked, first.status_code, location, first.get_data(as_text=True))
            return first

    return answer


def _again(kept: Idempotency) -> Response:
    answer = Response(kept.body, kept.status, mimetype="application/json")
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    if kept.location:
        answer.headers["Location"] = kept.location
    return answer


def _key(header: str) -> str:
    """Return the key: a string of a structured field (RFC 8941), or bare."""
    quoted = re.fullmatch(r'"((?:[^"\\]|\\["\\])*)"', header)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header
    if not re.fullmatch(r"[ -~]{1,255}", key) or (header.startswith('"') and not quoted):
        raise InvalidKey("Idempotency-Key is 1 to 255 printable ASCII characters")
    return key


def _fingerprint(asked: Any) -> str:
    told = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()
