"""What HTTP (RFC 9110) asks of every answer of the API: methods, media types, conditions."""

import re
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable

from app.errors import NotFound
from app.http.files import conditions_hold
from app.http.problems import CONTENT_TYPE, refusal

CONDITIONS = "If-Match", "If-Unmodified-Since"


def observe(app: Flask, paths: dict[str, Any]) -> None:
    """Have the calls of an OpenAPI document answered as HTTP has it."""
    sendable = {
        (method.upper(), path): _media_types(operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "responses" in operation
    }

    def refuse_unacceptable() -> None:
        rule = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(request.url_rule))
        method = "GET" if request.method == "HEAD" else request.method
        types = sendable.get((method, rule))
        if types and not _accepts(request.accept_mimetypes, types):
            raise NotAcceptable(f"what can be sent here is {', '.join(types)}")

    app.before_request(refuse_unacceptable)
    app.before_request(refuse_changed)
    app.after_request(polish)


def refuse_changed() -> Response | None:
    """Have a DELETE heed its conditions: they are on what a GET would answer now."""
    if request.method != "DELETE" or not any(name in request.headers for name in CONDITIONS):
        return None
    environ = {name: it for name, it in request.environ.items() if not name.startswith("HTTP_")}
    with current_app.request_context({**environ, "REQUEST_METHOD": "HEAD"}):
        shown = current_app.full_dispatch_request()
        shown.close()
    unknown = shown.status_code == 404 and shown.get_json()["type"] == NotFound("").type
    return None if unknown or conditions_hold(shown) else refusal(412)


def polish(response: Response) -> Response:
    """Give JSON answers an ETag and heed conditions on it; no type to what has no content."""
    if request.method == "OPTIONS" and response.status_code == 200:
        response.status_code = 204
    if response.status_code == 204:
        del response.headers["Content-Type"]
    if request.method in ("GET", "HEAD") and response.status_code == 200 and response.is_json:
        response.add_etag()
        if not conditions_hold(response):
            return refusal(412)
        response.make_conditional({**request.environ, "HTTP_IF_MATCH": ""})
    return response


def _accepts(accepted: MIMEAccept, types: list[str]) -> bool:
    """Tell whether a client takes one of some types; parameters such as charset do not matter."""
    ranges = MIMEAccept([(value.partition(";")[0], quality) for value, quality in accepted])
    return not ranges or ranges.best_match(types) is not None


def _media_types(operation: dict[str, Any]) -> list[str]:
    contents = [response.get("content", {}) for response in operation["responses"].values()]
    types = [media_type for content in contents for media_type in content]
    return [*dict.fromkeys(types), CONTENT_TYPE] if types else []
