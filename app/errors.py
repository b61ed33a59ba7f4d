"""Why a job or a request fails, each as one named reason.

    Failure                 a final answer that a user may read
    ├── Refused             RefusedUrl, RefusedAddress
    ├── OriginFailure       Unreachable, OriginStatus, BrokenTransfer, DeadlineExceeded (TimeUp)
    ├── Unusable            TooLarge, NotHtml (ImageInstead), NotAnImage, Unwanted, NoImages
    ├── StorageFailure      StorageFull, StorageUnusable (StorageUnreachable)
    └── the others, each for itself

`Interrupted` and `ConfigurationError` are no failures: no client hears of them.

`code` is the same word in the problem type, the database, the log and the metric; `detail` is
the sentence for people; a class's docstring is what `/problems` tells of it. `transient` says
whether another try may end better: who raises knows.
"""

from typing import ClassVar

BOOKMARKLET = "if a browser shows more, take its pictures by the bookmarklet at /"


class Failure(Exception):
    """A named reason; `status` is what a GET of the failed job's result answers."""

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]
    retry_seconds: ClassVar[int | None] = None  # when to ask again, where that makes sense
    by_code: ClassVar[dict[str, type["Failure"]]] = {}

    def __init_subclass__(cls) -> None:
        if "code" in vars(cls):
            cls.by_code[cls.code] = cls

    def __init__(self, detail: str, *, transient: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.transient = transient

    @property
    def type(self) -> str:
        """The URI reference that names the problem (RFC 9457)."""
        return f"/problems/{self.code}"


class Refused(Failure):
    """We do not go there."""


class RefusedUrl(Refused):
    """The URL's spelling, scheme or port is not accepted."""

    code, title, status = "refused-url", "URL refused", 403


class RefusedAddress(Refused):
    """The address is not on the public internet and not allowed by the deployer."""

    code, title, status = "refused-address", "Address refused", 403


class OriginFailure(Failure):
    """The origin did not deliver."""


class Unreachable(OriginFailure):
    """The name has no address, or nothing there takes a connection."""

    code, title, status = "unreachable", "Origin not reachable", 502


class OriginStatus(OriginFailure):
    """The origin answered with an HTTP error."""

    code, title, status = "origin-status", "Origin answered with an error", 502


class BrokenTransfer(OriginFailure):
    """The transfer ended early or was not HTTP."""

    code, title, status = "broken-transfer", "Transfer broken", 502


class DeadlineExceeded(OriginFailure):
    """The fetch did not end in time."""

    code, title, status = "deadline", "Deadline exceeded", 504


class TimeUp(DeadlineExceeded):
    """The job did not end in its time."""


class Unusable(Failure):
    """What came is not what we take."""


class TooLarge(Unusable):
    """More bytes or pixels than allowed."""

    code, title, status = "too-large", "Too large", 422


class NotHtml(Unusable):
    """The document is not HTML."""

    code, title, status = "not-html", "Not an HTML page", 422


class ImageInstead(NotHtml):
    """The document is an image; `url` is where it came from in the end."""

    def __init__(self, detail: str, *, url: str = "") -> None:
        super().__init__(detail)
        self.url = url


class NotAnImage(Unusable):
    """The bytes are not those of a known image format."""

    code, title, status = "not-an-image", "Not an image", 422


class Unwanted(Unusable):
    """The image, or every one of a page, does not pass the filter that the client set."""

    code, title, status = "unwanted", "Outside the filter", 422


class NoImages(Unusable):
    """The page shows no images."""

    code, title, status = "no-images", "No images", 422


class Skipped(Failure):
    """The picture is not worth a request, or left out by `include` or `exclude`."""

    code, title, status = "skipped", "Skipped", 422


class NoneWorked(Failure):
    """No image was fetched that passes the filter; `status_url` says why for each."""

    code, title, status = "none-worked", "Every image failed", 502


class Cancelled(Failure):
    """The job was withdrawn before it ended."""

    code, title, status = "cancelled", "Cancelled", 410


class NotFound(Failure):
    """There is nothing at this address, or none of that id."""

    code, title, status = "not-found", "Not found", 404


class Gone(Failure):
    """What was here has been removed."""

    code, title, status = "gone", "Gone", 410


class NoArchive(Failure):
    """A dry run makes no archive."""

    code, title, status = "no-archive", "No archive", 404


class NoThumbnail(Failure):
    """No thumbnail can be made of the picture."""

    code, title, status = "no-thumbnail", "No thumbnail", 404


class NotFailed(Failure):
    """Only what failed can be tried again."""

    code, title, status = "not-failed", "Not failed", 409


class InvalidKey(Failure):
    """The Idempotency-Key must be 1 to 255 printable ASCII characters, in quotes or without."""

    code, title, status = "invalid-idempotency-key", "Idempotency-Key not valid", 400


class KeyReused(Failure):
    """The Idempotency-Key came with another request before."""

    code, title, status = "idempotency-key-reused", "Idempotency-Key reused", 422


class Overloaded(Failure):
    """Too much waits already; try again after `Retry-After`."""

    code, title, status = "overloaded", "Overloaded", 503
    retry_seconds = 30


class TooManyWaiting(Failure):
    """The client has as many jobs waiting as it may have; wait for some, or delete them."""

    code, title, status = "quota-jobs", "Quota of jobs used up", 429
    retry_seconds = 30


class TooMuchStored(Failure):
    """The client has as many bytes stored as it may have; delete what is not needed."""

    code, title, status = "quota-bytes", "Quota of bytes used up", 507


class StorageFailure(Failure):
    """It cannot be kept."""


class StorageFull(StorageFailure):
    """There is no room for the file or the row."""

    code, title, status = "storage-full", "Storage full", 507


class StorageUnusable(StorageFailure):
    """The storage cannot be used now; `/readyz` tells more."""

    code, title, status = "storage-unusable", "Storage not usable", 503
    retry_seconds = 5


class StorageUnreachable(StorageUnusable):
    """The server of the storage does not work now: jobs wait for it, and do not fail."""


class GaveUp(Failure):
    """The process of the job died too often."""

    code, title, status = "gave-up", "Gave up", 500


class Unexpected(Failure):
    """A fault of ours."""

    code, title, status = "unexpected", "Internal error", 500


class Interrupted(Exception):
    """The process is stopping; the job goes back into the queue."""


class ConfigurationError(Exception):
    """The service cannot start like this; the message says what to change."""
