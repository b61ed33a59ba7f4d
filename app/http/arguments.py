"""What requests bring, in a body or a query."""

from json import JSONDecodeError
from typing import Any

from flask import Request, json
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    abort,
)

MOST_FIELDS = 100  # known or not; each unknown one is named, and there is room for 400,000


class Parser(FlaskParser):
    """Bodies are JSON and say so: 400 when broken, 415 when called something else.

    A query with a name that we do not know, or one twice, is refused: it would not filter what was
    meant.
    """

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": RAISE}

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Return the query's fields, each with its value."""
        twice = [name for name, values in req.args.lists() if len(values) > 1]
        if twice:
            raise ValidationError({name: ["Given more than once."] for name in twice})
        return super().load_querystring(req, schema)

    def _raw_load_json(self, req: Request) -> Any:
        if not req.is_json:
            raise UnsupportedMediaType("send JSON, with Content-Type: application/json")
        if req.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
            abort(501, "send the body in chunks, without another Transfer-Encoding")
        if req.content_encoding:
            raise UnsupportedMediaType("send the body as it is, without a Content-Encoding")
        body = req.get_data()
        if req.content_length is None and len(body) == req.max_content_length:
            raise RequestEntityTooLarge  # what comes in pieces, Werkzeug cuts off there
        try:
            told = json.loads(body)
        except JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise BadRequest(f"the body is not valid JSON: {place}") from None
        except (ValueError, RecursionError):  # no UTF-8, a number of 5,000 digits, too many levels
            raise BadRequest("the body is not valid JSON") from None
        if isinstance(told, dict) and len(told) > MOST_FIELDS:
            raise BadRequest(f"the body has more than {MOST_FIELDS} fields")
        return told


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """flask-smorest's, with our reading of bodies."""

    ARGUMENTS_PARSER = Parser()
