"""JPEG, PNG, GIF, WebP, BMP and ICO: how large their headers say they are."""

import math
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress

from app.pictures.exif import lies_on_its_side
from app.pictures.header import Header, Size, Truncated, Unmeasured

_EXIF_BYTES = 1 << 18
_WINDOW = 4096

# Start of frame (ITU-T T.81, table B.1) of all processes, and that of JPEG-LS.
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_APP1, _EOI, _SOS = 0xE1, 0xD9, 0xDA
_MARKER = re.compile(rb"\xff([^\xff\0])")


def jpeg(header: Header) -> Size:
    """Read the frame, and the first EXIF before the scan."""
    sides: tuple[int, int] | None = None
    exif = b""
    try:
        for marker, start, end in _segments(header):
            if marker in _FRAMES and not sides:
                height, width = header.unpack(">HH", start + 1)
                sides = width, height
            elif marker == _APP1 and not exif and header.read(start, 5) == b"Exif\0":
                exif = header.read_up_to(start + 6, end - start - 6)
            if sides and exif:
                break
    except Unmeasured:
        if not sides:
            raise
    if not sides:
        raise Truncated
    return Size.whole(*sides, turned=lies_on_its_side(exif))


def _segments(header: Header) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment before the scan; stray bytes are skipped."""
    at = 2
    while True:
        marker, at = _marker(header, at)
        if marker in (_EOI, _SOS):
            return
        if marker in _ALONE:
            continue
        end = at + max(2, int.from_bytes(header.read(at, 2)))
        yield marker, at + 2, end
        at = end


def _marker(header: Header, at: int) -> tuple[int, int]:
    """Return the next marker, and where it ends."""
    first = header.read(at, 2)
    if first[0] == 0xFF and first[1] not in (0, 0xFF):
        return first[1], at + 2
    while window := header.read_up_to(at, _WINDOW):
        if found := _MARKER.search(window):
            return found[1][0], at + found.end()
        at += max(1, len(window) - 1)  # the last byte may begin a marker
    raise Truncated


def png(header: Header) -> Size:
    """Read IHDR, and the first eXIf before the pixels (PNG, third edition, 11.3.4.5)."""
    if header.read(12, 4) != b"IHDR":
        raise Unmeasured
    width, height = header.unpack(">II", 16)
    turned = False
    with suppress(Unmeasured):
        turned = lies_on_its_side(_png_exif(header))
    return Size.whole(width, height, turned=turned)


def _png_exif(header: Header) -> bytes:
    at = 33
    while True:
        length, kind = header.unpack(">I4s", at)
        if kind in (b"IDAT", b"IEND"):
            return b""
        if kind == b"eXIf" and length <= _EXIF_BYTES:
            data = header.read(at + 8, length + 4)
            if zlib.crc32(kind + data[:-4]) == int.from_bytes(data[-4:]):
                return data[:-4]
        at += 12 + length


def gif(header: Header) -> Size:
    """Read the screen, which grows where the first picture exceeds it."""
    width, height, flags = header.unpack("<HHB", 6)
    with suppress(Unmeasured):
        at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        left, top, across, down = header.unpack("<4H", _first_picture(header, at))
        width, height = max(width, left + across), max(height, top + down)
    return Size.whole(width, height)


def _first_picture(header: Header, at: int) -> int:
    """Return where the first image descriptor begins, behind its mark."""
    while (mark := header.read(at, 1)) == b"!":
        at += 2
        while length := header.read(at, 1)[0]:
            at += 1 + length
        at += 1
    if mark != b",":
        raise Unmeasured
    return at + 1


def webp(header: Header) -> Size:
    """Read the first chunk (RFC 9649); Chromium turns no WebP by its EXIF."""
    kind = header.read(12, 4)
    if kind == b"VP8X":
        sides = (int.from_bytes(header.read(at, 3), "little") for at in (24, 27))
        return Size.whole(*(side + 1 for side in sides))
    if kind == b"VP8L":
        (bits,) = header.unpack("<I", 21)
        return Size.whole((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = header.unpack("<HH", 26)
    return Size.whole(width & 0x3FFF, height & 0x3FFF)  # RFC 6386, 9.1: two bits scale


def bmp(header: Header, at: int = 14) -> Size:
    """Read the bitmap's header; a negative height says that the rows go downwards."""
    if header.read(at, 4) == b"\x0c\0\0\0":
        return Size.whole(*header.unpack("<HH", at + 4))
    width, height = header.unpack("<ii", at + 4)
    return Size.whole(max(0, width), abs(height))


def ico(header: Header) -> Size:
    """Read the largest picture of an icon or a cursor, as its directory calls it; zero means 256.

    What a decoder may have to make is the largest of all, for the directory may lie.
    """
    (count,) = header.unpack("<H", 4)
    shown, coded = [(0, 0)], [(0, 0)]
    for entry in range(count):
        width, height, offset = header.unpack("<BB10xI", 6 + 16 * entry)
        shown.append((width or 256, height or 256))
        with suppress(Truncated):
            coded.append(_ico_picture(header, offset))
    return Size(*max(shown, key=math.prod), coded=max(shown + coded, key=math.prod))


def _ico_picture(header: Header, offset: int) -> tuple[int, int]:
    """Return the sides of a picture of an icon; zeros, if it is one of no known kind."""
    start = header.read(offset, 4)
    if start == b"\x89PNG" and header.read(offset + 12, 4) == b"IHDR":
        width, height = header.unpack(">II", offset + 16)
        return width, height
    if 40 <= int.from_bytes(start, "little") <= 124:
        width, height = bmp(header, offset).coded
        return width, height // 2  # its mask lies on top of the picture
    return 0, 0
