"""`/download`: the images of a page in one zip."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import ValidationError

from app import jobs
from app.api import actions
from app.api.events import stream
from app.api.schemas import ListQuery, NewArchive, NewDownload
from app.database.models import UNFINISHED, Download, Status
from app.errors import Gone, NoArchive
from app.http import services
from app.http.conditional import Version
from app.http.files import send, version_of
from app.http.operations import Content, Resource, file
from app.http.responses import get_or_404, list_of, not_finished
from app.jobs.documents import (
    AcceptedDocument,
    DownloadEventDocument,
    DownloadListDocument,
    StatusDocument,
)
from app.jobs.files import file_of

downloads = Resource("downloads", "The images of a page in one zip", "/download", Download)
STATUS = StatusDocument()
NOT_STORED = "Not the id of a picture that is stored for a download."
EVENTS = Content("text/event-stream", {"$ref": "#/components/schemas/Event"})


@downloads.post("", body=NewDownload, accepted=(AcceptedDocument,), callback=DownloadEventDocument)
def create_download(new: dict[str, Any]) -> Download:
    """Ask for the images of a page."""
    services.admit(1)
    download = jobs.add_download(**new, client=services.client())
    services.charge(download)
    return download


@downloads.get("", query=ListQuery, answer=DownloadListDocument, headers=("Link",))
def list_downloads(where: dict[str, Any]) -> Any:
    """List the downloads, newest first."""
    return list_of(Download, **where)


@downloads.get(
    "/<uuid:download_id>",
    answer=file("application/zip"),
    accepted=(StatusDocument,),
    waits=True,
    problems=("no-archive", "not-html", "no-images", "none-worked", "unwanted"),
)
def get_download_archive(download_id: UUID) -> Response:
    """Get the archive."""
    download = get_or_404(Download, download_id)
    if download.status in UNFINISHED:
        return not_finished(STATUS, download)
    if download.failure:
        raise download.failure
    if download.dry_run:
        raise NoArchive("it was a dry run; its status tells what would be taken")
    return send(*file_of(download))


@downloads.get("/<uuid:download_id>/status", answer=StatusDocument, waits=True)
def get_download_status(download_id: UUID) -> Download:
    """Get how far a download is, and what became of each picture."""
    return get_or_404(Download, download_id)


@downloads.get(
    "/<uuid:download_id>/events",
    answer=EVENTS,
    problems=("overloaded",),
    request_headers=("Last-Event-ID",),
)
def follow_download(download_id: UUID) -> Response:
    """Follow a download: its pictures as they become done, until its end."""
    return stream(get_or_404(Download, download_id))


@downloads.post(
    "/<uuid:download_id>/archive",
    body=NewArchive,
    accepted=(AcceptedDocument,),
    callback=DownloadEventDocument,
)
def create_archive(new: dict[str, Any], download_id: UUID) -> Download:
    """Ask for a zip of stored pictures of this download or of others, and fetch none again."""
    source = get_or_404(Download, download_id)
    chosen = new.pop("images")
    stored = jobs.stored_pictures(chosen)
    wrong = {n: [NOT_STORED] for n, image_id in enumerate(chosen) if image_id not in stored}
    if wrong:
        raise ValidationError({"images": wrong})
    services.admit(1)
    images = [stored[image_id] for image_id in chosen]
    return jobs.add_archive(source, images, **new, client=services.client())


def _archive_version(download: Download) -> Version:
    if download.status != Status.FINISHED or download.dry_run:
        return Version()
    try:
        return version_of(file_of(download).key)[0]
    except Gone:
        return Version()


actions.register(downloads, AcceptedDocument, _archive_version)
