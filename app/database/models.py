"""The rows, most of all downloads and images. All may read them; only `jobs` changes a state."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, TypeVar
from uuid import UUID

from peewee import (
    SQL,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    TextField,
    UUIDField,
)

from app.database.connection import db
from app.database.ids import new_id, now
from app.errors import Failure


class Status(StrEnum):
    """Where a job stands; no state leaves the last three."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (Status.QUEUED, Status.RUNNING)


class MomentField(BigIntegerField):
    """An aware datetime, kept as microseconds since 1970."""

    def db_value(self, value: datetime | None) -> int | None:
        """Return the microseconds of a datetime."""
        return None if value is None else round(value.timestamp() * 1_000_000)

    def python_value(self, value: int | None) -> datetime | None:
        """Return the datetime of the microseconds."""
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


class Row(Model):
    """A row of this database."""

    class Meta:
        database = db
        legacy_table_names = False


class Job(Row):
    """What downloads, images and deliveries have in common: the work on them."""

    ASKED: ClassVar[tuple[str, ...]]  # the fields that a client gave

    id = UUIDField(primary_key=True, default=new_id)
    status = TextField(default=Status.QUEUED)
    added_at = MomentField(default=now)
    started_at = MomentField(null=True)
    finished_at = MomentField(null=True)
    attempts = IntegerField(default=0)  # runs so far; the number of the last is its fencing token
    crashes = IntegerField(default=0)  # runs that died with their process
    claimed_by = TextField(null=True)  # the process that runs it
    spent_seconds = FloatField(null=True)  # in runs before this, as far as is known
    due_at = MomentField(null=True)  # while queued: not to be claimed before
    error_code = TextField(null=True)
    error_detail = TextField(null=True)

    @property
    def failure(self) -> Failure | None:
        """The named reason why the job did not finish."""
        code, detail = self.error_code, self.error_detail
        return Failure.by_code[code](detail or "") if code else None


AnyJob = TypeVar("AnyJob", bound=Job)


class Download(Job):
    """The request for one page's images."""

    ASKED = (
        *("url", "limit", "min_width", "min_height", "types", "manifest"),
        *("min_bytes", "include", "exclude", "pattern", "source_id", "image_ids", "render"),
        *("sources", "image_urls", "dry_run", "at_once", "callback_url", "site", "client"),
    )

    url = TextField()
    limit = IntegerField()
    min_width = IntegerField(default=0)
    min_height = IntegerField(default=0)
    min_bytes = IntegerField(default=0)
    include = JSONField(null=True)  # patterns of addresses to take; null: all
    exclude = JSONField(null=True)  # patterns of addresses to leave out
    types = JSONField(null=True)  # names of formats; null: all
    pattern = TextField(null=True)  # of names in the archive; null: place and name
    manifest = BooleanField(default=False)
    sources = JSONField(null=True)  # names of groups; null: what is seen
    image_urls = JSONField(null=True)  # what to take instead of reading the page
    dry_run = BooleanField(default=False)
    at_once = IntegerField(null=True)  # pictures fetched side by side; null: as many as allowed
    source_id = UUIDField(null=True)  # of an archive: the download it is named after
    image_ids = JSONField(null=True)  # the stored pictures that it puts together, in this order
    render = BooleanField(default=False)
    rendered = BooleanField(null=True)  # whether a browser showed the page; null: it was not asked
    render_detail = TextField(null=True)  # why it did not
    sheets_failed = IntegerField(null=True)  # style sheets of the page that could not be had
    archive_bytes = BigIntegerField(null=True)  # of what its archive has, or will have
    title = TextField(null=True)  # of the page, as `scrape.titles` cleans it
    found = IntegerField(null=True)  # pictures on the page, known when it is read
    referrers = JSONField(null=True)  # what the page says of Referer: `fetch.referrer`; likewise
    callback_url = TextField(null=True)  # called at the end
    site = TextField(null=True)  # the host of url
    client = TextField(null=True, default="")  # who asked: a key's hash, or an address
    waiting_for = TextField(null=True)  # the host that asked for a pause, until due_at
    paused_seconds = FloatField(null=True)  # in pauses that hosts have asked for


