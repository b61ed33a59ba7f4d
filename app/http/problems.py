"""Every error as a problem document (RFC 9457)."""

import logging
import re
from collections.abc import Mapping
from typing import Any, cast

from flask import Response, json
from marshmallow import Schema, ValidationError, fields
from peewee import OperationalError
from werkzeug.exceptions import HTTPException

from app.database.connection import db
from app.errors import Failure, StorageFull, StorageUnusable
from app.http.problem_types import BY_STATUS, ProblemType

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2

log = logging.getLogger(__name__)


class ProblemDocument(Schema):
    """What went wrong."""

    type = fields.String(required=True, metadata={"description": "which problem; stable"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "this case, in words"})
    errors = fields.Dict(metadata={"description": "what is wrong with the input, by field"})


def problem(
    status: int, code: str, title: str, detail: str, errors: Mapping[str, Any] | None = None
) -> Response:
    """Answer with a problem document."""
    document = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail}
    if errors:
        document["errors"] = errors
    return Response(json.dumps(document), status, content_type=CONTENT_TYPE)


def refusal(status: int, detail: str | None = None) -> Response:
    """Answer with what HTTP itself refuses."""
    known = BY_STATUS[status]
    return problem(status, known.code, known.title, detail or known.meaning)


def handle_http_exception(error: HTTPException) -> Response:
    """Answer with what Werkzeug or Flask refused."""
    known = BY_STATUS.get(error.code or 500) or ProblemType(
        re.sub(r"\W+", "-", error.name.lower()), error.name, error.code or 500, error.name
    )
    said = None if error.description == type(error).description else error.description
    answer = problem(known.status, known.code, known.title, said or known.meaning)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def handle_invalid(error: ValidationError) -> Response:
    """Answer with what a schema refused, by field."""
    known = BY_STATUS[422]
    errors = {
        "body" if field == "_schema" else field: said
        for field, said in cast(dict[str, Any], error.messages).items()
    }
    return problem(known.status, known.code, known.title, known.meaning, errors)


def handle_failure(failure: Failure) -> Response:
    """Answer with a named reason."""
    answer = problem(failure.status, failure.code, failure.title, failure.detail)
    if failure.retry_seconds:
        answer.headers["Retry-After"] = str(failure.retry_seconds)
    return answer


def handle_database(error: OperationalError) -> Response:
    """Tell what is around the database, and may pass, from a fault of ours."""
    if db.is_full(error):
        return handle_failure(StorageFull("no room left in the storage"))
    if db.is_unusable(error):
        log.warning("storage cannot be used", extra={"error": str(error)})
        return handle_failure(
            StorageUnusable("the storage cannot be used now; `/readyz` tells more")
        )
    if db.is_busy(error):
        answer = problem(503, "busy", "Busy", "the database is busy; try again soon")
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer
    raise error
