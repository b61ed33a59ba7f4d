"""What clients may send, in bodies and queries."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from app.api.field_types import (
    Digits,
    Entries,
    FetchableUrls,
    Format,
    Id,
    Site,
    Time,
    Truth,
    WholeNumber,
)
from app.database.models import Status
from app.errors import Refused
from app.http import services
from app.pictures import filenames
from app.pictures.formats import FORMATS
from app.pictures.sources import Source
from app.urls import MAX_LENGTH, judge_url

DEFAULT_LIMIT = 50
MAX_URLS = 10_000  # in one request
MAX_PATTERNS = 50
MAX_PATTERN = 500  # characters
MAX_MEMBER_PATTERN = 100  # characters
STATUSES = [status.value for status in Status]
URL = {"format": "uri", "description": "http or https, on a public address"}


def fetchable(text: str) -> None:
    """Refuse a URL that would be refused without asking anybody."""
    try:
        judge_url(text, services.settings().allow_networks)
    except Refused as refusal:
        raise ValidationError(refusal.detail) from refusal


def callbacks_enabled(text: str) -> None:
    """Refuse callbacks where nothing could prove that they are ours."""
    if not services.settings().webhook_secret:
        raise ValidationError(
            "This service makes no callbacks: its operator has to set DOWNLOADER_WEBHOOK_SECRET."
        )


def no_surrogates(text: str) -> None:
    """Refuse half of a character, which JSON can spell (RFC 8259, section 8.2) and UTF-8 cannot."""
    if re.search("[\ud800-\udfff]", text):
        raise ValidationError("Not a text: it has a lone surrogate.")


def member_pattern(text: str) -> None:
    """Refuse a pattern that does not make names."""
    try:
        filenames.check_pattern(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def at_most(setting: str) -> Callable[[int], None]:
    """Make what refuses a number above what the deployer allows."""

    def check(number: int) -> None:
        highest = getattr(services.settings(), setting)
        if number > highest:
            raise ValidationError(f"Must be at most {highest}, which this service allows.")

    return check


def fits_into_queue(urls: list[str]) -> None:
    """Refuse more than may ever wait: no later time would help."""
    settings = services.settings()
    if settings.max_queued and len(urls) > settings.max_queued:
        raise ValidationError(
            f"At most {settings.max_queued} jobs may wait in this service: send fewer at once."
        )
    if settings.quota_jobs and len(urls) > settings.quota_jobs:
        raise ValidationError(
            f"At most {settings.quota_jobs} jobs of a client may wait (DOWNLOADER_QUOTA_JOBS):"
            " send fewer at once."
        )


def rendering_enabled(wanted: bool) -> None:
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
        validate=[fetchable, callbacks_enabled],
        metadata={
            **URL,
            "example": "https://example.com/hooks/images",
            "description": "gets a signed POST when the job ends, if the operator has set a secret",
        },
    )


def patterns(meaning: str) -> Entries:
    """Make a field of texts to look for in addresses."""
    return Entries(
        fields.String(validate=[Length(1, MAX_PATTERN), no_surrogates]),
        load_default=None,
        validate=Length(1, MAX_PATTERNS),
        metadata={
            "description": f"{meaning}; `*` is any text, and case does not matter",
            "example": ["/photos/*.jpg"],
        },
    )


def unique(values: list[Any]) -> None:
    """Refuse a list that has an entry twice."""
    if len(set(values)) < len(values):
        raise ValidationError("An entry is there more than once.")


class NewDownload(Schema):
    """The page whose images are wanted, and which of them."""

    url = fields.String(
        required=True,
        validate=fetchable,
        metadata={**URL, "example": "https://example.com/"},
    )
    limit = WholeNumber(
        load_default=lambda: min(DEFAULT_LIMIT, services.settings().max_images),
        validate=[Range(min=1), at_most("max_images")],
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
            "pattern": rf"^(?:[\p{{L}}\p{{N}}_ .-]|\{{(?:{'|'.join(filenames.WORDS)})\}})*$",
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
        fields.String(validate=[Length(1, MAX_LENGTH), no_surrogates]),
        load_default=None,
        validate=Length(1, MAX_URLS),
        metadata={"description": "take these instead of reading the page"},
    )
    dry_run = Truth(load_default=False, metadata={"description": "find and report, fetch no image"})
    render = Truth(
        load_default=False,
        validate=rendering_enabled,
        metadata={"description": "open the page in a browser, for pictures that scripts bring"},
    )
    at_once = WholeNumber(
        load_default=None,
        validate=[Range(min=1), at_most("images_at_once")],
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
        validate=[Length(1, MAX_URLS), fits_into_queue],
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


class NewArchive(Schema):
    """The stored pictures of downloads that are wanted in a zip of their own."""

    images = Entries(
        Id(),
        required=True,
        validate=[Length(1, MAX_URLS), unique],
        metadata={"description": "their ids, in the order of the zip", "uniqueItems": True},
    )
    manifest = NewDownload._declared_fields["manifest"]
    callback_url = callback_url()


class ListQuery(Schema):
    """Where in a list, newest first, and which entries."""

    limit = Digits(
        load_default=50, validate=Range(1, 200), metadata={"description": "entries at most"}
    )
    cursor = Id(load_default=None, metadata={"description": "`next_cursor` of the page before"})
    status = fields.String(
        validate=OneOf(STATUSES), metadata={"description": "in this state alone"}
    )
    added_after = Time(metadata={"description": "added at this time or later (RFC 3339)"})
    added_before = Time(metadata={"description": "added before this time (RFC 3339)"})


class ImageListQuery(ListQuery):
    """Where in the list of images, and which entries."""

    download_id = Id(metadata={"description": "the download that they belong to"})
    source_url = fields.String(metadata={"description": "this very URL"})
    site = Site(
        metadata={
            "description": "host of `source_url`",
            "format": "hostname",
            "example": "example.com",
        }
    )
