"""Requests that gunicorn cannot parse, refused like all others, though most come to no view."""

import logging
import secrets

from flask import Response
from gunicorn.http.errors import (  # type: ignore[import-untyped]
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import http_date  # type: ignore[import-untyped]

from app import plain
from app.http.problems import refusal
from app.http.request_log import HEADERS

log = logging.getLogger(__name__)

STATUSES = {
    LimitRequestLine: 414,
    ExpectationFailed: 417,
    LimitRequestHeaders: 431,
    UnsupportedTransferCoding: 501,
}
OURS = InvalidResponseHeader, InvalidResponseHeaderName  # among these errors, but no client's


def refuse(error: Exception, client: str) -> bytes | None:
    """Return what to send a client for an error of the parser; none for any other error."""
    if not isinstance(error, ParseException) or isinstance(error, OURS):
        return None
    request_id = secrets.token_hex(16)
    status = STATUSES.get(type(error), 400)
    told = {"client": client, "status": status, "request_id": request_id}
    log.warning("refused: %s", error, extra=told)
    answer = refusal(status, f"{error}")
    headers = [
        *answer.headers.items(),
        ("Date", http_date()),
        ("Connection", plain.CLOSE),
        ("X-Request-ID", request_id),
        *HEADERS.values(),
    ]
    return plain.answer(answer.status, headers, answer.get_data())


def handle_broken_body(error: ParseException) -> Response:
    """Refuse what a view has begun to read: pieces that are no chunks (RFC 9112, section 7.1)."""
    return refusal(400, "the body is not in chunks as HTTP has them")
