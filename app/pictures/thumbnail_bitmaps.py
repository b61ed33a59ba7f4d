"""BMP with masks or headers of which Pillow knows few; part of the program that decodes."""

import io
import struct
from typing import BinaryIO

from PIL import Image, ImageMath

BITFIELDS, ALPHA_BITFIELDS = 3, 6  # kinds of compression, which are none
USUAL = 0xFF0000, 0xFF00, 0xFF  # red, green and blue of 32 bits
WITH_ALPHA = 56  # bytes of the shortest header that has a mask for it,
READABLE = {12, 40, 52, 56, 64, 108, 124}  # bytes of the headers that Pillow reads
V4 = 108  # bytes of BITMAPV4HEADER, whose mask for alpha counts also without bit fields
PIXELS = 1 << 20  # that are read at once


def by_masks(file: BinaryIO) -> Image.Image | None:
    """Return the picture of a bitmap that has masks; None if it has not."""
    head = file.read(70).ljust(70, b"\0")
    start, length, width, height, bits, kind = struct.unpack_from("<IIii2xHI", head, 10)
    *masks, alpha = struct.unpack_from("<4I", head, 54)
    if kind not in (BITFIELDS, ALPHA_BITFIELDS) or bits not in (16, 32) or length < 40:
        if (kind, bits) != (0, 32) or length < V4 or not alpha:
            return None
        masks = [*USUAL]
    if width * abs(height) > (Image.MAX_IMAGE_PIXELS or 0):
        raise Image.DecompressionBombError
    if alpha and (length >= WITH_ALPHA or kind == ALPHA_BITFIELDS):
        masks.append(alpha)
    picture = Image.new("RGBA" if len(masks) > 3 else "RGB", (width, abs(height)))
    stride = -(-width * bits // 32) * 4
    file.seek(start)
    for first in range(0, picture.height, rows := max(1, PIXELS // width)):
        size = width, min(rows, picture.height - first)
        raw = "raw", f"I;{bits}", stride, 1 if height < 0 else -1
        part = Image.frombytes("I", size, file.read(stride * size[1]), *raw)
        top = first if height < 0 else picture.height - first - size[1]
        picture.paste(Image.merge(picture.mode, [channel(part, mask) for mask in masks]), (0, top))
    return picture


def channel(pixels: Image.Image, mask: int) -> Image.Image:
    """Return the eight highest of the bits that a mask leaves, or fewer for the whole range."""
    if not mask:
        return Image.new("L", pixels.size)
    shift = (mask & -mask).bit_length() - 1
    if mask >> shift & (mask >> shift) + 1:
        raise ValueError("a mask with a gap")
    shift = max(shift, mask.bit_length() - 8)
    most = mask >> shift
    value: Image.Image = ImageMath.lambda_eval(
        lambda of: of["convert"]((of["pixels"] >> shift & most) * 255 / most, "L"), pixels=pixels
    )
    return value


def readable(file: BinaryIO) -> BinaryIO:
    """Return a bitmap with a usual header, and a palette of no more colours than its bits count."""
    file.seek(0)
    head = file.read(54).ljust(54, b"\0")
    start, length = struct.unpack_from("<II", head, 10)
    fields = bytearray(head[14 : 14 + length].ljust(40, b"\0"))
    bits, colours = struct.unpack_from("<14xH16xI", fields)
    most = 1 << bits if bits <= 8 else 0
    if length == 12 or (length in READABLE and (not most or colours <= most)):
        file.seek(0)
        return file
    colours = min(colours or most, most)
    file.seek(14 + length)
    palette = file.read(4 * colours)
    file.seek(start)
    struct.pack_into("<I", fields, 0, 40)
    struct.pack_into("<I", fields, 32, colours)
    start = 54 + len(palette)
    return io.BytesIO(
        b"BM" + struct.pack("<III", 0, 0, start) + fields[:40] + palette + file.read()
    )
