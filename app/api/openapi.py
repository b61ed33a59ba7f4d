"""The OpenAPI document, written by apispec from the declared operations and their schemas.

Which problems an operation may answer follows from what it declares: whether it takes a body, adds
a job, names one, sends a file. The words for headers and parameters, and the examples, stand in
`openapi_examples.json`.
"""

import json
import pkgutil
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema

from app.api import samples
from app.http.auth import OPEN
from app.http.operations import Content, Operation, Resource
from app.http.problem_types import CATALOGUE, ProblemType
from app.http.problems import CONTENT_TYPE, ProblemDocument
from app.http.responses import JSON
from app.settings import VERSION, Settings

DESCRIPTION = """
Fetches the pictures of a page into one zip, or one image as a stored copy. A `POST` accepts a job
and answers 202 at once; its `Location` tells how far it is, and in the end what became of it.

* **Waiting**: `Prefer: wait=30` waits up to 30 seconds for the end. A `POST` leads on to it (303);
  lists of `urls` are answered at once.
* **Repeating**: with the same `Idempotency-Key`, a `POST` that is sent again is done once.
* **Units**: sizes are bytes and pixels, times are RFC 3339 in UTC, ids are UUIDs.
* **Errors** are problem documents (RFC 9457). Their `type` is stable; [all types](/problems).
"""
TEXTS = json.loads(pkgutil.get_data(__name__, "openapi_examples.json") or b"")

EVERYWHERE = (
    *("X-Request-ID", "RateLimit-Limit", "RateLimit-Remaining"),
    *("RateLimit-Reset", "RateLimit-Policy"),
)
OF_PROBLEMS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}

ALWAYS = (
    *("unauthorized", "misdirected-request", "too-many-requests"),
    *("internal-server-error", "busy"),
)
WITH_BODY = (
    *("bad-request", "request-entity-too-large", "unsupported-media-type", "invalid-input"),
)
ADDING = (
    *("overloaded", "quota-jobs", "quota-bytes"),
    *("invalid-idempotency-key", "idempotency-key-reused"),
)
OF_A_FILE = (
    *("refused-url", "refused-address", "unreachable", "origin-status", "broken-transfer"),
    *("deadline", "too-large", "not-an-image", "cancelled", "storage-full", "quota-bytes"),
    "gave-up",
    *("unexpected", "requested-range-not-satisfiable"),
)


