"""Lists for people, a page at a time, by the filters and cursors of the API."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import BadRequest

from app import jobs
from app.database.models import AnyJob
from app.urls import own
from app.web import messages


def asked(schema: Schema, limit: int, filters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what a list is asked for; an empty field of a filter asks for nothing.

    Raises:
        BadRequest: no form of ours sends this.
    """
    filters = request.args if filters is None else filters
    given = {name: text for name, text in filters.items() if text}
    try:
        loaded: dict[str, Any] = schema.load({**given, "limit": limit})
    except ValidationError as error:
        wrong = cast(dict[str, list[str]], error.messages)
        if not wrong.keys() <= messages.FILTERS.keys():
            raise BadRequest(messages.BAD_LINK) from error
        reasons = [f"{messages.FILTERS[name]}: {' '.join(said)}" for name, said in wrong.items()]
        raise misunderstood(" ".join(reasons)) from error
    return loaded


def misunderstood(reasons: str) -> BadRequest:
    """Return the error for a filter that says nothing."""
    return BadRequest(messages.BAD_FILTER.format(reasons=reasons))


def page(
    kind: type[AnyJob], where: dict[str, Any], find: Callable[..., list[AnyJob]] | None = None
) -> tuple[Sequence[AnyJob], str | None]:
    """Return a page of a list, newest first, and where the next one is if there is any.

    What is on it is found by `jobs.page`, or by `find`.
    """
    limit, cursor = where.pop("limit"), where.pop("cursor")
    rows = (find or partial(jobs.page, kind))(limit + 1, cursor, **where)
    if len(rows) <= limit:
        return rows, None
    older = urlencode({**request.args, "cursor": rows[limit - 1].id})
    return rows[:limit], f"{own(request.path)}?{older}"
