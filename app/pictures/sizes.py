"""How large a picture is, by its header and without decoding it."""

import struct
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from app.errors import NotAnImage
from app.pictures import heif, jxl, raster, svg, tiff
from app.pictures.formats import (
    AVIF,
    BMP,
    GIF,
    HEIC,
    ICO,
    JPEG,
    JXL,
    PNG,
    SVG,
    TIFF,
    WEBP,
    ImageFormat,
)
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
    TIFF: tiff.measure,
    SVG: svg.measure,
}


def measure(file: BinaryIO, known: ImageFormat) -> Size | None:
    """Read the size of a picture as browsers show it; None if its header does not say.

    Raises:
        NotAnImage: the header is damaged, or that of a raw file of a camera.
    """
    try:
        size = _READERS[known](Header(file))
    except Cut:
        size = Size.whole(0, 0)
    except (Unmeasured, struct.error):
        return None
    if known is not SVG and not (size.width and size.height):
        raise NotAnImage(f"not an image: {known.name} with a damaged header")
    return size
