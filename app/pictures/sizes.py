"""How large a picture is, by its header and without decoding it."""

import struct
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from app.errors import NotAnImage
from app.pictures import formats, heif, jxl, raster, svg
from app.pictures.formats import AVIF, BMP, GIF, HEIC, ICO, JPEG, JXL, PNG, SVG, WEBP, ImageFormat
from app.pictures.header import Cut, Header, Size, Unmeasured

_READERS: dict[ImageFormat, Callable[[Header], Size]] = {
    JPEG: raster.jpeg,
    PNG: raster.png,
    GIF: raster.gif,
    WEBP: raster.webp,
    AVIF: partial(heif.measure, crops=False),
    HEIC: partial(heif.measure, crops=True),
    JXL: jxl.measure,
    BMP: raster.bmp,
    ICO: raster.ico,
    SVG: svg.measure,
}


def measure(file: BinaryIO, known: ImageFormat) -> Size | None:
    """Read the size of a picture as browsers show it; None if its header does not say.

    Raises:
        NotAnImage: the header is damaged.

    """
    try:
        size = _READERS[known](Header(file)) if known in _READERS else _by_its_format(file, known)
    except Cut:
        size = Size.whole(0, 0)
    except (Unmeasured, struct.error):
        return None
    if known is not SVG and not (size.width and size.height):
        raise NotAnImage(f"not an image: {known.name} with a damaged header")
    return size


def _by_its_format(file: BinaryIO, known: ImageFormat) -> Size:
    return Size.whole(*(formats.dimensions(file, known) or (0, 0)))
