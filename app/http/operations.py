"""Endpoints, each declared once.

Its route, the reading of its input, waiting, idempotency, content negotiation, the conditions on
its answer and its part of the OpenAPI document follow from the declaration.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask, Response, request
from marshmallow import Schema
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable
from werkzeug.http import parse_accept_header

from app.http.arguments import load_body, load_query
from app.http.idempotency import idempotent
from app.http.prefer import honour_wait, redirect_when_done
from app.http.problems import CONTENT_TYPE
from app.http.responses import JSON, job_accepted, versioned
from app.urls import own

View = Callable[..., Any]


class Content(NamedTuple):
    """What an answer contains, when it is no document of a marshmallow schema."""

    media_type: str
    schema: Any


def file(media_type: str) -> Content:
    """Return the content of a stored file: with versions, ranges and a name."""
    binary = {"type": "string", "format": "binary", "contentMediaType": media_type}
    return Content(media_type, binary)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path; the view gets body, query and the path's argument, in this order.

    A view returns a Response, or what the schema dumps: of `answer`, alone or with headers; for a
    POST the job that it added, or a mapping for the second schema of `accepted`.
    """

    method: str
    rule: str
    view: View
    resource: "Resource"
    name: str  # for clients that are generated; never another, once it is published
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    answer: type[Schema] | Content | None = None  # of 200; neither this nor `accepted`: 204
    accepted: tuple[type[Schema], ...] = ()  # of 202
    waits: bool = False  # a GET for the end of the job; a POST that adds a job always can
    callback: type[Schema] | None = None  # what is sent to `callback_url`
    problems: tuple[str, ...] = ()  # beyond those that follow from the rest
    request_headers: tuple[str, ...] = ()  # likewise
    headers: tuple[str, ...] = ()  # of the answer, likewise

    def __call__(self, **where: UUID) -> Response:
        """Answer a request."""
        accept = request.environ.get("HTTP_ACCEPT")
        if accept and not _accepts(accept, self._sendable):
            raise NotAcceptable(f"what can be sent here is {', '.join(self._sendable)}")
        arguments = [*(load(schema) for load, schema in self._inputs), *where.values()]
        if self.adds_job:
            act = partial(self._add, arguments)
            accepted = idempotent(act, where, body=bool(self.body))
            return redirect_when_done(accepted, self.resource.kind, self._accepted[0])
        if self.waits and "HTTP_PREFER" in request.environ:
            honour_wait(self.resource.kind, *where.values())
        return self._respond(self.view(*arguments))

    @property
    def adds_job(self) -> bool:
        """Whether it adds a job: once for an Idempotency-Key, and a client may wait for its end."""
        return self.method == "POST"

    @property
    def sends_file(self) -> bool:
        """Whether it sends a stored file."""
        return isinstance(self.answer, Content) and self.answer.schema.get("format") == "binary"

    @property
    def has_versions(self) -> bool:
        """Whether its answer has an ETag, and conditions may be put on it."""
        return self.sends_file or self._answer is not None

    @property
    def path(self) -> str:
        """The path as OpenAPI writes it."""
        return self.rule.replace("<uuid:", "{").replace(">", "}")

    @cached_property
    def _answer(self) -> Schema | None:
        return self.answer() if isinstance(self.answer, type) else None

    @cached_property
    def _accepted(self) -> list[Schema]:
        return [schema() for schema in self.accepted]

    @cached_property
    def _inputs(self) -> list[tuple[Callable[[Schema], Any], Schema]]:
        inputs = (load_body, self.body), (load_query, self.query)
        return [(load, schema()) for load, schema in inputs if schema]

    @cached_property
    def _sendable(self) -> tuple[str, ...]:
        """The media types of its answers; none if they have no content."""
        answers = [self.answer.media_type if isinstance(self.answer, Content) else JSON]
        types = [*(answers if self.answer else ()), *(JSON for _ in self.accepted)]
        return tuple(dict.fromkeys([*types, CONTENT_TYPE])) if types else ()

    def _add(self, arguments: list[Any]) -> Response:
        added = self.view(*arguments)
        if isinstance(added, dict):
            return job_accepted(self._accepted[1], added)
        return job_accepted(self._accepted[0], added, own(f"{self.resource.path}/{added.id}"))

    def _respond(self, answer: Any) -> Response:
        if isinstance(answer, Response):
            return answer
        if self._answer is None:
            empty = Response(status=204)
            del empty.headers["Content-Type"]
            return empty
        value, headers = answer if type(answer) is tuple else (answer, {})
        return versioned(self._answer.dump(value), headers)


@dataclass(frozen=True)
class Resource:
    """Operations that belong together, and the kind of job that they are about, if any."""

    name: str
    description: str
    path: str = ""
    kind: Any = None
    operations: list[Operation] = field(default_factory=list)

    def get(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare what a GET does; the rule goes on from the resource's path."""
        return self._operation("GET", rule, declared)

    def post(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare what a POST does."""
        return self._operation("POST", rule, declared)

    def delete(self, rule: str, **declared: Any) -> Callable[[View], View]:
        """Declare what a DELETE does."""
        return self._operation("DELETE", rule, declared)

    def register(self, app: Flask) -> None:
        """Have an application answer the operations."""
        for operation in self.operations:
            endpoint = f"{self.name}.{operation.name}"
            app.add_url_rule(operation.rule, endpoint, operation, methods=[operation.method])

    def _operation(
        self, method: str, rule: str, declared: dict[str, Any]
    ) -> Callable[[View], View]:
        def declare(view: View) -> View:
            named = {"name": view.__name__, **declared}
            operation = Operation(
                method=method, rule=self.path + rule, view=view, resource=self, **named
            )
            self.operations.append(operation)
            return view

        return declare


@lru_cache(maxsize=256)
def _accepts(header: str, types: tuple[str, ...]) -> bool:
    """Return whether a client takes one of some types; parameters such as charset do not matter."""
    accepted = parse_accept_header(header, MIMEAccept)
    ranges = MIMEAccept([(value.partition(";")[0], quality) for value, quality in accepted])
    return not types or not ranges or ranges.best_match(types) is not None
