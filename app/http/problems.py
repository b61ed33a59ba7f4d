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
from app.http.problem_types import BY_STATUS, CATALOGUE, ProblemType

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
    known: ProblemType,
    detail: str | None = None,
    *,
    errors: Mapping[str, Any] | None = None,
    retry_seconds: int | None = None,
) -> Response:
    """Answer with a problem document; without a detail of this case, with what its type means."""
    document: dict[str, Any] = {
        "type": f"/problems/{known.code}",
        "title": known.title,
        "status": known.status,
        "detail": detail or known.meaning,
    }
    if errors:
        document["errors"] = errors
    answer = Response(json.dumps(document), known.status, content_type=CONTENT_TYPE)
    if retry_seconds:
        answer.headers["Retry-After"] = str(retry_seconds)
    return answer


def refusal(status: int, detail: str, *, retry_seconds: int | None = None) -> Response:
    """Answer with what HTTP itself refuses."""
    return problem(BY_STATUS[status], detail, retry_seconds=retry_seconds)


def handle_http_exception(error: HTTPException) -> Response:
    """Answer with what Werkzeug or Flask refused."""
    known = BY_STATUS.get(error.code or 500) or ProblemType(
        re.sub(r"\W+", "-", error.name.lower()), error.name, error.code or 500, error.name
    )
    said = None if error.description == type(error).description else error.description
    answer = problem(known, said)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def handle_invalid(error: ValidationError) -> Response:
    """Answer with what a schema refused, by field."""
    errors = {
        "body" if field == "_schema" else field: said
        for field, said in cast(dict[str, Any], error.messages).items()
    }
    return problem(BY_STATUS[422], errors=errors)


def handle_failure(failure: Failure) -> Response:
    """Answer with a named reason."""
    known = CATALOGUE[failure.code]
    return problem(known, failure.detail, retry_seconds=failure.retry_seconds)


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
        said = "the database is busy; try again soon"
        return problem(CATALOGUE["busy"], said, retry_seconds=RETRY_SECONDS)
    raise error
