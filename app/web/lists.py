"""What lists for people are asked for, by the filters and cursors of the API."""

from collections.abc import Mapping
from typing import Any, cast

from marshmallow import Schema, ValidationError
from werkzeug.exceptions import BadRequest

from app.web import messages


def load_query(schema: Schema, limit: int, filters: Mapping[str, str]) -> dict[str, Any]:
    """Return what a list is asked for; an empty field of a filter asks for nothing.

    Raises:
        BadRequest: no form of ours sends this.
    """
    given = {name: text for name, text in filters.items() if text}
    try:
        loaded: dict[str, Any] = schema.load({**given, "limit": limit})
    except ValidationError as error:
        wrong = cast(dict[str, list[str]], error.messages)
        if not wrong.keys() <= messages.FILTERS.keys():
            raise BadRequest(messages.BAD_LINK) from error
        reasons = [f"{messages.FILTERS[name]}: {' '.join(said)}" for name, said in wrong.items()]
        raise bad_filter(" ".join(reasons)) from error
    return loaded


def bad_filter(reasons: str) -> BadRequest:
    """Return the error for a filter that says nothing."""
    return BadRequest(messages.BAD_FILTER.format(reasons=reasons))
