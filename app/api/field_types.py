"""Kinds of input fields, beyond those that marshmallow has."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields
from marshmallow.validate import OneOf

from app.errors import Refused
from app.http import services
from app.pictures.formats import ALIASES, BY_NAME
from app.urls import judge_url, site_of

RFC_9562 = r"(?ai)[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"
RFC_3339 = r"(?ai)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"


class WholeNumber(fields.Integer):
    """A JSON number without a fraction, such as 5 or 5.0; texts and booleans are refused."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if type(value) is not int and not (type(value) is float and value.is_integer()):
            raise self.make_error("invalid", input=value)
        return int(value)


class Digits(fields.Integer):
    """A number in a query: ASCII digits alone, though Python's `int` reads more."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", str(value)):
            raise self.make_error("invalid", input=value)
        return int(value)


class Id(fields.UUID):
    """A UUID as RFC 9562 writes it, though Python reads more."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> UUID:
        if not re.fullmatch(RFC_9562, str(value)):
            raise self.make_error("invalid_uuid")
        return UUID(value)


class Time(fields.AwareDateTime):
    """A time by RFC 3339, though Python reads more."""

    def __init__(self, **kwargs: Any) -> None:
        wrong = "Not a time by RFC 3339, such as 2026-11-20T09:30:00Z; + is %2B in a query."
        super().__init__(error_messages={"invalid": wrong}, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        if not re.fullmatch(RFC_3339, str(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value.upper(), *args, **kwargs)


class Site(fields.String):
    """A host, read as the host of a URL is."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        host = site_of(f"http://{value}/") if isinstance(value, str) else None
        if host is None or re.search(r"[/?#@\\]", value):
            raise ValidationError("Not a host, such as example.com.")
        return host


class Format(fields.String):
    """The name of an image format, or another name that people know it by."""

    def __init__(self, **kwargs: Any) -> None:
        names = {"enum": [*BY_NAME, *ALIASES]}
        super().__init__(validate=OneOf(BY_NAME), metadata=names, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, *args, **kwargs).lower()
        return ALIASES.get(name, name)


class Truth(fields.Boolean):
    """`true` or `false`, no other spelling."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


class Entries(fields.List[Any]):
    """A list whose length is judged first: a body has room for millions of wrong entries."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **kwargs)


class FetchableUrls(fields.List[str]):
    """Many URLs; each is judged, and the others of a field's steps, which cost more, left out."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        self._validate(value)
        allowed = services.settings().allow_networks
        wrong = {}
        for index, text in enumerate(value):
            try:
                judge_url(text if type(text) is str else self.inner.deserialize(text), allowed)
            except ValidationError as error:
                wrong[index] = error.messages
            except Refused as refusal:
                wrong[index] = [refusal.detail]
        if wrong:
            raise ValidationError(wrong)
        return value
