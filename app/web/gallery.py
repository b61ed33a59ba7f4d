"""`/gallery`: everything stored, to look at."""

from datetime import date
from functools import partial
from uuid import UUID

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest

from app import jobs
from app.api.schemas import ImageListQuery
from app.database.models import Image, Status
from app.errors import Failure
from app.http import services
from app.http.responses import get_or_404, page_of
from app.storage import thumbnail_key
from app.urls import site_of
from app.web import actions, lists, messages

gallery = Blueprint("gallery", __name__, url_prefix="/gallery")
actions.register(gallery, Image)

PAGE = 60  # fills whole rows, in any number of columns that the style sheet makes


@gallery.get("")
def walk() -> str | tuple[str, int]:
    """Show the images, newest first: those that are stored, unless asked for others."""
    try:
        where = lists.load_query(ImageListQuery(), PAGE, _filters())
    except BadRequest as error:
        return render_template("gallery.html", images=[], problem=error.description), 400
    rows, older = page_of(partial(jobs.page, Image), **where)
    return render_template("gallery.html", images=rows, older=older, page_size=PAGE)


@gallery.get("/thumbnails")
def thumbnails() -> dict[str, list[str]]:
    """Request the thumbnails that a page shows, `ids` with commas; return those it has to wait for.

    The first is made first. What has none, or is unknown, is not waited for.
    """
    try:
        ids = [UUID(text) for text in request.args.get("ids", "").split(",")]
    except ValueError as error:
        raise BadRequest(messages.NO_IDS) from error
    if len(ids) > PAGE:
        raise BadRequest(messages.TOO_MANY_IDS.format(most=PAGE))
    shown = Image.select().where(Image.id.in_(ids), Image.status == Status.FINISHED)
    images = {image.id: image for image in shown}
    newest_last = [images[image_id] for image_id in reversed(ids) if image_id in images]
    return {"waiting": [str(image.id) for image in newest_last if _has_to_wait(image)]}


def _has_to_wait(image: Image) -> bool:
    if services.storage().exists(thumbnail_key(image.id, image.attempts)):
        return False
    try:
        services.engine().make_thumbnail(image, services.client())
    except Failure:
        return False  # the thumbnail's own answer says why
    return True


@gallery.get("/<uuid:job_id>")
def show(job_id: UUID) -> str:
    """Show an image and all that is known of it."""
    return render_template("image.html", image=get_or_404(Image, job_id))


def _filters() -> dict[str, str]:
    """Return the filters of the API that the form means; its days are those of UTC."""
    asked = {"status": Status.FINISHED.value, **request.args.to_dict()}
    site = asked.get("site", "").strip()
    if host := site_of(site if "://" in site else f"http://{site}"):
        asked["site"] = host  # of a URL that was pasted
    if since := asked.pop("since", ""):
        asked["added_after"] = f"{_day('From', since)}T00:00:00Z"
    if until := asked.pop("until", ""):
        asked["added_before"] = f"{_day('To', until)}T23:59:59.999999Z"
    return asked


def _day(label: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise lists.bad_filter(messages.NO_DAY.format(label=label)) from error
