"""`/images`: single images, and those of downloads, as stored copies."""

from typing import Any
from uuid import UUID

from flask import Response

from app import jobs, upkeep
from app.api import current
from app.api.answers import YEAR, Blueprint, accepted, begun, listed, load, stored
from app.api.problems import ProblemDocument
from app.api.schemas import ImageWalk, NewImage
from app.documents import ImageDocument, ImageListDocument
from app.formats import SVG
from app.models import Image, Status

images = Blueprint("images", __name__, description="Single images as stored copies")


@images.post("/images")
@images.arguments(NewImage)
@images.response(202, ImageDocument)
def add(new: dict[str, Any]) -> Response:
    """Ask for a copy of an image."""
    return _begun(jobs.add_image(new["url"]))


@images.get("/images")
@images.arguments(ImageWalk, location="query")
@images.response(200, ImageListDocument)
def walk(where: dict[str, Any]) -> Any:
    """List the images, newest first."""
    return listed(Image, **where)


@images.get("/images/<uuid:image_id>")
@images.response(200, ImageDocument)
def show(image_id: UUID) -> Image:
    """Get the details of an image."""
    return load(Image, image_id)


@images.get("/images/<uuid:image_id>/content")
@images.response(200, {"type": "string", "format": "binary"}, content_type="image/*")
@images.alt_response(202, schema=ImageDocument, description="Not finished yet")
def content(image_id: UUID) -> Response:
    """Get the bytes of our copy, as the origin sent them."""
    image = load(Image, image_id)
    if image.status in (Status.QUEUED, Status.RUNNING):
        return accepted(ImageDocument(), image)
    if image.failure:
        raise image.failure
    answer = stored(
        current.storage().image(image.id, image.attempts),
        mimetype=image.content_type,
        as_attachment=image.content_type == SVG.content_type,
        download_name=f"{image.id}",
        etag=image.sha256,
        max_age=YEAR,
    )
    # A picture from a stranger must not act as a page of ours.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@images.post("/images/<uuid:image_id>/retry")
@images.response(202, ImageDocument)
@images.alt_response(409, schema=ProblemDocument, description="It has not failed")
def retry(image_id: UUID) -> Response:
    """Ask again for what failed, as a new image."""
    return _begun(jobs.retry(load(Image, image_id)))


@images.delete("/images/<uuid:image_id>")
@images.response(204)
def delete(image_id: UUID) -> None:
    """Cancel what has not ended, remove what has; free the copy."""
    upkeep.remove(load(Image, image_id), current.storage())


def _begun(image: Image) -> Response:
    return begun(ImageDocument(), image, f"/images/{image.id}")
