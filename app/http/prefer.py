"""`Prefer: wait=N` (RFC 7240): a request that waits for the end of a job, so that one is enough."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Response, after_this_request, jsonify, request
from marshmallow import Schema

from app import jobs
from app.database.models import Download, Image
from app.errors import NotFound, Overloaded
from app.http import services

MAX_SECONDS = 30

_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(\"?)([0-9]+)\1\s*(?=[;,]|$)", re.IGNORECASE | re.ASCII)

Kind = type[Download] | type[Image]
View = Callable[..., Any]


def waits(kind: Kind) -> Callable[[View], View]:
    """Have a GET of a job answer when that has ended, as long as the client prefers to wait."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(**where: UUID) -> Any:
            _wait(kind, *where.values())
            return view(**where)

        return answer

    return decorate


def leads_on(kind: Kind, document: type[Schema]) -> Callable[[View], View]:
    """Have a POST wait too; when the job has ended, send the client to what became of it (303)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(*body: dict[str, Any], **where: UUID) -> Response:
            accepted: Response = view(*body, **where)
            location = accepted.headers.get("Location", "")
            job_id = UUID(location.rpartition("/")[2]) if location else None
            if job_id is None or "Prefer" not in request.headers:
                return accepted
            ended = _wait(kind, job_id)
            try:
                answer: Response = jsonify(document().dump(jobs.get(kind, job_id)))
            except NotFound:  # removed meanwhile
                return accepted
            if not ended:
                accepted.set_data(answer.get_data())
                return accepted
            answer.status_code = 303
            answer.headers["Location"] = location
            return answer

        return answer

    return decorate


def _wait(kind: Kind, job_id: UUID) -> bool:
    """Wait for the end of a job if the client prefers to; tell whether it came."""
    seconds = _preferred_seconds(request.headers.get("Prefer", ""))
    if seconds is None:
        return False
    try:
        came = services.waiting_room().wait_for_end(kind, job_id, seconds)
    except Overloaded:
        return False  # a preference is no demand

    @after_this_request
    def tell(response: Response) -> Response:
        response.headers["Preference-Applied"] = f"wait={seconds}"
        return response

    return came


def _preferred_seconds(header: str) -> int | None:
    """Return the first `wait`, as far as we go along with it; None where there is none to read."""
    found = _WAIT.search(header)
    return min(int(found[2][:9]), MAX_SECONDS) if found else None
