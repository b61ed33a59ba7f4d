"""`/downloads`: what became of the pages that were asked for."""

from uuid import UUID

from flask import Blueprint, render_template
from werkzeug import Response

from app import jobs
from app.api.walks import DownloadWalk
from app.database.models import UNFINISHED, Download, Status
from app.http import services
from app.http.responses import get_or_404
from app.jobs.progress import Outcome
from app.web import changes, lists

downloads = Blueprint("downloads", __name__, url_prefix="/downloads")
changes.take(downloads, Download)

PAGE = 25


@downloads.get("")
def walk() -> str:
    """List the downloads, newest first."""
    rows, older = lists.page(Download, lists.asked(DownloadWalk(), PAGE))
    standings = jobs.standings(Download, [one.id for one in rows])
    return render_template("downloads.html", downloads=rows, standings=standings, older=older)


@downloads.get("/<uuid:job_id>")
def show(job_id: UUID) -> str:
    """Show how far a download is, and its pictures."""
    download = Outcome(get_or_404(Download, job_id))
    return render_template(
        "download.html",
        download=download,
        taken=[one for one in download.pictures if one.status in (*UNFINISHED, Status.FINISHED)],
        left=[one for one in download.pictures if one.failure],
        most=_most(download),
    )


@downloads.post("/<uuid:job_id>/repeat")
def repeat(job_id: UUID) -> Response:
    """Ask once more for the pictures of a page."""
    return changes.ask_again(Download, job_id, jobs.repeat)


@downloads.post("/<uuid:job_id>/all")
def get_all(job_id: UUID) -> Response:
    """Ask for all pictures of a page that had more than were asked for."""

    def repeat_for_all(download: Download) -> Download:
        return jobs.repeat(download, limit=_most(download))

    return changes.ask_again(Download, job_id, repeat_for_all)


def _most(download: Download | Outcome) -> int:
    """Return how many pictures of a page can be asked for at once."""
    return max(download.limit, min(download.found or 0, services.settings().max_images))
