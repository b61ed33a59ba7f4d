"""Every error as a problem document (RFC 9457)."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Response, json
from flask_smorest import Api
from marshmallow import Schema, fields
from peewee import OperationalError
from werkzeug.exceptions import HTTPException

from app.errors import Failure, StorageFull

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2

INVALID = "The request is not valid; `errors` says by field what to change."


class ProblemDocument(Schema):
    """What went wrong."""

    type = fields.String(metadata={"description": "which problem; stable"})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String(metadata={"description": "this case, in words"})
    errors = fields.Dict(metadata={"description": "what is wrong with the input, by field"})


def problem(
    status: int, code: str, title: str, detail: str, errors: Mapping[str, Any] | None = None
) -> Response:
    """Answer with a problem document."""
    told = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail}
    if errors:
        told["errors"] = errors
    return Response(json.dumps(told), status, content_type=CONTENT_TYPE)


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest, with its errors as problem documents."""

    ERROR_SCHEMA = ProblemDocument

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Turn what Werkzeug, Flask or webargs raised into a problem document."""
        status, title = error.code or 500, error.name
        errors = _by_field(getattr(error, "data", {}).get("messages", {}))
        detail = INVALID if errors else error.description or title
        code = "invalid-input" if status == 422 else re.sub(r"\W+", "-", title.lower())
        answer = problem(status, code, title, detail, errors)
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                answer.headers[name] = value
        return answer


def handle_failure(failure: Failure) -> Response:
    """Answer with a named reason."""
    return problem(failure.status, failure.code, failure.title, failure.detail)


def handle_database(error: OperationalError) -> Response:
    """Tell a full disk, and a database that is busy for too long, from a fault of ours."""
    told = str(error)
    if "is full" in told:
        return handle_failure(StorageFull("no room left in the storage"))
    if "locked" not in told and "busy" not in told:
        raise error
    answer = problem(503, "busy", "Busy", "the database is busy; try again soon")
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _by_field(messages: Mapping[str, Any]) -> dict[str, Any]:
    """Take webargs' messages by place and field, and leave the place out."""
    return {
        "body" if field == "_schema" else field: told
        for place in messages.values()
        for field, told in place.items()
    }
