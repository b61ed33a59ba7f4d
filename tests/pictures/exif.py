"""JPEG and PNG files with EXIF of every kind."""

import struct
import zlib

from app.pictures.formats import JPEG, PNG
from tests.pictures.cases import Case, drawn

ORIENTATION, EXIF_IFD = 0x0112, 0x8769
BYTE, ASCII, SHORT, LONG, UNDEFINED = 1, 2, 3, 4, 7
MARK = b"Exif\0\0"

Entry = tuple[int, int, int, int]  # tag, type, count, value


def entry(value: int, kind: int = SHORT, count: int = 1, tag: int = ORIENTATION) -> Entry:
    return tag, kind, count, value


def exif(*entries: Entry, order: str = "<", behind: bytes = bytes(4)) -> bytes:
    """Write a TIFF header and one directory; small values lie at the beginning of their field."""
    data = struct.pack(order + "2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries))
    for tag, kind, count, value in entries:
        field = {BYTE: "B", SHORT: "H"}.get(kind, "I")
        data += struct.pack(order + "HHI", tag, kind, count)
        data += struct.pack(order + field, value).ljust(4, b"\0")
    return data + behind


SIX = exif(entry(6))
_JPEG, _PNG = drawn("JPEG"), drawn("PNG")
_SOI, _JFIF, _SCAN = 2, 20, _JPEG.index(b"\xff\xda")
_IHDR, _END = 33, _PNG.index(b"IEND") - 4


def segment(data: bytes, marker: int = 0xE1) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(*parts: bytes, at: int = _SOI, base: bytes = _JPEG) -> bytes:
    return base[:at] + b"".join(parts) + base[at:]


def turned(orientation: int, base: bytes = _JPEG) -> bytes:
    return jpeg(segment(MARK + exif(entry(orientation))), base=base)


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(*parts: bytes, at: int = _IHDR, base: bytes = _PNG) -> bytes:
    return base[:at] + b"".join(parts) + base[at:]


def _exif_ifd(*before: Entry, inside: int, behind: tuple[Entry, ...] = (), count: int = 1) -> bytes:
    at = 8 + 2 + 12 * (len(before) + len(behind) + 1) + 4
    directory = struct.pack("<HHHIII", 1, ORIENTATION, SHORT, 1, inside, 0)
    pointer = entry(at, LONG, count, tag=EXIF_IFD)
    return exif(*before, pointer, *behind, behind=bytes(4) + directory)


def _jpeg_exif(name: str, content: bytes, swapped: bool) -> Case:
    size = (40, 60) if swapped else (60, 40)
    return Case(name, JPEG, jpeg(segment(MARK + content)), size)


_XMP = segment(b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta tiff:Orientation='6'/>")
_APPLICATION = segment(bytes(65_000), 0xE5)

CASES = [
    *(
        Case(f"orientation {n}", JPEG, turned(n), (40, 60) if 5 <= n <= 8 else (60, 40))
        for n in range(10)
    ),
    *(
        Case(
            f"orientation {n}",
            PNG,
            png(chunk(b"eXIf", exif(entry(n)))),
            (40, 60) if 5 <= n <= 8 else (60, 40),
        )
        for n in range(10)
    ),
    Case("progressive", JPEG, turned(6, drawn("JPEG", progressive=True)), (40, 60)),
    _jpeg_exif("most significant byte first", exif(entry(6), order=">"), swapped=True),
    _jpeg_exif("orientation as a long", exif(entry(6, LONG)), swapped=False),
    _jpeg_exif("orientation as a byte", exif(entry(6, BYTE)), swapped=False),
    _jpeg_exif("orientation as text", exif(entry(6, ASCII)), swapped=False),
    _jpeg_exif("orientation undefined", exif(entry(6, UNDEFINED)), swapped=False),
    _jpeg_exif("no orientation", exif(entry(6, count=0)), swapped=False),
    _jpeg_exif("two orientations in one", exif(entry(6, count=2)), swapped=False),
    _jpeg_exif("first 1, then 6", exif(entry(1), entry(6)), swapped=False),
    _jpeg_exif("first 6, then 1", exif(entry(6), entry(1)), swapped=True),
    _jpeg_exif("first 9, then 6", exif(entry(9), entry(6)), swapped=True),
    _jpeg_exif("first a long, then 6", exif(entry(1, LONG), entry(6)), swapped=True),
    _jpeg_exif("unsorted", exif(entry(6), entry(6, tag=0x100)), swapped=True),
    _jpeg_exif("in the directory for EXIF", _exif_ifd(inside=6), swapped=True),
    _jpeg_exif("in two directories for EXIF", _exif_ifd(inside=6, count=2), swapped=False),
    _jpeg_exif("in none for EXIF", _exif_ifd(inside=6, count=0), swapped=False),
    _jpeg_exif("in both", _exif_ifd(entry(1), inside=6), swapped=False),
    _jpeg_exif("in both, later", _exif_ifd(inside=6, behind=(entry(1),)), swapped=True),
    _jpeg_exif("in both, not valid", _exif_ifd(entry(9), inside=6), swapped=True),
    _jpeg_exif(
        "a directory within itself", exif(entry(8, LONG, tag=EXIF_IFD), entry(6)), swapped=True
    ),
    _jpeg_exif(
        "a directory beyond the end",
        exif(entry(60_000, LONG, tag=EXIF_IFD), entry(6)),
        swapped=True,
    ),
    _jpeg_exif("no next directory", exif(entry(6), behind=b""), swapped=True),
    _jpeg_exif("cut in its entry", SIX[:-6], swapped=False),
    _jpeg_exif("more entries promised", SIX[:8] + b"\xff\x7f" + SIX[10:], swapped=True),
    _jpeg_exif("directory further on", b"II*\0\x14\0\0\0" + bytes(12) + SIX[8:], swapped=True),
    _jpeg_exif("directory nowhere", b"II*\0\xff\xff\xff\xff" + SIX[8:], swapped=False),
    _jpeg_exif("magic of BigTIFF", b"II+\0" + SIX[4:], swapped=False),
    _jpeg_exif("unknown byte order", b"IM*\0" + SIX[4:], swapped=False),
    _jpeg_exif("damaged", b"\xff" * 40, swapped=False),
    Case("EXIF behind JFIF", JPEG, jpeg(segment(MARK + SIX), at=_JFIF), (40, 60)),
    Case("EXIF behind the frame", JPEG, jpeg(segment(MARK + SIX), at=_SCAN), (40, 60)),
    Case("EXIF behind the scan", JPEG, jpeg(segment(MARK + SIX), at=len(_JPEG) - 2), (60, 40)),
    Case("EXIF behind a megabyte", JPEG, jpeg(*[_APPLICATION] * 20, segment(MARK + SIX)), (40, 60)),
    Case("EXIF behind XMP", JPEG, jpeg(_XMP, segment(MARK + SIX)), (40, 60)),
    Case("XMP alone", JPEG, jpeg(_XMP), (60, 40)),
    Case(
        "EXIF twice, 6 first",
        JPEG,
        jpeg(segment(MARK + SIX), segment(MARK + exif(entry(1)))),
        (40, 60),
    ),
    Case(
        "EXIF twice, 1 first",
        JPEG,
        jpeg(segment(MARK + exif(entry(1))), segment(MARK + SIX)),
        (60, 40),
    ),
    Case(
        "EXIF twice, first damaged",
        JPEG,
        jpeg(segment(MARK + b"damaged!"), segment(MARK + SIX)),
        (60, 40),
    ),
    Case("EXIF twice, first empty", JPEG, jpeg(segment(MARK), segment(MARK + SIX)), (40, 60)),
    Case("EXIF with another sixth byte", JPEG, jpeg(segment(b"Exif\0\xff" + SIX)), (40, 60)),
    Case("EXIF by another name", JPEG, jpeg(segment(b"EXIF\0\0" + SIX)), (60, 40)),
    Case("EXIF in another segment", JPEG, jpeg(segment(MARK + SIX, 0xE2)), (60, 40)),
    Case("stray bytes", JPEG, jpeg(b"\1\2\3", segment(MARK + SIX), at=_JFIF), (40, 60)),
    Case("stray zeros", JPEG, jpeg(b"\xff\0\5", segment(MARK + SIX), at=_JFIF), (40, 60)),
    Case("fill bytes", JPEG, jpeg(b"\xff\xff\xff", segment(MARK + SIX), at=_JFIF), (40, 60)),
    Case(
        "markers without a length",
        JPEG,
        jpeg(b"\xff\xd0\xff\1", segment(MARK + SIX), at=_JFIF),
        (40, 60),
    ),
    Case("a segment without a length", JPEG, jpeg(b"\xff\xe5\0\0", at=_JFIF), (60, 40)),
    Case("many stray bytes", JPEG, jpeg(bytes(9000), at=_JFIF), (60, 40)),
    Case(
        "most significant byte first", PNG, png(chunk(b"eXIf", exif(entry(6), order=">"))), (40, 60)
    ),
    Case("EXIF behind the pixels", PNG, png(chunk(b"eXIf", SIX), at=_END), (60, 40)),
    Case("EXIF with the mark of JPEG", PNG, png(chunk(b"eXIf", MARK + SIX)), (60, 40)),
    Case("EXIF with a wrong checksum", PNG, png(chunk(b"eXIf", SIX)[:-1] + b"?"), (60, 40)),
    Case(
        "EXIF twice, 6 first",
        PNG,
        png(chunk(b"eXIf", SIX), chunk(b"eXIf", exif(entry(1)))),
        (40, 60),
    ),
    Case(
        "EXIF twice, 1 first",
        PNG,
        png(chunk(b"eXIf", exif(entry(1))), chunk(b"eXIf", SIX)),
        (60, 40),
    ),
    Case("orientation as a long", PNG, png(chunk(b"eXIf", exif(entry(6, LONG)))), (60, 40)),
    Case(
        "animated, turned",
        PNG,
        png(chunk(b"eXIf", SIX), base=drawn("PNG", save_all=True, append_images=[])),
        (40, 60),
    ),
    Case(
        "as dense as a screen",
        PNG,
        png(chunk(b"pHYs", struct.pack(">IIB", 5669, 5669, 1))),
        (60, 40),
    ),
]
