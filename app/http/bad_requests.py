"""Requests that gunicorn cannot parse, refused like all others, though most come to no view."""

import logging
import secrets

from flask import Response
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import http_date

from app.errors import Overloaded
from app.http.middleware import HEADERS
from app.http.problems import handle_failure, refusal

log = logging.getLogger(__name__)

STATUSES = {
    LimitRequestLine: 414,
    ExpectationFailed: 417,
    LimitRequestHeaders: 431,
    UnsupportedTransferCoding: 501,
}
OURS = InvalidResponseHeader, InvalidResponseHeaderName  # among these errors, but no client's


class TooManySlowClients(ParseException):  # type: ignore[misc]
    """As many requests as may are waiting already for the rest of what their clients send."""

    def __str__(self) -> str:
        return "too many clients are slow to send their requests; try again later"


def refuse(error: Exception, client: str) -> bytes | None:
    """Return what to send a client for an error of the parser; none for any other error."""
    if not isinstance(error, ParseException) or isinstance(error, OURS):
        return None
    request_id = secrets.token_hex(16)
    answer = handle_parse_error(error)
    details = {"client": client, "status": answer.status_code, "request_id": request_id}
    log.warning("refused: %s", error, extra=details)
    headers = [
        *answer.headers.items(),
        ("Date", http_date()),
        ("Connection", "close"),
        ("X-Request-ID", request_id),
        *HEADERS.values(),
    ]
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + answer.get_data()


def handle_parse_error(error: ParseException) -> Response:
    """Return the problem document for an error of gunicorn's parser."""
    if isinstance(error, TooManySlowClients):
        return handle_failure(Overloaded(f"{error}"))
    return refusal(STATUSES.get(type(error), 400), f"{error}")


def handle_broken_body(error: ParseException) -> Response:
    """Refuse what a view has begun to read: pieces that are no chunks (RFC 9112, section 7.1)."""
    if isinstance(error, TooManySlowClients):
        return handle_parse_error(error)
    return refusal(400, "the body is not in chunks as HTTP has them")
