"""Answers that several resources give alike."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import Request, Response, json, jsonify, request, send_file
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app import jobs
from app.api import current
from app.api.problems import RETRY_SECONDS
from app.errors import Gone, NotFound
from app.models import Download, Image, first_id, now

AnyJob = TypeVar("AnyJob", Download, Image)

YEAR = 365 * 24 * 3600  # seconds


class JsonParser(FlaskParser):
    """Bodies are JSON and say so: 400 when broken, 415 when called something else."""

    def _raw_load_json(self, req: Request) -> Any:
        if not req.is_json:
            raise UnsupportedMediaType("send JSON, with Content-Type: application/json")
        try:
            return json.loads(req.get_data())
        except (ValueError, RecursionError):
            raise BadRequest("the body is not valid JSON") from None


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """flask-smorest's, with our reading of bodies."""

    ARGUMENTS_PARSER = JsonParser()


def load(kind: type[AnyJob], job_id: UUID) -> AnyJob:
    """Return the job.

    Raises:
        NotFound: there is none of that id.
        Gone: what was added at the time in that id is no longer kept.

    """
    try:
        return jobs.get(kind, job_id)
    except NotFound:
        days = current.settings().keep_days
        if days and job_id.version == 7 and job_id < first_id(now() - timedelta(days=days)):
            raise Gone(f"what is older than {days} days is removed") from None
        raise


def accepted(document: Schema, job: Download | Image) -> Response:
    """Answer 202: the job is accepted, or not yet at its end."""
    answer: Response = jsonify(document.dump(job))
    answer.status_code = 202
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def begun(document: Schema, job: Download | Image, path: str) -> Response:
    """Have a new job done, and answer 202 and where it will be."""
    current.engine().submit()
    answer = accepted(document, job)
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


def stored(path: Path, **options: Any) -> Response:
    """Send a stored file, with ranges and conditions.

    Raises:
        Gone: somebody has removed it from the storage.

    """
    try:
        return send_file(path, conditional=True, **options)
    except FileNotFoundError as error:
        raise Gone("the stored file is gone") from error
