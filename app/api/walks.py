"""What clients may ask of lists."""

from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range

from app.api.field_types import Digits, Id, Site, Time
from app.database.models import Status

STATUSES = [status.value for status in Status]


class Walk(Schema):
    """Where in a list, newest first."""

    limit = Digits(
        load_default=50, validate=Range(1, 200), metadata={"description": "entries at most"}
    )
    cursor = Id(load_default=None, metadata={"description": "`next_cursor` of the page before"})
    status = fields.String(
        validate=OneOf(STATUSES), metadata={"description": "in this state alone"}
    )
    added_after = Time(metadata={"description": "added at this time or later (RFC 3339)"})
    added_before = Time(metadata={"description": "added before this time (RFC 3339)"})


class DownloadWalk(Walk):
    """Where in the list of downloads, and which of them."""


class ImageWalk(Walk):
    """Where in the list of images, and which of them."""

    download_id = Id(metadata={"description": "the download that they belong to"})
    source_url = fields.String(metadata={"description": "this very URL"})
    site = Site(
        metadata={
            "description": "host of `source_url`",
            "format": "hostname",
            "example": "example.com",
        }
    )
