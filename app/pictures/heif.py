"""AVIF and HEIC: a picture, or a sequence of them, in boxes (ISO/IEC 14496-12 and 23008-12)."""

import math
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from app.pictures.header import Header, Size, Unmeasured

_SEQUENCES = {b"msf1", b"hevc", b"hevx"}  # major brands of HEIC whose pictures lie in a track
_SAMPLE_ENTRY = 78  # bytes of a VisualSampleEntry before its own boxes
_BEFORE = {b"meta": 4, b"stsd": 8, b"av01": _SAMPLE_ENTRY, b"hvc1": _SAMPLE_ENTRY}


class Box(NamedTuple):
    """Where the content of a box lies in the file."""

    kind: bytes
    start: int
    end: int


def boxes(header: Header, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes of a range (14496-12, 4.2); one that is cut ends with the range."""
    while start + 8 <= end:
        size, kind = header.unpack(">I4s", start)
        content = start + 8
        if size == 1:
            (size,) = header.unpack(">Q", content)
            content += 8
        after = start + size if size else end
        if after < content:
            raise Unmeasured
        yield Box(kind, content, min(after, end))
        start = after


def measure(header: Header, *, crops: bool) -> Size:
    """Read the size of the first picture as it is shown: cropped, then turned.

    Chromium crops no AVIF that does not keep its upper left corner; `crops` says to do it always.
    """
    file = Box(b"", 0, header.length)
    brands = header.read_up_to(8, int.from_bytes(header.read(0, 4)) - 8)
    still = brands[:4] == b"avif" or b"avis" not in brands
    moves = brands[:4] in _SEQUENCES if crops else not still
    if moves and (movie := _find(header, file, b"moov")):
        properties, sides = _track(header, movie)
    elif meta := _find(header, file, b"meta"):
        properties, sides = _item(header, meta)
    elif mini := _find(header, file, b"mini"):
        return _minimized(header, mini)
    else:
        raise Unmeasured
    return _shown(header, properties, sides, crops=crops)


def _find(header: Header, within: Box, *path: bytes) -> Box | None:
    """Return the box at the end of a path, each the first of its kind."""
    for kind in path:
        start = within.start + _BEFORE.get(within.kind, 0)
        inside = boxes(header, start, within.end)
        found = next((box for box in inside if box.kind == kind), None)
        if not found:
            return None
        within = found
    return within


def _need(header: Header, within: Box, *path: bytes) -> Box:
    found = _find(header, within, *path)
    if not found:
        raise Unmeasured
    return found


def _item(header: Header, meta: Box) -> tuple[list[Box], list[tuple[int, int]]]:
    """Return the properties of the primary item, and the sides of all items, its own first."""
    primary = _need(header, meta, b"pitm")
    wide = header.read(primary.start, 1) != b"\0"
    number = int.from_bytes(header.read(primary.start + 4, 4 if wide else 2))
    properties = _need(header, meta, b"iprp")
    container = _need(header, properties, b"ipco")
    all_properties = list(boxes(header, container.start, container.end))
    assigning = (
        _associated(header, box, number)
        for box in boxes(header, properties.start, properties.end)
        if box.kind == b"ipma"
    )
    chosen = [
        all_properties[index - 1]
        for index in next(filter(None, assigning), [])  # an item stands in one of them
        if 0 < index <= len(all_properties)
    ]
    extents = [box for box in (*chosen, *all_properties) if box.kind == b"ispe"]
    if not any(box.kind == b"ispe" for box in chosen):
        raise Unmeasured
    return chosen, [header.unpack(">II", box.start + 4) for box in extents]


def _associated(header: Header, box: Box, item: int) -> list[int]:
    """Return the numbers of an item's properties, counted from one (23008-12, 9.3.1), if any."""
    data = header.read(box.start, box.end - box.start)
    version, flags, count = struct.unpack_from(">B2xBI", data)
    entry = struct.Struct(">IB" if version else ">HB")
    size, mask = (2, 0x7FFF) if flags & 1 else (1, 0x7F)
    at = 8
    for _ in range(count):
        header.count_step()
        number, properties = entry.unpack_from(data, at)
        at += entry.size
        end = at + properties * size
        if number == item:
            return [int.from_bytes(data[n : n + size]) & mask for n in range(at, end, size)]
        at = end
    return []


def _track(header: Header, movie: Box) -> tuple[list[Box], list[tuple[int, int]]]:
    """Return the properties of the first track that shows something, and its sides."""
    for track in boxes(header, movie.start, movie.end):
        head = track.kind == b"trak" and _find(header, track, b"tkhd")
        if head:
            at = head.start + (88 if header.read(head.start, 1) == b"\1" else 76)
            width, height = header.unpack(">II", at)
            if width and height:
                entries = _need(header, track, b"mdia", b"minf", b"stbl", b"stsd")
                entry = next(boxes(header, entries.start + 8, entries.end), None)
                if not entry:
                    raise Unmeasured
                coded = header.unpack(">HH", entry.start + 24)
                properties = list(boxes(header, entry.start + _SAMPLE_ENTRY, entry.end))
                return properties, [(width >> 16, height >> 16), coded]
    raise Unmeasured


def _minimized(header: Header, box: Box) -> Size:
    """Read a MinimizedImageBox: orientation after 13 bits, sides of 7 or 15 bits after 16."""
    flags, sides = struct.unpack(">HI", header.read_up_to(box.start, 6).ljust(6, b"\0"))
    if sides >> 31:
        width, height = sides >> 16 & 0x7FFF, sides >> 1 & 0x7FFF
    else:
        width, height = sides >> 24 & 0x7F, sides >> 17 & 0x7F
    return Size.whole(width + 1, height + 1, turned=flags & 7 >= 4)


def _shown(
    header: Header, properties: list[Box], sides: list[tuple[int, int]], *, crops: bool
) -> Size:
    first = {box.kind: box for box in reversed(properties)}
    width, height = sides[0]
    if clap := first.get(b"clap"):
        width, height = _cropped(header.read(clap.start, 32), width, height, crops=crops)
    if (irot := first.get(b"irot")) and header.read(irot.start, 1)[0] & 1:  # by 90 or 270 degrees
        width, height = height, width
    return Size(width, height, coded=max(sides, key=math.prod))


def _cropped(clap: bytes, width: int, height: int, *, crops: bool) -> tuple[int, int]:
    """Return the sides of the clean aperture (14496-12, 12.1.4), if it is one."""
    numbers = struct.unpack(">IIIIiIiI", clap)
    if not all(numbers[1::2]):
        return width, height
    new_width, new_height, across, down = map(Fraction, numbers[::2], numbers[1::2])
    left = (width - new_width) / 2 + across
    top = (height - new_height) / 2 + down
    inside = left >= 0 and top >= 0 and left + new_width <= width and top + new_height <= height
    whole = new_width.denominator == new_height.denominator == 1
    if not inside or not (crops or (whole and left == top == 0)):
        return width, height
    half = Fraction(1, 2)
    return math.floor(new_width + half), math.floor(new_height + half)  # as libheif rounds
