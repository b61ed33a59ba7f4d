"""Pictures in a grid, to choose from: those of one download, or of several together."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response

from app import jobs
from app.api.schemas import MAX_URLS
from app.database.models import UNFINISHED, Download, Image, Status
from app.errors import NotFound
from app.http import services
from app.jobs.progress import Outcome
from app.web import actions, messages
from app.web.forms import MAX_PAGES

choices = Blueprint("choices", __name__, url_prefix="/downloads/choose")

TILES = 24  # at first, whole rows in any number of columns: scripts fetch the rest
COMING = (*UNFINISHED, Status.FINISHED)


@choices.get("")
def show() -> Response | str:
    """Show the pictures of the downloads that the address names."""
    downloads = _asked()
    return show_grid(downloads) if downloads else redirect(url_for("web.downloads.walk"), 303)


@choices.post("")
def choose() -> Response | str | tuple[str, int]:
    """Ask for a zip of the chosen pictures; or show others, and keep in mind what is chosen."""
    downloads = _asked()
    chosen = set(request.form.getlist("images"))
    if "page" in request.form:
        return show_grid(downloads, chosen)
    if len(chosen) > MAX_URLS:
        problem = messages.TOO_MANY.format(most=MAX_URLS, count=len(chosen))
        return show_grid(downloads, chosen, problem), 422
    images = _chosen(downloads, set(request.form.getlist("images", UUID)))
    if not images or len(images) < len(chosen):
        left = [str(one.id) for one in images]
        problem = messages.SOME_DELETED if chosen else messages.CHOOSE_ONE
        return show_grid(downloads, left, problem), 422
    source = images[0].download_id or downloads[0].id
    return actions.ask_again(Download, source, partial(_take, images))


def address_of(downloads: Collection[Download]) -> str:
    """Return where the pictures of these downloads are shown together."""
    return url_for("web.choices.show", downloads=[one.id for one in downloads])


def _asked() -> list[Download]:
    """Return the downloads that the address names, in the order in which they were asked for."""
    ids = request.args.getlist("downloads", UUID)[:MAX_PAGES]
    downloads = list(Download.select().where(Download.id.in_(ids)).order_by(Download.id))
    if not downloads and (ids or request.method == "POST"):
        raise NotFound(messages.ALL_DELETED)
    return downloads


def _chosen(downloads: Collection[Download], ids: Collection[UUID]) -> list[Image]:
    """Return the pictures of these ids that can be had, in the order of the grid."""
    match downloads:
        case [Download(dry_run=True) as preview]:
            return [one for one in jobs.pictures_of(preview) if one.id in ids and one.position]
    wanted = {one.id for one in downloads}
    stored = [one for one in jobs.stored_pictures(ids).values() if one.download_id in wanted]
    return sorted(stored, key=lambda image: (image.download_id, image.id))


def _take(images: list[Image], download: Download) -> Download:
    """Ask for chosen pictures: those that are stored, or those that a dry run has found."""
    if not download.dry_run:
        return jobs.add_archive(download, images, client=services.client())
    urls = [image.source_url for image in images]
    return jobs.repeat(download, image_urls=urls, sources=None, render=False, limit=len(urls))


def show_grid(
    downloads: Collection[Download], chosen: Collection[str] = (), problem: str = ""
) -> str:
    """Show the pictures of a download, or of several."""
    given = {"chosen": chosen, "problem": problem, "action": address_of(downloads)}
    match downloads:
        case [download]:
            return _show_one(download, given)
    return _show_several(downloads, given)


def _show_one(job: Download, given: dict[str, Any]) -> str:
    download = Outcome(job)
    coming = [one for one in download.pictures if _comes(job, one)]
    return render_template(
        "download.html",
        **given,
        **_page(len(coming), lambda first, last: coming[first:last], given["chosen"]),
        download=download,
        choosable=any(_choosable(job, one) for one in coming),
        left=[one for one in download.pictures if one.failure and not _comes(job, one)],
        most=most(download),
    )


def _comes(download: Download, image: Image) -> bool:
    """Return whether a picture stands among those that come; the others are left out."""
    return image.status in COMING or _choosable(download, image)


def _choosable(download: Download, image: Image) -> bool:
    if download.dry_run:
        return image.position is not None
    return image.status == Status.FINISHED


def most(download: Download | Outcome) -> int:
    """Return how many pictures of a page can be asked for at once."""
    return max(download.limit, min(download.found or 0, services.settings().max_images))


def _show_several(downloads: Collection[Download], given: dict[str, Any]) -> str:
    places = {one.id: place for place, one in enumerate(downloads, 1)}
    standings = jobs.standings(Download, list(places))
    # What a preview has found is not stored, so it can be chosen on a page of its own alone.
    fetched = [one.id for one in downloads if not one.dry_run]
    ours = Image.select().where(Image.download.in_(fetched), Image.status.in_(COMING))
    ours = ours.order_by(Image.download, Image.id)
    return render_template(
        "several.html",
        **given,
        **_page(
            ours.count(),
            lambda first, last: list(ours.offset(first).limit(last - first)),
            given["chosen"],
        ),
        downloads=downloads,
        places=places,
        standings=standings,
        done=sum(standing.done for standing in standings.values()),
        choosable=any(standings[one].done for one in fetched),
        read=sum(one.found is not None for one in downloads),
    )


def _page(
    count: int, find: Callable[[int, int], Sequence[Image]], chosen: Collection[str]
) -> dict[str, Any]:
    """Return the pictures on the page that is asked for, and which of the chosen are elsewhere."""
    pages = max(1, -(-count // TILES))
    page = max(1, min(request.values.get("page", 1, int), pages))
    shown = find((page - 1) * TILES, page * TILES)
    here = {str(one.id) for one in shown}
    elsewhere = [image_id for image_id in chosen if image_id not in here]
    return {"shown": shown, "page": page, "pages": pages, "elsewhere": elsewhere}
