"""`/images`: single images, and those of downloads, as stored copies."""

from typing import Any
from uuid import UUID

from flask import Response

from app import jobs
from app.api import actions
from app.api.schemas import ImageListQuery, NewImage
from app.database.models import UNFINISHED, Image
from app.http import conditional, services
from app.http.files import KEPT_BY_NGINX, YEAR, send, send_directly
from app.http.operations import Resource, file
from app.http.responses import get_or_404, json_response, list_of, not_finished
from app.jobs.documents import (
    AskedImagesDocument,
    ImageDocument,
    ImageEventDocument,
    ImageListDocument,
)
from app.jobs.files import file_of
from app.pictures import filenames
from app.pictures.formats import WEBP
from app.storage import thumbnail_key

images = Resource("images", "Single images as stored copies", "/images", Image)
DOCUMENT = ImageDocument()
NO_COPY = "unwanted", "skipped"  # why a picture of a page may have none


@images.post(
    "",
    body=NewImage,
    accepted=(ImageDocument, AskedImagesDocument),
    callback=ImageEventDocument,
)
def create_image(new: dict[str, Any]) -> Any:
    """Ask for a copy of an image, or of many at once."""
    urls = new["urls"] if "urls" in new else [new["url"]]
    services.admit(len(urls))
    added = jobs.add_images(urls, new["callback_url"], services.client())
    return {"images": added} if "urls" in new else added[0]


@images.get("", query=ImageListQuery, answer=ImageListDocument, headers=("Link",))
def list_images(where: dict[str, Any]) -> Any:
    """List the images, newest first."""
    return list_of(Image, **where)


@images.get("/<uuid:image_id>", answer=ImageDocument, waits=True)
def get_image(image_id: UUID) -> tuple[Image, dict[str, str]]:
    """Get the details of an image."""
    image = get_or_404(Image, image_id)
    return image, KEPT_BY_NGINX if image.status not in UNFINISHED else {}


@images.get(
    "/<uuid:image_id>/content",
    answer=file("image/*"),
    accepted=(ImageDocument,),
    waits=True,
    problems=NO_COPY,
)
def get_image_content(image_id: UUID) -> Response:
    """Get the bytes of our copy, as the origin sent them."""
    image = get_or_404(Image, image_id)
    if image.status in UNFINISHED:
        return not_finished(DOCUMENT, image)
    if image.failure:
        raise image.failure
    return send(*file_of(image), max_age=YEAR)


@images.get(
    "/<uuid:image_id>/thumbnail",
    answer=file("image/webp"),
    accepted=(ImageDocument,),
    problems=("no-thumbnail", *NO_COPY),
)
def get_image_thumbnail(image_id: UUID) -> Response:
    """Get a small WebP, at most 320 pixels wide and high."""
    image = get_or_404(Image, image_id)
    if image.status in UNFINISHED:
        return not_finished(DOCUMENT, image)
    if image.failure:
        raise image.failure
    key = thumbnail_key(image.id, image.attempts)
    if not services.storage().exists(key):
        services.engine().make_thumbnail(image, services.client())
        return not_finished(DOCUMENT, image)
    name = filenames.image_name(image.source_url, WEBP.extension)
    response = send_directly(key, WEBP.content_type, name, max_age=YEAR)
    response.headers.update(KEPT_BY_NGINX)
    return response


def _version(image: Image) -> conditional.Version:
    return conditional.version_of(json_response(DOCUMENT.dump(image)).get_data())


actions.register(images, ImageDocument, _version)
