"""TIFF files, tag by tag, and raw files that begin like them."""

import struct

from app.pictures.formats import TIFF
from tests.pictures.cases import Case, drawn

WIDTH, HEIGHT, PHOTOMETRIC, ORIENTATION, PARTS, DNG_VERSION = 256, 257, 262, 274, 330, 50706
BYTE, SHORT, LONG, LONG8 = 1, 3, 4, 16
_FIELDS = {BYTE: "B", SHORT: "H", LONG: "I", LONG8: "Q"}
CFA, LINEAR_RAW = 32803, 34892

Tag = tuple[int, int, int]  # number, type, value
SIDES: tuple[Tag, ...] = ((WIDTH, SHORT, 60), (HEIGHT, SHORT, 40))


def directory(*tags: Tag, order: str = "<", big: bool = False) -> bytes:
    """Write a directory whose values all lie in their entries, and no next one."""
    count, entry, room = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    parts = [struct.pack(order + count, len(tags))]
    for number, kind, value in tags:
        parts.append(struct.pack(order + entry, number, kind, 1))
        parts.append(struct.pack(order + _FIELDS[kind], value).ljust(room, b"\0"))
    return b"".join(parts) + bytes(room)


def file(
    *tags: Tag, order: str = "<", big: bool = False, behind: bytes = b"", mark: bytes = b""
) -> bytes:
    """Write a header, a mark behind it, one directory, and what follows that."""
    name = b"II" if order == "<" else b"MM"
    start = (16 if big else 8) + len(mark)
    header = (
        struct.pack(order + "HHHQ", 43, 8, 0, start)
        if big
        else struct.pack(order + "HI", 42, start)
    )
    return name + header + mark + directory(*tags, order=order, big=big) + behind


def with_part(*tags: Tag) -> bytes:
    """Write a page that names another directory as a part of it."""
    at = 8 + 2 + 12 * 3 + 4
    return file(*SIDES, (PARTS, LONG, at), behind=directory(*tags))


_TIFF, _BIG = "TIFF 6.0, section 2", "BigTIFF"

CASES = [
    Case("by Pillow", TIFF, drawn("TIFF"), (60, 40), _TIFF),
    Case("by Pillow, compressed", TIFF, drawn("TIFF", compression="tiff_lzw"), (60, 40), _TIFF),
    Case("by Pillow, BigTIFF", TIFF, drawn("TIFF", big_tiff=True), (60, 40), _BIG),
    Case("least significant byte first", TIFF, file(*SIDES), (60, 40), _TIFF),
    Case("most significant byte first", TIFF, file(*SIDES, order=">"), (60, 40), _TIFF),
    Case("long sides", TIFF, file((WIDTH, LONG, 70_000), (HEIGHT, LONG, 2)), (70_000, 2), _TIFF),
    Case("BigTIFF", TIFF, file(*SIDES, big=True), (60, 40), _BIG),
    Case("BigTIFF, other order", TIFF, file(*SIDES, order=">", big=True), (60, 40), _BIG),
    Case(
        "BigTIFF, longer sides",
        TIFF,
        file((WIDTH, LONG8, 60), (HEIGHT, LONG8, 40), big=True),
        (60, 40),
        _BIG,
    ),
    *(
        Case(
            f"orientation {n}",
            TIFF,
            file(*SIDES, (ORIENTATION, SHORT, n)),
            (40, 60) if 5 <= n <= 8 else (60, 40),
            "TIFF 6.0, Orientation",
        )
        for n in range(10)
    ),
    Case(
        "a reduced part",
        TIFF,
        with_part((WIDTH, SHORT, 6), (PHOTOMETRIC, SHORT, 2)),
        (60, 40),
        "TIFF Technical Note 1",
    ),
    Case(
        "a part beyond the end",
        TIFF,
        file(*SIDES, (PARTS, LONG, 1 << 30)),
        (60, 40),
        "TIFF Technical Note 1",
    ),
    Case("a camera's name", TIFF, file(*SIDES, (271, BYTE, 67)), (60, 40), _TIFF),
]

# What cameras write, by what tells it apart.
RAW = {
    "DNG": file(*SIDES, (DNG_VERSION, BYTE, 1)),
    "colour filters": file(*SIDES, (PHOTOMETRIC, SHORT, CFA)),
    "linear raw": file(*SIDES, (PHOTOMETRIC, SHORT, LINEAR_RAW), order=">"),
    "colour filters in a part": with_part((PHOTOMETRIC, SHORT, CFA)),
    "CR2": file(*SIDES, mark=b"CR\2\0\0\0\0\0"),
    "IIQ": file(*SIDES, mark=b"IIIITwaR"),
}
# and those that no header of TIFF begins.
NAMED_RAW = [
    b"IIRO\x08\0\0\0",
    b"IIRS\x08\0\0\0",
    b"MMOR\0\0\0\x08",
    b"IIU\0\x18\0\0\0",
    b"FUJIFILMCCD-RAW 0201",
    b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
]
