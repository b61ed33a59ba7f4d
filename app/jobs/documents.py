"""Documents about jobs: the same in the API's responses, in events and in an archive's manifest."""

from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from typing import Any, ClassVar

import orjson
from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from app.database.models import Status
from app.jobs.progress import Outcome
from app.urls import own

SIDE = {"description": "pixels of the upright picture, as shown"}
STATUS = fields.String(validate=OneOf([status.value for status in Status]))

Reader = Callable[[Any], Any]


class Moment(fields.DateTime):
    """A time by RFC 3339, in UTC with `Z`, in milliseconds."""

    def _serialize(self, value: datetime | None, *args: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        # `isoformat` takes three times as long; a list has a hundred of them.
        seconds = orjson.dumps(value.astimezone(UTC), option=orjson.OPT_OMIT_MICROSECONDS)
        return f"{seconds[1:20].decode()}.{value.microsecond // 1000:03}Z"


class LocalUrl(fields.String):
    """A path of this service, made with the job's id; null in other states than `when`."""

    _CHECK_ATTRIBUTE = False

    def __init__(self, template: str, *, when: Status | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template, self.when = template, when

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if self.when and obj.status != self.when:
            return None
        return own(self.template.format(obj.id))


class Document(Schema):
    """A response about an object with attributes.

    marshmallow takes 16 µs for the details of an image, and a list has fifty of them. So the
    schema is read once, into one function a field; the documents are the same.
    """

    getter: "ClassVar[type[attrgetter[Any]] | type[itemgetter[Any]]]" = attrgetter

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._readers = [
            (name, _reader(self.getter(field.attribute or name), field))
            for name, field in self.dump_fields.items()
        ]

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return the object, or the many objects, as JSON has it."""
        readers = self._readers
        if self.many if many is None else many:
            return [{name: read(each) for name, read in readers} for each in obj]
        return {name: read(obj) for name, read in readers}


class Envelope(Document):
    """A response about a dict, around other documents."""

    getter = itemgetter


def _reader(read: Reader, field: fields.Field[Any]) -> Reader:
    """Return what reads a field's value from an object, as JSON has it."""
    match field:
        case LocalUrl():
            return lambda obj: field._serialize(None, None, obj)
        case fields.Nested(schema=schema, many=many):
            return _unless_none(read, lambda value: schema.dump(value, many=many))
        case Moment():
            return _unless_none(read, field._serialize)
        case fields.UUID():
            return _unless_none(read, str)
        case fields.String() | fields.Integer() | fields.Boolean() | fields.List():
            return read
    raise TypeError(f"no document has fields such as {field!r}")


def _unless_none(read: Reader, convert: Reader) -> Reader:
    return lambda obj: None if (value := read(obj)) is None else convert(value)


class ErrorDocument(Document):
    """Why a job did not finish."""

    type = fields.String(metadata={"description": "which reason, as in a problem document"})
    title = fields.String()
    detail = fields.String(metadata={"description": "the reason in words"})


class JobDocument(Document):
    """What documents about jobs have in common."""

    status = STATUS
    error = fields.Nested(ErrorDocument, attribute="failure", allow_none=True)


class StoredDocument(JobDocument):
    """The facts of one picture."""

    id = fields.UUID()
    source_url = fields.String()
    image_url = LocalUrl("/images/{}/content", when=Status.FINISHED, allow_none=True)
    content_type = fields.String(allow_none=True)
    width = fields.Integer(allow_none=True, metadata=SIDE)
    height = fields.Integer(allow_none=True, metadata=SIDE)
    bytes = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)


class PausableDocument(Document):
    """A job that a host may have asked to come later."""

    due_at = Moment(
        allow_none=True, metadata={"description": "when it is tried again, if a host asked so"}
    )
    waiting_for = fields.String(
        allow_none=True, metadata={"description": "the host that asked for a pause"}
    )


class ImageDocument(StoredDocument, PausableDocument):
    """An image, for itself."""

    added_at = Moment()
    completed_at = Moment(attribute="finished_at", allow_none=True)
    download_id = fields.UUID(allow_none=True)


class AskedImageDocument(Document):
    """An image just accepted, among others."""

    id = fields.UUID()
    url = fields.String(attribute="source_url")
    status = STATUS
    status_url = LocalUrl("/images/{}")


class AskedImagesDocument(Envelope):
    """Images just accepted, in the order in which they were given."""

    images = fields.Nested(AskedImageDocument, many=True)


class PictureDocument(StoredDocument):
    """An image, as one of a page."""

    position = fields.Integer(
        allow_none=True, metadata={"description": "place on the page, from 1; null when skipped"}
    )
    found_in = fields.String(metadata={"description": "the element or attribute that names it"})
    alt = fields.String(allow_none=True)
    candidates = fields.List(
        fields.String(),
        metadata={"description": "addresses of the picture, the best first"},
    )
    file = fields.String(allow_none=True, metadata={"description": "name in the archive"})


class ProgressDocument(Document):
    """How far a download is, in pictures."""

    found = fields.Integer(metadata={"description": "on the page"})
    done = fields.Integer(metadata={"description": "stored"})
    failed = fields.Integer(metadata={"description": "could not be had"})
    total = fields.Integer(metadata={"description": "wanted at most"})


class AcceptedDocument(Document):
    """A download just accepted."""

    download_id = fields.UUID(attribute="id")
    status = STATUS
    status_url = LocalUrl("/download/{}/status")
    download_url = LocalUrl("/download/{}")


class DownloadDocument(JobDocument, AcceptedDocument, PausableDocument):
    """A download, in a list."""

    url = fields.String()
    title = fields.String(
        allow_none=True, metadata={"description": "of the page; null before it is read"}
    )
    added_at = Moment()
    started_at = Moment(allow_none=True)
    finished_at = Moment(allow_none=True)
    attempts = fields.Integer()


class OutcomeDocument(DownloadDocument):
    """A download and how far it is."""

    rendered = fields.Boolean(
        allow_none=True,
        metadata={"description": "whether a browser showed the page; null unless it was asked to"},
    )
    render_detail = fields.String(
        allow_none=True,
        metadata={"description": "why the page is taken as it came instead, or seems to need one"},
    )
    sheets_failed = fields.Integer(
        allow_none=True,
        metadata={"description": "style sheets of the page that were left out, as they failed"},
    )
    progress = fields.Nested(ProgressDocument)

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return the download as JSON has it."""
        return super().dump(Outcome(obj), many=many)


class StatusDocument(OutcomeDocument):
    """A download with all its pictures in page order."""

    images = fields.Nested(PictureDocument, many=True, attribute="pictures")


class EventDocument(Envelope):
    """A callback at the end of a job."""

    type = fields.String(
        metadata={"description": "kind of job and its state", "example": "image.failed"}
    )
    timestamp = Moment(metadata={"description": "when it ended"})


class DownloadEventDocument(EventDocument):
    """A callback at the end of a download."""

    data = fields.Nested(OutcomeDocument)


class ImageEventDocument(EventDocument):
    """A callback at the end of an image."""

    data = fields.Nested(ImageDocument)


class DeliveryDocument(JobDocument):
    """Whether a callback has been delivered."""

    webhook_id = fields.UUID(attribute="id")
    attempts = fields.Integer()
    next_attempt_at = Moment(allow_none=True)
    added_at = Moment()
    finished_at = Moment(allow_none=True)


class ImageListDocument(Envelope):
    """A page of the list of images."""

    images = fields.Nested(ImageDocument, many=True)
    next_cursor = fields.UUID(allow_none=True, metadata={"description": "null on the last page"})


class DownloadListDocument(Envelope):
    """A page of the list of downloads."""

    downloads = fields.Nested(DownloadDocument, many=True)
    next_cursor = fields.UUID(allow_none=True, metadata={"description": "null on the last page"})
