"""What clients may send."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from app.addresses import judge_host
from app.api import current
from app.errors import Refused
from app.formats import FORMATS
from app.models import Status
from app.sources import Source
from app.urls import MAX_LENGTH, Url

DEFAULT_LIMIT = 50
STATUSES = [status.value for status in Status]
URL = {"format": "uri", "description": "http or https, on a public address"}


class WholeNumber(fields.Integer):
    """A JSON number without a fraction; texts and booleans are refused."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class Digits(fields.Integer):
    """A number in a query: ASCII digits alone, though Python's `int` reads more."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", str(value)):
            raise self.make_error("invalid", input=value)
        return int(value)


class Truth(fields.Boolean):
    """`true` or `false`, no other spelling."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


def fetchable(text: str) -> None:
    """Refuse a URL that would be refused without asking anybody."""
    try:
        judge_host(Url.parse(text).host, current.settings().allow_networks)
    except Refused as refusal:
        raise ValidationError(refusal.detail) from refusal


def within_max_images(limit: int) -> None:
    """Refuse a limit above what the deployer allows."""
    highest = current.settings().max_images
    if limit > highest:
        raise ValidationError(f"Must be at most {highest}, which this service allows.")


class NewDownload(Schema):
    """The page whose images are wanted, and which of them."""

    url = fields.String(
        required=True,
        validate=fetchable,
        metadata={**URL, "example": "https://example.com/"},
    )
    limit = WholeNumber(
        load_default=lambda: min(DEFAULT_LIMIT, current.settings().max_images),
        validate=[Range(min=1), within_max_images],
        metadata={"description": "images at most", "default": DEFAULT_LIMIT},
    )
    min_width = WholeNumber(
        load_default=0, validate=Range(0, 1_000_000), metadata={"description": "pixels"}
    )
    min_height = WholeNumber(
        load_default=0, validate=Range(0, 1_000_000), metadata={"description": "pixels"}
    )
    types = fields.List(
        fields.String(validate=OneOf([one.name for one in FORMATS])),
        load_default=None,
        validate=Length(1, len(FORMATS)),
    )
    manifest = Truth(
        load_default=False, metadata={"description": "put manifest.json last into the zip"}
    )
    sources = fields.List(
        fields.String(validate=OneOf([source.value for source in Source])),
        load_default=None,
        validate=Length(1, len(Source)),
        metadata={"description": "where to look for pictures", "default": ["seen"]},
    )
    image_urls = fields.List(
        fields.String(validate=Length(1, MAX_LENGTH)),
        load_default=None,
        validate=Length(1, 10_000),
        metadata={"description": "take these instead of reading the page"},
    )
    dry_run = Truth(load_default=False, metadata={"description": "find and report, fetch no image"})

    @validates_schema
    def refuse_contradiction(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Refuse `sources` for a page that is not read."""
        if data["sources"] and data["image_urls"]:
            raise ValidationError("Not together with image_urls: the page is not read.", "sources")


class NewImage(Schema):
    """The image of which a copy is wanted."""

    url = fields.String(
        required=True,
        validate=fetchable,
        metadata={**URL, "example": "https://example.com/sunset.jpg"},
    )


class Walk(Schema):
    """Where in a list, newest first."""

    limit = Digits(load_default=50, validate=Range(1, 200))
    cursor = fields.UUID(
        load_default=None, metadata={"description": "`next_cursor` of the page before"}
    )


class DownloadWalk(Walk):
    """Where in the list of downloads, and which of them."""

    status = fields.String(validate=OneOf(STATUSES))


class ImageWalk(Walk):
    """Where in the list of images, and which of them."""

    status = fields.String(validate=OneOf(STATUSES))
    download_id = fields.UUID()
    source_url = fields.String()
