"""The OpenAPI document, completed: what flask-smorest cannot know from the views.

Which problems a call may answer follows from what it is: whether it takes a body, adds a job, names
one, sends a file. What is the exception stands in `OWN_PROBLEMS`.
"""

import re
from collections.abc import Iterator
from typing import Any

from app.api.particulars import (
    DESCRIPTION,
    EVENT,
    EXAMPLES,
    HEADERS,
    PARAMETERS,
    REQUESTS,
    RULES,
    SAMPLES,
)
from app.http.problem_types import CATALOGUE, ProblemType
from app.http.problems import CONTENT_TYPE
from app.settings import Settings

METHODS = ("get", "post", "delete")

ALWAYS = (
    *("unauthorized", "misdirected-request", "too-many-requests"),
    *("internal-server-error", "busy"),
)
WITH_BODY = (
    *("bad-request", "request-entity-too-large", "unsupported-media-type", "invalid-input"),
)
WITH_QUERY = ("invalid-input",)
CHANGING = ("foreign-origin", "storage-full")
ADDING = ("overloaded", "invalid-idempotency-key", "idempotency-key-reused")
OF_ONE_JOB = ("not-found", "gone")
OF_A_FILE = (
    *("refused-url", "refused-address", "unreachable", "origin-status", "broken-transfer"),
    *("deadline", "too-large", "not-an-image", "cancelled", "storage-full", "gave-up"),
    *("unexpected", "requested-range-not-satisfiable"),
)
OWN_PROBLEMS = {
    "get /download/{download_id}": ("no-archive", "not-html", "no-images", "none-worked"),
    "get /download/{download_id}/events": ("overloaded",),
    "post /download/{download_id}/retry": ("not-failed",),
    "get /images/{image_id}/content": ("unwanted", "skipped"),
    "get /images/{image_id}/thumbnail": ("no-thumbnail", "unwanted", "skipped"),
    "post /images/{image_id}/retry": ("not-failed",),
    "get /readyz": ("not-ready",),
}
OPEN = ("/healthz",)  # without a key

EVERYWHERE = (
    *("X-Request-ID", "RateLimit-Limit", "RateLimit-Remaining"),
    *("RateLimit-Reset", "RateLimit-Policy"),
)
WAITS = (
    *("post /download", "post /download/{download_id}/retry"),
    *("post /images", "post /images/{image_id}/retry"),
    *("get /download/{download_id}", "get /download/{download_id}/status"),
    *("get /images/{image_id}", "get /images/{image_id}/content"),
)


def complete(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return flask-smorest's document with everything that clients may count on."""
    components = document["components"]
    del components["schemas"]["PaginationMetadata"]
    components["responses"] = {}
    components["headers"] = {name: _header(name) for name in HEADERS}
    components["parameters"] = {name: _parameter(name) for name in PARAMETERS}
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for name, schema in components["schemas"].items():
        if name.endswith("Document") and name != "ProblemDocument":
            schema["required"] = list(schema["properties"])  # null where there is nothing to tell
    for name, rule in RULES.items():
        components["schemas"][name] |= rule
    for name, sample in SAMPLES.items():
        components["schemas"][name]["examples"] = [sample]
    limit = components["schemas"]["NewDownload"]["properties"]["limit"]
    limit |= {"maximum": settings.max_images, "default": min(limit["default"], settings.max_images)}
    urls = components["schemas"]["NewImage"]["properties"]["urls"]
    urls["maxItems"] = min(urls["maxItems"], settings.max_queued or urls["maxItems"])
    rows = [
        f"| [{k.code}](/problems/{k.code}) | {k.status} | {k.meaning} |" for k in CATALOGUE.values()
    ]
    document["info"]["description"] = DESCRIPTION.lstrip() + "\n".join(rows)
    document["servers"] = [{"url": "/"}]
    if settings.api_keys:
        document["security"] = [{"key": []}]
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                _complete_operation(method, path, operations[method], components)
    return document


def _complete_operation(
    method: str, path: str, operation: dict[str, Any], components: dict[str, Any]
) -> None:
    call = f"{method} {path}"
    operation["operationId"] = re.sub(r"\W+", "_", call).strip("_")
    if path in OPEN:
        operation["security"] = []
    responses = operation["responses"]
    del responses["default"]
    if _is_file(responses.get("200", {})):
        responses["206"] = {**responses["200"], "description": "The range asked for"}
    for status, response in list(responses.items()):
        if status >= "400":
            del responses[status]
        else:
            response["headers"] = _refs("headers", [*_headers(call, status, response), *EVERYWHERE])
    if call.startswith("post") and call in WAITS:
        responses["303"] = _led_on(responses["202"])
    if path.endswith("/events"):
        responses["200"]["content"]["text/event-stream"]["schema"] = EVENT
    if method == "get" and _has_versions(responses["200"]):
        responses["304"] = {
            "description": "It is as `If-None-Match` knows it",
            "headers": _refs("headers", ["ETag", *EVERYWHERE]),
        }
    _complete_request(call, operation)
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(_codes(call, operation)):
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        name = f"{status}-{'-or-'.join(codes)}"
        components["responses"][name] = _problems([CATALOGUE[code] for code in codes])
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}


