"""Real images, each with bytes of its own, and jobs that ask for one or fail."""

import io

from PIL import Image

from app import jobs
from app.database import models
from app.errors import Failure, Unreachable

# Format names of ours, and what Pillow calls them.
RASTER = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}
CONTENT_TYPES = {name: f"image/{name}" for name in RASTER} | {"svg": "image/svg+xml"}
FORMATS = list(CONTENT_TYPES)


def picture(name: str = "png", number: int = 0, size: tuple[int, int] = (24, 16)) -> bytes:
    """Make an image of a format; another number gives another picture."""
    if name == "svg":
        width, height = size
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
            f"<text>{number}</text></svg>"
        ).encode()
    colour = (number * 37 % 256, number * 91 % 256, number * 53 % 256)
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, RASTER[name])
    return file.getvalue()


def large_picture() -> bytes:
    """Return a picture of more bytes than the buffers on its way hold."""
    file = io.BytesIO()
    Image.new("RGB", (4000, 2500)).save(file, "PNG", compress_level=0)
    return file.getvalue()


def add_image(source_url: str, callback_url: str | None = None, client: str = "") -> models.Image:
    """Ask for one image."""
    [image] = jobs.add_images([source_url], callback_url, client)
    return image


def fail_next(kind: type[models.Claimable], failure: Failure | None = None) -> models.Claimable:
    """Have the next job of a kind fail; return it as it was claimed."""
    job = jobs.claim(kind, "me")
    assert job
    jobs.fail(job, failure or Unreachable("no address for a"))
    return job
