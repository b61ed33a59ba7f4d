"""`/downloads`: what became of the pages that were asked for."""

from contextlib import suppress
from functools import partial
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.exceptions import BadRequest

from app import jobs
from app.api.schemas import ListQuery
from app.database.models import Download, Status
from app.errors import NotFound
from app.http import services
from app.http.responses import get_or_404, page_of
from app.jobs import cleanup
from app.web import actions, grids, lists

downloads = Blueprint("downloads", __name__, url_prefix="/downloads")
actions.register(downloads, Download)

PAGE = 25


@downloads.get("")
def walk() -> str | tuple[str, int]:
    """List the downloads, newest first; `q` is searched for in their titles and addresses."""
    filters = request.args.to_dict()
    text = filters.pop("q", "").strip()
    try:
        where = lists.load_query(ListQuery(), PAGE, filters)
    except BadRequest as error:
        return render_template("downloads.html", downloads=[], problem=error.description), 400
    find = partial(jobs.search, text) if text else partial(jobs.page, Download)
    rows, older = page_of(find, **where)
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
        services.charge(*(jobs.repeat(one, dry_run=one.dry_run) for one in undone))
        services.engine().submit()
    return redirect(actions.referrer() or url_for(".walk"), 303)


@downloads.get("/<uuid:job_id>")
def show(job_id: UUID) -> str:
    """Show how far a download is, and some of its pictures: scripts fetch the rest."""
    return grids.show_grid([get_or_404(Download, job_id)])


@downloads.post("/<uuid:job_id>/repeat")
def repeat(job_id: UUID) -> Response:
    """Ask once more for the pictures of a page."""
    return actions.ask_again(Download, job_id, jobs.repeat)


@downloads.post("/<uuid:job_id>/all")
def get_all(job_id: UUID) -> Response:
    """Ask for all pictures of a page that had more than were asked for."""

    def repeat_for_all(download: Download) -> Download:
        return jobs.repeat(download, limit=grids.most(download))

    return actions.ask_again(Download, job_id, repeat_for_all)