def _complete_request(call: str, operation: dict[str, Any]) -> None:
    names = list(_request_headers(call, operation))
    operation.setdefault("parameters", []).extend(
        {"$ref": f"#/components/parameters/{name}"} for name in names
    )
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        content["examples"] = {name: {"value": value} for name, value in REQUESTS[call].items()}


def _codes(call: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield the problems that a call may answer."""
    method, _, path = call.partition(" ")
    if path not in OPEN:
        yield from ALWAYS
    yield from OWN_PROBLEMS.get(call, ())
    if any("content" in response for response in operation["responses"].values()):
        yield "not-acceptable"
    if "requestBody" in operation:
        yield from WITH_BODY
    if any(one.get("in") == "query" for one in operation["parameters"]):
        yield from WITH_QUERY
    if method != "get":
        yield from CHANGING
    if method == "post":
        yield from ADDING
    if "{" in path:
        yield from OF_ONE_JOB
    if "304" in operation["responses"] or method == "delete":
        yield "precondition-failed"
    if "206" in operation["responses"]:
        yield from OF_A_FILE


def _headers(call: str, status: str, response: dict[str, Any]) -> Iterator[str]:
    """Yield the headers of an answer that is no error."""
    if status == "202":
        yield "Retry-After"
        if call.startswith("post"):
            yield "Location"
    if call in WAITS:
        yield "Preference-Applied"
    if status in ("200", "206") and _has_versions(response):
        yield "ETag"
    if status == "206":
        yield "Content-Range"
    if _is_file(response):
        yield from ("Content-Disposition", "Accept-Ranges")
    if call in ("get /download", "get /images"):
        yield "Link"


def _request_headers(call: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield the headers that a call heeds."""
    if call.startswith("post"):
        yield "Idempotency-Key"
    if call in WAITS:
        yield "Prefer"
    if call.endswith("/events"):
        yield "Last-Event-ID"
    if "304" in operation["responses"]:
        yield "If-None-Match"
    if call.startswith("delete"):
        yield "If-Match"
    if "206" in operation["responses"]:
        yield "Range"


def _is_file(response: dict[str, Any]) -> bool:
    return any(
        content["schema"].get("format") == "binary"
        for content in response.get("content", {}).values()
    )


def _has_versions(response: dict[str, Any]) -> bool:
    """Tell whether an answer has an ETag, and heeds conditions on it."""
    return _is_file(response) or "application/json" in response["content"]


def _led_on(accepted: dict[str, Any]) -> dict[str, Any]:
    headers = ["Location", "Preference-Applied", *EVERYWHERE]
    return {
        "description": "It has ended within the wait; `Location` tells what became of it",
        "content": accepted["content"],
        "headers": _refs("headers", headers),
    }


def _problems(types: list[ProblemType]) -> dict[str, Any]:
    extra = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}
    examples = {one.code: {"summary": one.meaning, "value": _example(one)} for one in types}
    content = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "examples": examples}
    return {
        "description": "; ".join(f"`{one.code}`: {one.meaning}" for one in types),
        "content": {CONTENT_TYPE: content},
        "headers": _refs("headers", [*extra.get(types[0].status, []), *EVERYWHERE]),
    }


def _example(one: ProblemType) -> dict[str, Any]:
    told = {"type": f"/problems/{one.code}", "title": one.title, "status": one.status}
    return {**told, "detail": one.meaning}


def _header(name: str) -> dict[str, Any]:
    kind, description = HEADERS[name]
    example = {"example": EXAMPLES[name]} if name in EXAMPLES else {}
    return {"description": description, "schema": {"type": kind}, **example}


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, **PARAMETERS[name]}


def _refs(place: str, names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/{place}/{name}"} for name in names}
