"""What clients may send."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from app.addresses import judge_host
from app.errors import Refused
from app.http import services
from app.pictures import filenames
from app.pictures.formats import ALIASES, BY_NAME, FORMATS
from app.pictures.sources import Source
from app.setting_values import Network
from app.urls import MAX_LENGTH, Url, site_of

DEFAULT_LIMIT = 50
RFC_9562 = r"(?ai)[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"
RFC_3339 = r"(?ai)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"
MAX_URLS = 10_000  # in one request
MAX_PATTERNS = 50
MAX_PATTERN = 500  # characters
MAX_MEMBER_PATTERN = 100  # characters
URL = {"format": "uri", "description": "http or https, on a public address"}


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


def judge(text: str, allowed: tuple[Network, ...]) -> None:
    """Pass a URL that may be fetched, as far as can be told without asking anybody.

    Raises:
        Refused: with the reason in words.

    """
    judge_host(Url.parse(text).host, allowed)


def fetchable(text: str) -> None:
    """Refuse a URL that would be refused without asking anybody."""
    try:
        judge(text, services.settings().allow_networks)
    except Refused as refusal:
        raise ValidationError(refusal.detail) from refusal


def answerable(text: str) -> None:
    """Refuse callbacks where nothing could prove that they are ours."""
    if not services.settings().webhook_secret:
        raise ValidationError(
            "This service makes no callbacks: its operator has to set DOWNLOADER_WEBHOOK_SECRET."
        )


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
                judge(text if type(text) is str else self.inner.deserialize(text), allowed)
            except ValidationError as error:
                wrong[index] = error.messages
            except Refused as refusal:
                wrong[index] = [refusal.detail]
        if wrong:
            raise ValidationError(wrong)
        return value


def sayable(text: str) -> None:
    """Refuse half of a character, which JSON can spell (RFC 8259, section 8.2) and UTF-8 cannot."""
    if re.search("[\ud800-\udfff]", text):
        raise ValidationError("Not a text: it has a lone surrogate.")


def member_pattern(text: str) -> None:
    """Refuse a pattern that does not make names."""
    try:
        filenames.check_pattern(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def within_max_images(limit: int) -> None:
    """Refuse a limit above what the deployer allows."""
    highest = services.settings().max_images
    if limit > highest:
        raise ValidationError(f"Must be at most {highest}, which this service allows.")


def within_images_at_once(count: int) -> None:
    """Refuse more at once than the deployer allows."""
    highest = services.settings().images_at_once
    if count > highest:
        raise ValidationError(f"Must be at most {highest}, which this service allows.")


def within_max_queued(urls: list[str]) -> None:
    """Refuse more than may ever wait: no later time would help."""
    most = services.settings().max_queued
    if most and len(urls) > most:
        raise ValidationError(f"At most {most} jobs may wait in this service: send fewer at once.")


def renderable(wanted: bool) -> None:
    """Refuse to render where there is no browser."""
    if wanted and not services.settings().browser:
        raise ValidationError(
            "This service has no browser: its operator has to set DOWNLOADER_BROWSER. Pictures"
            " that your own browser shows can be sent by the bookmarklet at /."
        )


def callback_url() -> fields.String:
    """Make the field that both kinds of job have."""
    return fields.String(
        load_default=None,
        validate=[fetchable, answerable],
        metadata={
            **URL,
            "example": "https://example.com/hooks/images",
            "description": "told of the end by a signed POST, where the operator has set a secret",
        },
    )


def patterns(meaning: str) -> Entries:
    """Make a field of texts to look for in addresses."""
    return Entries(
        fields.String(validate=[Length(1, MAX_PATTERN), sayable]),
        load_default=None,
        validate=Length(1, MAX_PATTERNS),
        metadata={
            "description": f"{meaning}; `*` is any text, and case does not matter",
            "example": ["/photos/*.jpg"],
        },
    )


class NewDownload(Schema):
    """The page whose images are wanted, and which of them."""

    url = fields.String(
        required=True,
        validate=fetchable,
        metadata={**URL, "example": "https://example.com/"},
    )
    limit = WholeNumber(
        load_default=lambda: min(DEFAULT_LIMIT, services.settings().max_images),
        validate=[Range(min=1), within_max_images],
        metadata={"description": "images at most", "default": DEFAULT_LIMIT},
    )
    min_width = WholeNumber(
        load_default=0, validate=Range(0, 1_000_000), metadata={"description": "pixels"}
    )
    min_height = WholeNumber(
        load_default=0, validate=Range(0, 1_000_000), metadata={"description": "pixels"}
    )
    min_bytes = WholeNumber(
        load_default=0, validate=Range(0, 1 << 40), metadata={"description": "size of the file"}
    )
    include = patterns("take only pictures with an address that has one of these in it")
    exclude = patterns(  # type: ignore[assignment]  # a field, which the metaclass takes away
        "leave out addresses that have one of these in them"
    )
    types = Entries(
        Format(),
        load_default=None,
        validate=Length(1, len(FORMATS)),
        metadata={"description": "formats to take, instead of all"},
    )
    pattern = fields.String(
        load_default=None,
        validate=[Length(1, MAX_MEMBER_PATTERN), member_pattern],
        metadata={
            "description": "names in the zip, made of"
            f" {', '.join(f'{{{word}}}' for word in filenames.WORDS)};"
            " each gets its ending, and a number if it is there twice",
            "example": "{position}-{alt}",
        },
    )
    manifest = Truth(
        load_default=False, metadata={"description": "put manifest.json last into the zip"}
    )
    sources = Entries(
        fields.String(validate=OneOf([source.value for source in Source])),
        load_default=None,
        validate=Length(1, len(Source)),
        metadata={"description": "where to look for pictures", "default": ["seen"]},
    )
    image_urls = Entries(
        fields.String(validate=[Length(1, MAX_LENGTH), sayable]),
        load_default=None,
        validate=Length(1, MAX_URLS),
        metadata={"description": "take these instead of reading the page"},
    )
    dry_run = Truth(load_default=False, metadata={"description": "find and report, fetch no image"})
    render = Truth(
        load_default=False,
        validate=renderable,
        metadata={"description": "open the page in a browser, for pictures that scripts bring"},
    )
    at_once = WholeNumber(
        load_default=None,
        validate=[Range(min=1), within_images_at_once],
        metadata={"description": "images fetched side by side, instead of as many as allowed"},
    )
    callback_url = callback_url()

    @validates_schema
    def refuse_contradiction(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Refuse what says how to read a page that is not read."""
        for name in "sources", "render":
            if data[name] and data["image_urls"]:
                raise ValidationError("Not together with image_urls: the page is not read.", name)


class NewImage(Schema):
    """The image of which a copy is wanted, or many of them."""

    url = fields.String(
        validate=fetchable,
        metadata={**URL, "example": "https://example.com/sunset.jpg"},
    )
    urls = FetchableUrls(
        fields.String(metadata=URL),
        validate=[Length(1, MAX_URLS), within_max_queued],
        metadata={"description": "instead of `url`: many, all of them accepted or none"},
    )
    callback_url = callback_url()

    @validates_schema
    def require_one(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Refuse what names no image, or names some in two ways."""
        if not data.keys() & {"url", "urls"}:
            raise ValidationError("Missing: give url, or urls for many.", "url")
        if data.keys() >= {"url", "urls"}:
            raise ValidationError("Not together with url.", "urls")
