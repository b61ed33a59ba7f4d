"""Files that are due to be measured, and builders of what they have in common."""

import io
from base64 import b64encode
from dataclasses import dataclass

from PIL import Image

from app.pictures.formats import ImageFormat

CHROMIUM = "Chromium 156"  # it is asked again where it is installed


@dataclass(frozen=True)
class Case:
    """A file, the format and the size that are due, and who or what says so.

    Chromium shows the picture in that size; None: the size is unknown.
    """

    name: str
    known: ImageFormat
    content: bytes
    size: tuple[int, int] | None
    source: str = CHROMIUM


def encode(picture: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def drawn(name: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    """Let Pillow write a real file."""
    return encode(Image.new("RGB", size, "teal"), name, **options)


def data_url(known: ImageFormat, content: bytes) -> str:
    return f"data:{known.content_type};base64,{b64encode(content).decode()}"