class Converter(OpenAPIConverter):
    """apispec's, with what marshmallow does not know of a schema."""

    def __init__(self, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings

    def schema2jsonschema(self, schema: Schema) -> Any:
        """Describe a schema: in answers no field is ever missing, but null if there is none."""
        described: dict[str, Any] = super().schema2jsonschema(schema)
        name = type(schema).__name__
        fields = described["properties"]
        if name.endswith("Document") and name != "ProblemDocument":
            described["required"] = list(fields)
        if name == "NewDownload":
            most = self.settings.max_images
            fields["at_once"]["maximum"] = self.settings.images_at_once
            if not self.settings.browser:
                fields["render"]["const"] = False
            fields["limit"] |= {"maximum": most, "default": min(fields["limit"]["default"], most)}
        if name == "NewImage":
            bounds = fields["urls"]["maxItems"], self.settings.max_queued, self.settings.quota_jobs
            fields["urls"]["maxItems"] = min(filter(None, bounds))
        return described | TEXTS["schemas"].get(name, {})


def write(resources: list[Resource], settings: Settings) -> dict[str, Any]:
    """Return the document of some resources, as these settings make them answer."""
    plugin = MarshmallowPlugin()
    plugin.Converter = partial(Converter, settings)  # type: ignore[assignment]
    spec = APISpec(
        title="Image Downloader",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": DESCRIPTION.strip()},
        **({"security": [{"key": []}]} if settings.api_keys else {}),
    )
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Event", TEXTS["schemas"]["Event"])
    for name, header in TEXTS["headers"].items():
        spec.components.header(name, header)
    for name, parameter in TEXTS["parameters"].items():
        spec.components.parameter(name, "header", {"required": False, **parameter})
    for resource in resources:
        spec.tag({"name": resource.name, "description": resource.description})
        for operation in resource.operations:
            spec.path(
                operation.path,
                operations={operation.method.lower(): _operation(operation, spec, settings)},
                parameters=[
                    {"in": "path", "name": name, "schema": {"type": "string", "format": "uuid"}}
                    for name in re.findall(r"{(\w+)}", operation.path)
                ],
            )
    return spec.to_dict()


def _operation(operation: Operation, spec: APISpec, settings: Settings) -> dict[str, Any]:
    call = f"{operation.method.lower()} {operation.path}"
    query = [{"in": "query", "schema": operation.query}] if operation.query else []
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": (operation.view.__doc__ or "").partition("\n")[0],
        "tags": [operation.resource.name],
        "parameters": [*query, *_request_headers(operation)],
        "responses": {**_answers(operation), **_problems(operation, spec)},
    }
    needs_key = bool(settings.api_keys) and operation.path not in OPEN
    if operation.path in OPEN:
        described["security"] = []
    requests = TEXTS["requests"][call] if operation.body else {}
    described["x-codeSamples"] = samples.write(
        operation, next(iter(requests.values()), None), keys=needs_key
    )
    if operation.body:
        examples = {name: {"value": value} for name, value in requests.items()}
        content = {JSON: {"schema": operation.body, "examples": examples}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.callback:
        described["callbacks"] = _callbacks(operation.callback)
    return described


def _request_headers(operation: Operation) -> Iterator[str]:
    """Yield the headers that an operation reads."""
    if operation.adds_job:
        yield "Idempotency-Key"
    if operation.adds_job or operation.waits:
        yield "Prefer"
    yield from operation.request_headers
    if operation.has_versions:
        yield "If-None-Match"
    if operation.method == "DELETE":
        yield "If-Match"
    if operation.sends_file:
        yield "Range"


def _answers(operation: Operation) -> dict[str, Any]:
    """Describe the answers that are no errors."""
    waited = ["Preference-Applied"] if operation.adds_job or operation.waits else []
    answers: dict[str, Any] = {}
    if operation.accepted:
        first, *others = operation.accepted
        content = Content(JSON, {"oneOf": [first, *others]} if others else first)
        if operation.adds_job:
            answers["202"] = _answer("Accepted", content, "Retry-After", "Location", *waited)
            ended = "It has ended within the wait; `Location` tells what became of it"
            answers["303"] = _answer(ended, content, "Location", *waited)
        else:
            answers["202"] = _answer("Not there yet", content, "Retry-After", *waited)
    elif not operation.answer:
        answers["204"] = _answer("No content", None)
    if operation.answer:
        answer = operation.answer
        content = answer if isinstance(answer, Content) else Content(JSON, answer)
        versions = ["ETag"] if operation.has_versions else []
        names = ["Content-Disposition", "Accept-Ranges"] if operation.sends_file else []
        headers = [*waited, *versions, *names, *operation.headers]
        answers["200"] = _answer("OK", content, *headers)
        if operation.sends_file:
            answers["206"] = _answer("The range asked for", content, "Content-Range", *headers)
        if versions:
            answers["304"] = _answer("It is as `If-None-Match` knows it", None, "ETag")
    return answers


def _answer(description: str, content: Content | None, *headers: str) -> dict[str, Any]:
    contents = {content.media_type: {"schema": content.schema}} if content else None
    return {
        "description": description,
        **({"content": contents} if contents else {}),
        "headers": {name: name for name in [*headers, *EVERYWHERE]},
    }


def _problems(operation: Operation, spec: APISpec) -> dict[str, str]:
    """Return the names of the answers that are errors; each set of problems is one component."""
    by_status: dict[int, list[ProblemType]] = {}
    for code in dict.fromkeys(_codes(operation)):
        by_status.setdefault(CATALOGUE[code].status, []).append(CATALOGUE[code])
    responses = {}
    for status, types in sorted(by_status.items()):
        name = f"{status}-{'-or-'.join(problem.code for problem in types)}"
        if name not in spec.components.responses:
            spec.components.response(name, _problem_answer(status, types))
        responses[str(status)] = name
    return responses


def _problem_answer(status: int, types: list[ProblemType]) -> dict[str, Any]:
    headers = [OF_PROBLEMS[status]] if status in OF_PROBLEMS else []
    described = _answer(
        "; ".join(f"`{problem.code}`: {problem.meaning}" for problem in types),
        Content(CONTENT_TYPE, ProblemDocument),
        *headers,
    )
    described["content"][CONTENT_TYPE]["examples"] = {
        problem.code: {
            "summary": problem.meaning,
            "value": {
                "type": f"/problems/{problem.code}",
                "title": problem.title,
                "status": status,
                "detail": problem.meaning,
            },
        }
        for problem in types
    }
    return described


def _codes(operation: Operation) -> Iterator[str]:
    """Yield the problems that an operation may answer."""
    if operation.path not in OPEN:
        yield from ALWAYS
    yield from operation.problems
    if operation.answer or operation.accepted:
        yield "not-acceptable"
    if operation.body:
        yield from WITH_BODY
    if operation.query:
        yield "invalid-input"
    if operation.method != "GET":
        yield from ("foreign-origin", "storage-full")
    if operation.adds_job:
        yield from ADDING
    if "{" in operation.path:
        yield from ("not-found", "gone")
    if operation.has_versions or operation.method == "DELETE":
        yield "precondition-failed"
    if operation.sends_file:
        yield from OF_A_FILE


def _callbacks(event: type[Schema]) -> dict[str, Any]:
    """Describe what is sent to the `callback_url` of a request."""
    texts = TEXTS["callback"]
    header = {"in": "header", "required": True, "schema": {"type": "string"}}
    message = {
        "summary": texts["summary"],
        "parameters": [
            {**header, "name": name, "description": text} for name, text in texts["headers"].items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": event}}},
        "security": [],  # no key of ours: it is signed
        "responses": texts["responses"],
    }
    return {"ended": {"{$request.body#/callback_url}": {"post": message}}}
