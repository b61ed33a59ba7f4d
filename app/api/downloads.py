"""`/download`: the images of a page in one zip."""

from typing import Any
from uuid import UUID

from flask import Response

from app import jobs
from app.api.callbacks import describe
from app.api.events import stream
from app.api.schemas import DownloadWalk, NewDownload
from app.database.models import Delivery, Download, Status
from app.errors import NoArchive
from app.http import services
from app.http.arguments import Blueprint
from app.http.files import stored
from app.http.idempotency import once
from app.http.prefer import leads_on, waits
from app.http.problems import ProblemDocument
from app.http.responses import accepted, begun, listed, load
from app.jobs import cleanup
from app.jobs.documents import (
    AcceptedDocument,
    DeliveryDocument,
    DownloadEventDocument,
    DownloadListDocument,
    StatusDocument,
)
from app.pictures import filenames
from app.storage import archive_key

downloads = Blueprint("downloads", __name__, description="The images of a page in one zip")


@downloads.post("/download")
@downloads.arguments(NewDownload)
@downloads.response(202, AcceptedDocument)
@downloads.doc(callbacks=describe(DownloadEventDocument))
@leads_on(Download, AcceptedDocument)
@once
def add(new: dict[str, Any]) -> Response:
    """Ask for the images of a page."""
    services.capacity().admit(1)
    return _begun(jobs.add_download(**new))


@downloads.get("/download")
@downloads.arguments(DownloadWalk, location="query")
@downloads.response(200, DownloadListDocument)
def walk(where: dict[str, Any]) -> Any:
    """List the downloads, newest first."""
    return listed(Download, **where)


@downloads.get("/download/<uuid:download_id>")
@downloads.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
@downloads.alt_response(202, schema=StatusDocument, description="Not finished yet")
@waits(Download)
def fetch(download_id: UUID) -> Response:
    """Get the archive."""
    download = load(Download, download_id)
    if download.status in (Status.QUEUED, Status.RUNNING):
        return accepted(StatusDocument(), download)
    if download.failure:
        raise download.failure
    if download.dry_run:
        raise NoArchive("it was a dry run; its status tells what would be taken")
    return stored(
        archive_key(download.id, download.attempts),
        "application/zip",
        filenames.archive_name(download.url, download.added_at),
    )


@downloads.get("/download/<uuid:download_id>/status")
@downloads.response(200, StatusDocument)
@waits(Download)
def status(download_id: UUID) -> Download:
    """Get how far a download is, and what became of each picture."""
    return load(Download, download_id)


@downloads.get("/download/<uuid:download_id>/callback")
@downloads.response(200, DeliveryDocument)
def callback(download_id: UUID) -> Delivery:
    """Get whether its receiver has been told of the end."""
    return jobs.delivery_of(Download, download_id)


@downloads.get("/download/<uuid:download_id>/events")
@downloads.response(200, {"type": "string"}, content_type="text/event-stream")
def follow(download_id: UUID) -> Response:
    """Follow a download: its pictures as they become done, until its end."""
    return stream(load(Download, download_id))


@downloads.post("/download/<uuid:download_id>/retry")
@downloads.response(202, AcceptedDocument)
@downloads.alt_response(409, schema=ProblemDocument, description="It has not failed")
@leads_on(Download, AcceptedDocument)
@once
def retry(download_id: UUID) -> Response:
    """Ask again for what failed, as a new download."""
    download = load(Download, download_id)
    services.capacity().admit(1)
    return _begun(jobs.retry(download))


@downloads.delete("/download/<uuid:download_id>")
@downloads.response(204)
def delete(download_id: UUID) -> None:
    """Cancel what has not ended, remove what has; free archive and images."""
    cleanup.remove(load(Download, download_id), services.storage())


def _begun(download: Download) -> Response:
    return begun(AcceptedDocument(), download, f"/download/{download.id}")
