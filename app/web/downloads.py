"""`/downloads`: what became of the pages that were asked for."""

from collections.abc import Collection
from contextlib import suppress
from functools import partial
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response

from app import jobs
from app.api.walks import DownloadWalk
from app.database.models import UNFINISHED, Download, Image, Status
from app.errors import NotFound
from app.http import services
from app.http.responses import get_or_404
from app.jobs import cleanup
from app.jobs.progress import Outcome
from app.web import changes, lists, messages

downloads = Blueprint("downloads", __name__, url_prefix="/downloads")
changes.take(downloads, Download)

PAGE = 25
TILES = 30  # at first: scripts fetch the rest


@downloads.get("")
def walk() -> str:
    """List the downloads, newest first; `q` is searched for in their titles and addresses."""
    filters = request.args.to_dict()
    text = filters.pop("q", "").strip()
    where = lists.asked(DownloadWalk(), PAGE, filters)
    rows, older = lists.page(Download, where, partial(jobs.search, text) if text else None)
    standings = jobs.standings(Download, [one.id for one in rows])
    return render_template("downloads.html", downloads=rows, standings=standings, older=older)


@downloads.post("/many")
def change_many() -> Response:
    """Delete the chosen downloads, or try again what did not work."""
    ids = request.form.getlist("downloads", UUID)
    chosen = list(Download.select().where(Download.id.in_(ids[:PAGE])))
    if request.form.get("do") == "delete":
        for download in chosen:
            with suppress(NotFound):  # somebody was faster
                cleanup.remove(download, services.storage())
    else:
        undone = [one for one in chosen if one.status in (Status.FAILED, Status.CANCELLED)]
        services.admit(len(undone))
        for download in undone:
            jobs.repeat(download, dry_run=download.dry_run)
        services.engine().submit()
    return redirect(changes.origin() or url_for(".walk"), 303)


@downloads.get("/<uuid:job_id>")
def show(job_id: UUID) -> str:
    """Show how far a download is, and some of its pictures: scripts fetch the rest."""
    return _show(get_or_404(Download, job_id), request.args.get("page", 1, int))


@downloads.post("/<uuid:job_id>/choose")
def choose(job_id: UUID) -> Response | str | tuple[str, int]:
    """Ask for a zip of the chosen pictures; or show others, and keep in mind what is chosen."""
    download = get_or_404(Download, job_id)
    chosen = set(request.form.getlist("images"))
    if page := request.form.get("page", 0, int):
        return _show(download, page, chosen)
    pictures = [one for one in jobs.pictures_of(download) if _choosable(download, one)]
    images = [one for one in pictures if str(one.id) in chosen]  # in page order
    if not images or len(images) < len(chosen):
        left = [str(one.id) for one in images]
        problem = messages.SOME_DELETED if chosen else messages.CHOOSE_ONE
        return _show(download, 1, left, problem), 422
    return changes.ask_again(Download, job_id, partial(_take, images))


@downloads.get("/<uuid:job_id>/choose")
def choose_again(job_id: UUID) -> Response:
    """Lead those who load the answer to a form again to the download."""
    return redirect(url_for(".show", job_id=job_id), 303)


def _take(images: list[Image], download: Download) -> Download:
    """Ask for chosen pictures: those that are stored, or those that a dry run has found."""
    if not download.dry_run:
        return jobs.add_archive(download, images, client=services.client())
    urls = [image.source_url for image in images]
    return jobs.repeat(download, image_urls=urls, sources=None, render=False, limit=len(urls))


def _show(job: Download, page: int, chosen: Collection[str] = (), problem: str = "") -> str:
    download = Outcome(job)
    taken = [one for one in download.pictures if _is_taken(job, one)]
    pages = max(1, -(-len(taken) // TILES))
    page = max(1, min(page, pages))
    shown = taken[(page - 1) * TILES : page * TILES]
    here = {str(one.id) for one in shown}
    return render_template(
        "download.html",
        download=download,
        shown=shown,
        page=page,
        pages=pages,
        choosable=any(_choosable(job, one) for one in taken),
        chosen=chosen,
        elsewhere=[image_id for image_id in chosen if image_id not in here],
        problem=problem,
        left=[one for one in download.pictures if one.failure and not _is_taken(job, one)],
        most=_most(download),
    )


def _is_taken(download: Download, image: Image) -> bool:
    """Return whether a picture stands among those that come; the others are left out."""
    return image.status in (*UNFINISHED, Status.FINISHED) or _choosable(download, image)


def _choosable(download: Download, image: Image) -> bool:
    if download.dry_run:
        return image.position is not None
    return image.status == Status.FINISHED


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
