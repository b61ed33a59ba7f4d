"""`Prefer: wait=N` (RFC 7240): a request that waits for the end of a job, so that one is enough."""

import re
from uuid import UUID

from flask import Response, after_this_request, request
from marshmallow import Schema

from app import jobs
from app.database.models import JobKind
from app.errors import NotFound, Overloaded
from app.http import services
from app.http.middleware import JOB
from app.http.responses import json_response

MAX_SECONDS = 30

_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(\"?)([0-9]+)\1\s*(?=[;,]|$)", re.IGNORECASE | re.ASCII)


def honour_wait(kind: JobKind, job_id: UUID) -> bool:
    """Wait for the end of a job if the client prefers to; return whether it came."""
    seconds = _preferred_seconds(request.headers.get("Prefer", ""))
    if seconds is None:
        return False
    try:
        ended = services.watcher().wait_for_end(
            kind, job_id, seconds, services.client(), services.has_left()
        )
    except Overloaded:
        return False  # a preference is no demand

    @after_this_request
    def confirm(response: Response) -> Response:
        response.headers["Preference-Applied"] = f"wait={seconds}"
        return response

    return ended


def redirect_when_done(accepted: Response, kind: JobKind, document: Schema) -> Response:
    """Wait for the job that was added, and send the client to what became of it (303)."""
    job = request.environ.get(JOB)
    if job is None or "Prefer" not in request.headers:
        return accepted
    ended = honour_wait(kind, job.id)
    try:
        body = document.dump(jobs.get(kind, job.id))
    except NotFound:  # removed meanwhile
        return accepted
    response = json_response(body, 303 if ended else 202)
    response.headers["Location"] = job.location
    if not ended:
        response.headers["Retry-After"] = accepted.headers["Retry-After"]
    return response


def _preferred_seconds(header: str) -> int | None:
    """Return the first `wait`, at most our maximum; None if there is none to read."""
    found = _WAIT.search(header)
    return min(int(found[2][:9]), MAX_SECONDS) if found else None
