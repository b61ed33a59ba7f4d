"""Responses that several resources give alike."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Response, request
from marshmallow import Schema

from app import jobs
from app.database.connection import db
from app.database.ids import first_id, now
from app.database.models import AnyJob
from app.errors import Gone, NotFound
from app.http import conditional, services
from app.http.middleware import JOB, AddedJob
from app.http.problems import RETRY_SECONDS
from app.urls import own

JSON = "application/json"


def json_response(document: Any, status: int = 200) -> Response:
    """Answer with JSON."""
    body = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    return Response(body, status, content_type=JSON)


def versioned(document: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON and its ETag, as far as the request's conditions allow.

    Raises:
        PreconditionFailed: they are on another version.
    """
    response = json_response(document)
    response.headers.update(headers or {})
    return conditional.apply(response, conditional.version_of(response.get_data()))


def get_or_404(kind: type[AnyJob], job_id: UUID) -> AnyJob:
    """Return the job.

    Raises:
        NotFound: there is none of that id.
        Gone: what was added at the time in that id is no longer kept.
    """
    try:
        return jobs.get(kind, job_id)
    except NotFound:
        days = services.settings().keep_days
        if days and job_id.version == 7 and job_id < first_id(now() - timedelta(days=days)):
            raise Gone(f"what is older than {days} days is removed") from None
        raise


def not_finished(schema: Schema, job: Any) -> Response:
    """Answer 202: a job is accepted, or has not ended yet."""
    response = json_response(schema.dump(job), 202)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def job_accepted(schema: Schema, job: Any, location: str | None = None) -> Response:
    """Have new jobs done, and answer 202, with the location if it is one job."""
    db.after_commit(services.engine().submit)
    response = not_finished(schema, job)
    if location:
        name_job(response, location, UUID(str(job.id)))
    return response


def name_job(response: Response, location: str, job_id: UUID) -> None:
    """Say which job was added: to the client, to those who wait for it, and in the log."""
    response.headers["Location"] = location
    request.environ[JOB] = AddedJob(job_id, location)


def page_of(
    find: Callable[..., list[AnyJob]], limit: int, cursor: Any, **where: Any
) -> tuple[Sequence[AnyJob], str | None]:
    """Return a page of what is found, and the address of the next one if there is any."""
    rows = find(limit + 1, cursor, **where)
    if len(rows) <= limit:
        return rows, None
    query = urlencode({**request.args, "cursor": rows[limit - 1].id})
    return rows[:limit], f"{own(request.path)}?{query}"


def list_of(kind: type[AnyJob], **where: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a page of a list as the API has it, and the link to the next one (RFC 8288)."""
    rows, following = page_of(partial(jobs.page, kind), **where)
    cursor = rows[-1].id if following else None
    link = {"Link": f'<{following}>; rel="next"'} if following else {}
    return {f"{kind.__name__.lower()}s": rows, "next_cursor": cursor}, link
