"""Answers that several resources give alike."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from marshmallow import Schema

from app import jobs
from app.database.models import AnyJob, Download, Image, first_id, now
from app.database.sqlite import db
from app.errors import Gone, NotFound
from app.http import services
from app.http.problems import RETRY_SECONDS


def encode(told: Any) -> bytes:
    """Write JSON."""
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


class JsonProvider(DefaultJSONProvider):
    """Flask's, which writes answers six times as fast."""

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Make an answer of what a view told."""
        told = self._prepare_response_obj(args, kwargs)
        return Response(encode(told), mimetype=self.mimetype)


def load(kind: type[AnyJob], job_id: UUID) -> AnyJob:
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


def accepted(document: Schema, told: Any) -> Response:
    """Answer 202: a job is accepted, or not yet at its end."""
    answer: Response = jsonify(document.dump(told))
    answer.status_code = 202
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def begun(document: Schema, told: Any, path: str | None = None) -> Response:
    """Have new jobs done, and answer 202 and where it will be, if it is one."""
    db.after_commit(services.engine().submit)
    answer = accepted(document, told)
    if path:
        answer.headers["Location"] = path
    return answer


def listed(
    kind: type[Download] | type[Image], limit: int, cursor: Any, **equal: Any
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return a page of a list, and the link to the next one (RFC 8288) if there is any."""
    rows: Sequence[Any] = jobs.page(kind, limit + 1, cursor, **equal)
    name = f"{kind.__name__.lower()}s"
    if len(rows) <= limit:
        return {name: rows, "next_cursor": None}, 200, {}
    last = rows[limit - 1].id
    query = urlencode({**request.args.to_dict(), "cursor": last})
    link = f'<{request.path}?{query}>; rel="next"'
    return {name: rows[:limit], "next_cursor": last}, 200, {"Link": link}
