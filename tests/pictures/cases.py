"""Files that are due to be measured, and builders of what they have in common."""

import io
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


def drawn(name: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    """Let Pillow write a real file."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, name, **options)
    return file.getvalue()
