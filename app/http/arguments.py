"""What requests bring, in a body or a query: read here, judged by a schema."""

import json
from typing import Any

import orjson
from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    abort,
)

MAX_FIELDS = 100  # known or not; each unknown one is named, and there is room for 400,000


def load_query(schema: Schema) -> Any:
    """Return the query's fields, judged.

    Raises:
        ValidationError: for a name that is unknown or given twice, too: it would not filter what
            was meant.
    """
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise ValidationError({name: ["Given more than once."] for name in repeated})
    return schema.load(request.args.to_dict())


def load_body(schema: Schema) -> Any:
    """Return the fields of the JSON in the body, judged.

    Raises:
        BadRequest, UnsupportedMediaType, RequestEntityTooLarge, NotImplemented: 400 for broken
            JSON, 415 for what is called something else, 413, 501.
        ValidationError: what the schema refuses.
    """
    if not request.is_json:
        raise UnsupportedMediaType("send JSON, with Content-Type: application/json")
    if request.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        abort(501, "send the body in chunks, without another Transfer-Encoding")
    if request.content_encoding:
        raise UnsupportedMediaType("send the body as it is, without a Content-Encoding")
    body = request.get_data()
    if request.content_length is None and len(body) == request.max_content_length:
        raise RequestEntityTooLarge  # Werkzeug cuts off there what comes in pieces
    document = _read_json(body)
    if isinstance(document, dict) and len(document) > MAX_FIELDS:
        raise BadRequest(f"the body has more than {MAX_FIELDS} fields")
    return schema.load(document)


def _read_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # Python's reader takes more, and names the place of an error
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(f"the body is not valid JSON: {place}") from None
    except (ValueError, RecursionError):  # no UTF-8, a number of 5,000 digits, too many levels
        raise BadRequest("the body is not valid JSON") from None
