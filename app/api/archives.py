"""What clients may send for a zip of stored pictures."""

from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.validate import Length

from app.api.field_types import Entries, Id
from app.api.schemas import MAX_URLS, NewDownload, callback_url


def unequal(values: list[Any]) -> None:
    """Refuse a list that has an entry twice."""
    if len(set(values)) < len(values):
        raise ValidationError("An entry is there more than once.")


class NewArchive(Schema):
    """The stored pictures of downloads that are wanted in a zip of their own."""

    images = Entries(
        Id(),
        required=True,
        validate=[Length(1, MAX_URLS), unequal],
        metadata={"description": "their ids, in the order of the zip", "uniqueItems": True},
    )
    manifest = NewDownload._declared_fields["manifest"]
    callback_url = callback_url()
