"""JPEG and PNG: how large their headers say they are."""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

from app.pictures.exif import lies_on_its_side
from app.pictures.header import Cut, Header, Size, Unmeasured

_EXIF_BYTES = 1 << 18
_WINDOW = 4096

# Start of frame (ITU-T T.81, table B.1) of all processes, and that of JPEG-LS.
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_APP1, _EOI, _SOS = 0xE1, 0xD9, 0xDA
_MARKER = re.compile(rb"\xff+([^\xff\0])")


def jpeg(header: Header) -> Size:
    """Read the frame, and the first EXIF before the scan."""
    sides: tuple[int, int] | None = None
    exif = b""
    try:
        for marker, start, end in _segments(header):
            if marker in _FRAMES and not sides:
                height, width = struct.unpack(">HH", header.at(start + 1, 4))
                sides = width, height
            elif marker == _APP1 and not exif and header.at(start, 5) == b"Exif\0":
                exif = header.some(start + 6, end - start - 6)
            if sides and exif:
                break
    except Unmeasured:
        if not sides:
            raise
    if not sides:
        raise Cut
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
        end = at + max(2, int.from_bytes(header.at(at, 2)))
        yield marker, at + 2, end
        at = end


def _marker(header: Header, at: int) -> tuple[int, int]:
    """Return the next marker, and where it ends."""
    first = header.at(at, 2)
    if first[0] == 0xFF and first[1] not in (0, 0xFF):
        return first[1], at + 2
    while window := header.some(at, _WINDOW):
        if found := _MARKER.search(window):
            return found[1][0], at + found.end()
        at += max(1, len(window) - 1)  # the last byte may begin a marker
    raise Cut


def png(header: Header) -> Size:
    """Read IHDR, and the first eXIf before the pixels (PNG, third edition, 11.3.4.5)."""
    if header.at(12, 4) != b"IHDR":
        raise Unmeasured
    width, height = struct.unpack(">II", header.at(16, 8))
    turned = False
    with suppress(Unmeasured):
        turned = lies_on_its_side(_png_exif(header))
    return Size.whole(width, height, turned=turned)


def _png_exif(header: Header) -> bytes:
    at = 33
    while True:
        length, kind = struct.unpack(">I4s", header.at(at, 8))
        if kind in (b"IDAT", b"IEND"):
            return b""
        if kind == b"eXIf" and length <= _EXIF_BYTES:
            data = header.at(at + 8, length + 4)
            if zlib.crc32(kind + data[:-4]) == int.from_bytes(data[-4:]):
                return data[:-4]
        at += 12 + length
