"""From a picture of any format to a small WebP; part of the program that decodes."""

import io
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import BinaryIO

from PIL import (
    Image,
    ImageChops,
    ImageFile,
    ImageMath,
    WebPImagePlugin,  # noqa: F401  # to write: Pillow would load all
)

from app.pictures import (
    exif,
    thumbnail_bitmaps,
    thumbnail_colours,
    thumbnail_icons,
    thumbnail_repairs,
)

SIDE = 320  # pixels
QUALITY = 79
METHOD = 0  # of WebP: a quarter of the usual time, for a few more bytes

TURNED = {"Jpeg", "Png", "Avif", "Tiff"}  # by EXIF, in browsers and readers of TIFF
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0  # TIFF
BLOCK_BYTES = 1 << 18  # of a file, for a decoder at a time: few blocks are few interruptions
HEAD_BYTES = 1 << 16  # of a file, where it says what its colours are
TURNS = {  # by orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def shrink(decoder: str, file: BinaryIO, *shown: int) -> bytes:
    """Return the first frame upright and small, in sRGB, with its transparency alone."""
    picture = whole(decoder, file) or sound_part(decoder, file)
    small = scalable(cropped(picture, shown) if shown else picture)
    small.thumbnail((SIDE, SIDE), Image.Resampling.HAMMING)  # as sharp as bicubic, and quicker
    if decoder in TURNED or getattr(picture, "jpeg", False):  # a JPEG inside of JPEG XL
        small = upright(small, orientation(picture))
    file.seek(0)
    small = thumbnail_colours.in_srgb(small, picture.info, file.read(HEAD_BYTES))
    small.info.clear()
    result = io.BytesIO()
    small.save(result, "WEBP", quality=QUALITY, method=METHOD)
    return result.getvalue()


def whole(decoder: str, file: BinaryIO) -> Image.Image | None:
    """Return a picture with its pixels; None if a strict reader refuses it."""
    with suppress(SyntaxError, OSError, ValueError):
        return decoded(decoder, file)
    return None


def sound_part(decoder: str, file: BinaryIO) -> Image.Image:
    """Return a damaged picture as browsers show it: repaired, and transparent where it is lost.

    What is lost differs when the picture is decoded on another ground. One at a time is in memory.
    """
    file.seek(0)
    if repair := thumbnail_repairs.REPAIRS.get(decoder):
        file = io.BytesIO(repair(file.read()))
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        band = first_band(decoded(decoder, file, ground=255))
        file.seek(0)
        part = decoded(decoder, file)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    kept = ImageChops.difference(band, first_band(part))
    kept = kept.point(lambda value: 255 * (not value), "L")
    if kept.getextrema() == (0, 0):
        raise ValueError("nothing of it is sound")
    if kept.getextrema() == (255, 255):
        return part
    part = scalable(part)
    part.putalpha(ImageChops.darker(kept, part.getchannel("A")) if "A" in part.mode else kept)
    return part


def first_band(picture: Image.Image) -> Image.Image:
    """Return the first band of a picture, 16 bits of it as 8."""
    return picture.convert("L") if picture.mode.startswith("I") else picture.getchannel(0)


def decoded(decoder: str, file: BinaryIO, ground: int = 0) -> Image.Image:
    """Return a picture with its pixels; of a JPEG, no more than are needed.

    `ground` is the first band of what is not in the file.
    """
    if decoder == "Ico":
        return thumbnail_icons.shown(file, partial(decoded, ground=ground))
    if decoder == "Bmp":
        if masked := thumbnail_bitmaps.by_masks(file):
            return masked
        file = thumbnail_bitmaps.readable(file)
    load_plugin(decoder)
    picture = Image.open(file, formats=[decoder.upper()])
    if picture.info.get("default_image"):  # what stands before an animation, for old readers
        picture.seek(1)
    picture.draft(None, (SIDE, SIDE))
    picture.decodermaxblock = BLOCK_BYTES
    exif_data = picture.info.get("exif")
    if decoder == "Png" and picture.tile:
        adapt_key(picture)
    frame = first_frame(decoder, picture, file)
    if ground and not picture.info.get("default_image"):
        picture.im = Image.core.fill(picture.mode, picture.size, ground)
    picture.load()
    picture.info["exif"] = exif_data  # what stands behind the pixels does not count
    return alone(picture, frame) if frame and frame != (0, 0, *picture.size) else picture


def adapt_key(picture: ImageFile.ImageFile) -> None:
    """Give the transparent colour of a PNG as many bits as its pixels have once they are read."""
    key, kind = picture.info.get("transparency"), picture.tile[0].args
    if isinstance(key, tuple) and kind in ("RGB;16B", "RGBA;16B"):
        picture.info["transparency"] = tuple(value >> 8 for value in key)
    elif isinstance(key, int) and kind in ("L;2", "L;4"):
        picture.info["transparency"] = key * 255 // (3 if kind == "L;2" else 15)


def first_frame(
    decoder: str, picture: ImageFile.ImageFile, file: BinaryIO
) -> tuple[int, int, int, int] | None:
    """Return the sides of the first frame where Pillow has a colour around it."""
    if decoder == "Gif" and picture.tile:
        return picture.tile[0].extents
    if decoder == "WebP" and picture.mode == "RGB" and getattr(picture, "is_animated", False):
        return webp_frame(file)
    return None


def alone(picture: Image.Image, frame: tuple[int, int, int, int]) -> Image.Image:
    """Return a picture with nothing around its frame, as in browsers."""
    screen = Image.new("RGBA", picture.size)
    screen.paste(picture.crop(frame).convert("RGBA"), frame)
    return screen


def webp_frame(file: BinaryIO) -> tuple[int, int, int, int] | None:
    """Return the sides of the first frame of an animation (RFC 9649, 2.7.1.1)."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not (at := head.find(b"ANMF")) > 0 or len(head) < at + 20:
        return None
    left, top, width, height = (
        int.from_bytes(head[at + n : at + n + 3], "little") for n in (8, 11, 14, 17)
    )
    return 2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1


def load_plugin(decoder: str) -> None:
    """Load the code that reads a format, without threads: the stack of each counts as memory."""
    if decoder == "Heif":
        heif = import_module("pillow_heif")
        heif.register_heif_opener(thumbnails=False, decode_threads=1)
    elif decoder == "Jxl":
        vars(import_module("pillow_jxl.JpegXLImagePlugin"))["DECODE_THREADS"] = 0
    else:
        vars(import_module(f"PIL.{decoder}ImagePlugin"))["DEFAULT_MAX_THREADS"] = 1  # of AVIF
    if decoder == "Avif":  # whose first brand may be any
        Image.OPEN["AVIF"] = Image.OPEN["AVIF"][0], None


def scalable(picture: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be scaled smoothly, which palettes cannot."""
    if picture.mode.startswith("I;16"):
        return eight_bits(picture)
    if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK") and "transparency" not in picture.info:
        return picture.copy() if picture.readonly else picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def eight_bits(picture: Image.Image) -> Image.Image:
    """Return 16 bits of grey as 8, with transparency where the one transparent value stands."""
    grey = picture.point(lambda value: value / 256).convert("L")
    if getattr(picture, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO:  # so far a negative
        grey = grey.point(lambda value: 255 - value)
    key = picture.info.get("transparency")
    if not isinstance(key, int):
        return grey
    mask = ImageMath.lambda_eval(
        lambda of: of["convert"]((of["wide"] != key) * 255, "L"), wide=picture.convert("I")
    )
    return Image.merge("LA", (grey, mask))


def cropped(picture: Image.Image, shown: Sequence[int]) -> Image.Image:
    """Return the upper left part of a picture that has these sides when it is upright."""
    width, height = shown if orientation(picture) < 5 else reversed(shown)
    return picture.crop((0, 0, min(width, picture.width), min(height, picture.height)))


def upright(small: Image.Image, turn: int) -> Image.Image:
    """Return the picture as EXIF turns it; Pillow would ask XMP too, as no browser does."""
    return small.transpose(TURNS[turn]) if turn in TURNS else small


def orientation(picture: Image.Image) -> int:
    """Return how EXIF turns a picture when it is shown, from 1 to 8, or 0."""
    data = picture.info.get("exif") or b""
    return exif.orientation(data.removeprefix(b"Exif\0\0"))
