"""What is told about jobs: the same words in the API's answers and in an archive's manifest."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from app.models import Status

STATUS = fields.String(validate=OneOf([status.value for status in Status]))


class Moment(fields.DateTime):
    """A time by RFC 3339, in UTC with `Z`."""

    def _serialize(self, value: datetime | None, *args: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class LocalUrl(fields.String):
    """A path of this service, made from the job; null in other states than `when`."""

    _CHECK_ATTRIBUTE = False

    def __init__(self, template: str, *, when: Status | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template, self.when = template, when

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if self.when and obj.status != self.when:
            return None
        return self.template.format(obj)


class ErrorDocument(Schema):
    """Why a job did not finish."""

    type = fields.String(metadata={"description": "which reason, as in a problem document"})
    title = fields.String()
    detail = fields.String(metadata={"description": "the reason in words"})


class JobDocument(Schema):
    """What downloads and images tell alike."""

    status = STATUS
    error = fields.Nested(ErrorDocument, attribute="failure", allow_none=True)


class StoredDocument(JobDocument):
    """The facts of one picture."""

    id = fields.UUID()
    source_url = fields.String()
    image_url = LocalUrl("/images/{0.id}/content", when=Status.FINISHED, allow_none=True)
    content_type = fields.String(allow_none=True)
    width = fields.Integer(allow_none=True, metadata={"description": "pixels"})
    height = fields.Integer(allow_none=True, metadata={"description": "pixels"})
    bytes = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)


class ImageDocument(StoredDocument):
    """An image, for itself."""

    added_at = Moment()
    completed_at = Moment(attribute="finished_at", allow_none=True)
    download_id = fields.UUID(allow_none=True)


class PictureDocument(StoredDocument):
    """An image, as one of a page."""

    position = fields.Integer(
        allow_none=True, metadata={"description": "place on the page, from 1; null when skipped"}
    )
    found_in = fields.String(metadata={"description": "the element or attribute that names it"})
    alt = fields.String(allow_none=True)
    file = fields.String(allow_none=True, metadata={"description": "name in the archive"})


class ProgressDocument(Schema):
    """How far a download is, in pictures."""

    found = fields.Integer(metadata={"description": "on the page"})
    done = fields.Integer(metadata={"description": "stored"})
    failed = fields.Integer(metadata={"description": "could not be had"})
    total = fields.Integer(metadata={"description": "wanted at most"})


class AcceptedDocument(Schema):
    """A download just accepted."""

    download_id = fields.UUID(attribute="id")
    status = STATUS
    status_url = LocalUrl("/download/{0.id}/status")
    download_url = LocalUrl("/download/{0.id}")


class DownloadDocument(JobDocument, AcceptedDocument):
    """A download, in a list."""

    url = fields.String()
    added_at = Moment()
    started_at = Moment(allow_none=True)
    finished_at = Moment(allow_none=True)
    attempts = fields.Integer()


class StatusDocument(DownloadDocument):
    """A download with all its pictures in page order."""

    progress = fields.Nested(ProgressDocument)
    images = fields.List(fields.Nested(PictureDocument), attribute="pictures")


class ImageListDocument(Schema):
    """A page of the list of images."""

    images = fields.List(fields.Nested(ImageDocument))
    next_cursor = fields.UUID(allow_none=True, metadata={"description": "null on the last page"})


class DownloadListDocument(Schema):
    """A page of the list of downloads."""

    downloads = fields.List(fields.Nested(DownloadDocument))
    next_cursor = fields.UUID(allow_none=True, metadata={"description": "null on the last page"})
