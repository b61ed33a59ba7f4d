"""`/images`: single images, and those of downloads, as stored copies."""

from typing import Any
from uuid import UUID

from flask import Response

from app import jobs
from app.api.callbacks import describe
from app.api.schemas import ImageWalk, NewImage
from app.database.models import UNFINISHED, Delivery, Image
from app.http import services
from app.http.arguments import Blueprint
from app.http.files import KEPT_BY_NGINX, YEAR, sent, stored
from app.http.idempotency import once
from app.http.prefer import leads_on, waits
from app.http.problems import ProblemDocument
from app.http.responses import accepted, begun, listed, load
from app.jobs import cleanup
from app.jobs.documents import (
    AskedImagesDocument,
    DeliveryDocument,
    ImageDocument,
    ImageEventDocument,
    ImageListDocument,
)
from app.pictures import filenames
from app.pictures.formats import BY_CONTENT_TYPE, WEBP
from app.storage import image_key, thumbnail_key

images = Blueprint("images", __name__, description="Single images as stored copies")


@images.post("/images")
@images.arguments(NewImage)
@images.response(202, {"oneOf": [ImageDocument, AskedImagesDocument]})
@images.doc(callbacks=describe(ImageEventDocument))
@leads_on(Image, ImageDocument)
@once
def add(new: dict[str, Any]) -> Response:
    """Ask for a copy of an image, or of many at once."""
    if "url" in new:
        services.capacity().admit(1)
        return _begun(jobs.add_image(new["url"], new["callback_url"]))
    services.capacity().admit(len(new["urls"]))
    added = jobs.add_images(new["urls"], new["callback_url"])
    return begun(AskedImagesDocument(), {"images": added})


@images.get("/images")
@images.arguments(ImageWalk, location="query")
@images.response(200, ImageListDocument)
def walk(where: dict[str, Any]) -> Any:
    """List the images, newest first."""
    return listed(Image, **where)


@images.get("/images/<uuid:image_id>")
@images.response(200, ImageDocument)
@waits(Image)
def show(image_id: UUID) -> tuple[Image, int, dict[str, str]]:
    """Get the details of an image."""
    image = load(Image, image_id)
    return image, 200, KEPT_BY_NGINX if image.status not in UNFINISHED else {}


@images.get("/images/<uuid:image_id>/callback")
@images.response(200, DeliveryDocument)
def callback(image_id: UUID) -> Delivery:
    """Get whether its receiver has been told of the end."""
    return jobs.delivery_of(Image, image_id)


@images.get("/images/<uuid:image_id>/content")
@images.response(200, {"type": "string", "format": "binary"}, content_type="image/*")
@images.alt_response(202, schema=ImageDocument, description="Not finished yet")
@waits(Image)
def content(image_id: UUID) -> Response:
    """Get the bytes of our copy, as the origin sent them."""
    image = load(Image, image_id)
    if image.status in UNFINISHED:
        return accepted(ImageDocument(), image)
    if image.failure:
        raise image.failure
    known = BY_CONTENT_TYPE[str(image.content_type)]
    return stored(
        image_key(image.id, image.attempts),
        known.content_type,
        filenames.image_name(image.source_url, known.extension),
        max_age=YEAR,
    )


@images.get("/images/<uuid:image_id>/thumbnail")
@images.response(200, {"type": "string", "format": "binary"}, content_type="image/webp")
@images.alt_response(202, schema=ImageDocument, description="Not made yet")
def thumbnail(image_id: UUID) -> Response:
    """Get a small WebP, at most 320 pixels wide and high."""
    image = load(Image, image_id)
    if image.status in UNFINISHED:
        return accepted(ImageDocument(), image)
    if image.failure:
        raise image.failure
    key = thumbnail_key(image.id, image.attempts)
    if not services.storage().exists(key):
        services.engine().make_thumbnail(image)
        return accepted(ImageDocument(), image)
    name = filenames.image_name(image.source_url, WEBP.extension)
    answer = sent(key, WEBP.content_type, name, max_age=YEAR)
    answer.headers.update(KEPT_BY_NGINX)
    return answer


@images.post("/images/<uuid:image_id>/retry")
@images.response(202, ImageDocument)
@images.alt_response(409, schema=ProblemDocument, description="It has not failed")
@leads_on(Image, ImageDocument)
@once
def retry(image_id: UUID) -> Response:
    """Ask again for what failed, as a new image."""
    image = load(Image, image_id)
    services.capacity().admit(1)
    return _begun(jobs.retry(image))


@images.delete("/images/<uuid:image_id>")
@images.response(204)
def delete(image_id: UUID) -> None:
    """Cancel what has not ended, remove what has; free the copy."""
    cleanup.remove(load(Image, image_id), services.storage())


def _begun(image: Image) -> Response:
    return begun(ImageDocument(), image, f"/images/{image.id}")
