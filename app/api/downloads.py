"""`/download`: the images of a page in one zip."""

from typing import Any
from uuid import UUID

from flask import Response

from app import jobs, names, upkeep
from app.api import current
from app.api.answers import Blueprint, accepted, begun, listed, load, stored
from app.api.problems import ProblemDocument
from app.api.schemas import DownloadWalk, NewDownload
from app.documents import AcceptedDocument, DownloadListDocument, StatusDocument
from app.errors import NoArchive
from app.models import Download, Status

downloads = Blueprint("downloads", __name__, description="The images of a page in one zip")


@downloads.post("/download")
@downloads.arguments(NewDownload)
@downloads.response(202, AcceptedDocument)
def add(new: dict[str, Any]) -> Response:
    """Ask for the images of a page."""
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
        current.storage().archive(download.id, download.attempts),
        mimetype="application/zip",
        as_attachment=True,
        download_name=names.archive_name(download.url, download.added_at),
        etag=download.id.hex,
    )


@downloads.get("/download/<uuid:download_id>/status")
@downloads.response(200, StatusDocument)
def status(download_id: UUID) -> Download:
    """Get how far a download is, and what became of each picture."""
    return load(Download, download_id)


@downloads.post("/download/<uuid:download_id>/retry")
@downloads.response(202, AcceptedDocument)
@downloads.alt_response(409, schema=ProblemDocument, description="It has not failed")
def retry(download_id: UUID) -> Response:
    """Ask again for what failed, as a new download."""
    return _begun(jobs.retry(load(Download, download_id)))


@downloads.delete("/download/<uuid:download_id>")
@downloads.response(204)
def delete(download_id: UUID) -> None:
    """Cancel what has not ended, remove what has; free archive and images."""
    upkeep.remove(load(Download, download_id), current.storage())


def _begun(download: Download) -> Response:
    return begun(AcceptedDocument(), download, f"/download/{download.id}")