class Image(Job):
    """One image URL, asked for alone or found on a page."""

    ASKED = ("source_url", "site", "callback_url", "client")

    download = ForeignKeyField(Download, null=True, index=False)
    download_id: UUID | None
    position = IntegerField(null=True)  # place among the download's pictures, from 1
    source_url = TextField()
    other_urls = JSONField(null=True)  # of the same picture; see `candidates`
    found_in = TextField(null=True)
    alt = TextField(null=True)
    file = TextField(null=True)  # name in the archive
    content_type = TextField(null=True)
    width = IntegerField(null=True)
    height = IntegerField(null=True)
    bytes = BigIntegerField(null=True)
    sha256 = TextField(null=True)
    site = TextField(null=True)  # the host of source_url, for lists
    callback_url = TextField(null=True)  # called at the end; images of downloads have none
    client = TextField(null=True, default="")  # who asked, likewise
    waiting_for = TextField(null=True)  # likewise
    paused_seconds = FloatField(null=True)  # likewise

    @property
    def candidates(self) -> list[str]:
        """The addresses of the picture, the best first, whichever of them it was stored from.

        Rows of version 0.1.0 name the best in `source_url` alone.
        """
        others: list[str] = self.other_urls or []
        return others if self.source_url in others else [self.source_url, *others]


class Delivery(Job):
    """A callback at a job's end; its id is the same in every attempt."""

    job_id = UUIDField()  # for people: the job may be removed before
    url = TextField()
    host = TextField()  # of the URL: each gets one callback at a time
    body = TextField()
    due_at = MomentField(default=now)  # the next attempt, while queued
    client = TextField(null=True, default="")  # who asked for the job

    @property
    def next_attempt_at(self) -> datetime | None:
        """When it is tried again, if it is."""
        return self.due_at if self.status == Status.QUEUED else None


class Calls(StrEnum):
    """Whether a receiver may be called."""

    READY = "ready"
    PAUSED = "paused"  # until ready_at
    BUSY = "busy"


class Receiver(Row):
    """A host that callbacks wait for, and what is next there."""

    host = TextField(primary_key=True)
    client = TextField()  # of the delivery that is due first
    ready_at = MomentField()  # when it is due, and no pause of the host
    held_until = MomentField(null=True)  # pause of the host from all callbacks
    calls = TextField()


class Idempotency(Row):
    """The first answer to a request that came with an `Idempotency-Key`."""

    caller = TextField()  # the name of an API key, empty without
    call = TextField()
    key = TextField()
    request = TextField()  # what was asked for, as a hash
    status = IntegerField()
    location = TextField(null=True)
    body = TextField()
    added_at = MomentField(default=now, index=True)

    class Meta:
        primary_key = CompositeKey("caller", "call", "key")


class Tally(Row):
    """How many jobs have ended in a state, for a reason."""

    kind = TextField()
    state = TextField()
    reason = TextField()  # the code of a failure, else empty
    shard = BigIntegerField(default=0)  # several transactions at once each count in their own
    count = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("kind", "state", "reason", "shard")


class Process(Row):
    """A process that works on jobs, where these are on several machines."""

    name = TextField(primary_key=True)
    seen_at = MomentField()  # by the clock of the database


class Usage(Row):
    """How many bytes of a client are stored."""

    client = TextField(primary_key=True)
    bytes = BigIntegerField(index=True)


JobKind = type[Download] | type[Image]
Claimable = Download | Image | Delivery
JOB_KINDS: tuple[type[Download], type[Image]] = (Download, Image)
CLAIMABLE = (*JOB_KINDS, Delivery)
TABLES = (*CLAIMABLE, Idempotency, Process, Receiver, Tally, Usage)

# Sorted by id is sorted by time, so each index serves claims and lists alike.
for kind in CLAIMABLE:
    kind.add_index(kind.status, kind.id)
    kind.add_index(kind.claimed_by, where=kind.claimed_by.is_null(False))
Image.add_index(Image.download, Image.id)
Image.add_index(Image.source_url, Image.status, Image.id)
Image.add_index(Image.site, Image.status, Image.id)
# Jobs that may be claimed. Without these indexes, a claim would read through what waits for a
# pause to end, and through the queued images of downloads, which go with those. The literals
# stand here because SQLite matches a partial index to the same words, not to parameters.
READY: dict[type[Job], SQL] = {
    Download: SQL("status = 'queued' AND due_at IS NULL"),
    Image: SQL("status = 'queued' AND due_at IS NULL AND download_id IS NULL"),
}
PAUSED = SQL("due_at IS NOT NULL")
for kind in JOB_KINDS:
    kind.add_index(kind.id, where=READY[kind])
    kind.add_index(kind.client, kind.id, where=READY[kind])
    kind.add_index(kind.site, kind.id, where=READY[kind])
    kind.add_index(kind.due_at, where=PAUSED)
    kind.add_index(kind.client, where=PAUSED)
Download.add_index(Download.source_id, where=Download.source_id.is_null(False))
Delivery.add_index(Delivery.status, Delivery.host, Delivery.due_at)
Delivery.add_index(Delivery.job_id)
RECEIVER_READY = SQL("calls = 'ready'")
RECEIVER_PAUSED = SQL("calls = 'paused'")
Receiver.add_index(Receiver.client, Receiver.ready_at, where=RECEIVER_READY)
Receiver.add_index(Receiver.ready_at, where=RECEIVER_PAUSED)
