"""How large a picture is, by its header and without decoding it."""

import struct
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from app.errors import NotAnImage
from app.pictures import formats, heif, jxl, raster, svg, tiff
from app.pictures.header import Header, Size, Truncated, Unmeasured

_READERS: dict[formats.ImageFormat, Callable[[Header], Size]] = {
    formats.JPEG: raster.jpeg,
    formats.PNG: raster.png,
    formats.GIF: raster.gif,
    formats.WEBP: raster.webp,
    formats.AVIF: partial(heif.measure, crops=False),
    formats.HEIC: partial(heif.measure, crops=True),
    formats.JXL: jxl.measure,
    formats.BMP: raster.bmp,
    formats.ICO: raster.ico,
    formats.TIFF: tiff.measure,
    formats.SVG: svg.measure,
}


def measure(file: BinaryIO, known: formats.ImageFormat) -> Size | None:
    """Read the size of a picture as browsers show it; None if its header does not say.

    Raises:
        NotAnImage: the header is damaged, or that of a raw file of a camera.
    """
    try:
        size = _READERS[known](Header(file))
    except Truncated:
        size = Size.whole(0, 0)
    except (Unmeasured, struct.error):
        return None
    if known is not formats.SVG and not (size.width and size.height):
        raise NotAnImage(f"not an image: {known.name} with a damaged header")
    return size
