"""Icons and cursors, of which browsers show one picture; part of the program that decodes."""

import io
import struct
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image

from app.pictures.thumbnail_bitmaps import ALPHA_BITFIELDS, BITFIELDS, USUAL, V4

ICON = 1  # a cursor has the place of its tip where an icon has its bits
SIGNATURE = b"\x89PNG"
PICTURE_BYTES = 1 << 26  # that are read: many times what 256 × 256 pixels need
MASKS = struct.pack("<4I", *USUAL, 0xFF000000)


def shown(file: BinaryIO, decode: Callable[[str, BinaryIO], Image.Image]) -> Image.Image:
    """Return the picture of an icon or a cursor that Chromium shows, with its transparency."""
    file.seek(place(file))
    body = file.read(PICTURE_BYTES)
    if body.startswith(SIGNATURE):
        return decode("Png", io.BytesIO(body))
    bitmap, behind = as_file(body)
    picture = decode("Bmp", io.BytesIO(bitmap))
    if picture.mode == "RGBA" and picture.getchannel("A").getbbox():
        return picture
    picture = picture.convert("RGB")
    stride = -(-picture.width // 32) * 4
    mask = body[behind : behind + stride * picture.height]
    if len(mask) == stride * picture.height:
        picture.putalpha(Image.frombytes("1", picture.size, mask, "raw", "1;I", stride, -1))
    return picture


def place(file: BinaryIO) -> int:
    """Return where the largest picture lies, of those the one with most bits, the first of all."""
    kind, count = struct.unpack("<2xHH", file.read(6))
    best, start = (0, 0), 0
    for width, height, colours, bits, offset in struct.iter_unpack(
        "<BBBx2xHxxxxI", file.read(16 * count)
    ):
        if kind != ICON or not bits:
            bits = ((colours or 256) - 1).bit_length()
        rank = (width or 256) * (height or 256), bits
        if rank > best:
            best, start = rank, offset
    return start


def as_file(body: bytes) -> tuple[bytes, int]:
    """Return a picture of an icon as the file of a bitmap, and where in it its mask begins."""
    length, width, height, bits, kind = struct.unpack_from("<Iii2xHI", body)
    (colours,) = struct.unpack_from("<I", body, 32)
    pixels = length
    if bits <= 8:
        pixels += 4 * (colours or 1 << bits)
    elif length == 40:
        pixels += {BITFIELDS: 12, ALPHA_BITFIELDS: 16}.get(kind, 0)
    head = bytearray(body[:pixels])
    struct.pack_into("<i", head, 8, height // 2)  # the mask lies on top of the picture
    if (bits, kind) == (32, 0):  # the fourth byte is the transparency
        head = (head[:40] + MASKS).ljust(V4, b"\0")
        struct.pack_into("<I", head, 0, V4)
    behind = pixels + -(-width * bits // 32) * 4 * abs(height // 2)
    start = 14 + len(head)
    return b"BM" + struct.pack("<III", 0, 0, start) + head + body[pixels:behind], behind
