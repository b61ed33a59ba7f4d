"""JPEG XL files: two real codestreams, and headers bit by bit."""

import struct

from app.pictures.formats import JXL
from tests.pictures.cases import Case
from tests.pictures.heif import box, wide

# A lossless picture of 60 × 40, and a repacked JPEG of 16 × 8 with orientation 6.
PLAIN = bytes.fromhex("ff0a0941240800010058004b188b1500d488c1b17b00e7b95000a05a0ba0a50500")
TURNED = bytes.fromhex(
    "ff0ac12d1014b704e05b2010003001009800980098feff0e802000506848520000000f0000f000000000000000"
    "00042c491419c74e487387010829b663f819e1ef098039d5a30070028821ffe22ef09fba7c1f0000000000404902"
)

HEAD = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl ", bytes(4), b"jxl ")


def parts(codestream: bytes, cut: int) -> bytes:
    """Write a codestream in two boxes, the last of them with the highest bit set."""
    first, second = codestream[:cut], codestream[cut:]
    return box(b"jxlp", struct.pack(">I", 0), first) + box(
        b"jxlp", struct.pack(">I", 1 << 31 | 1), second
    )


def bits(*fields: tuple[int, int]) -> bytes:
    """Write a codestream of numbers and their widths, the lowest bit first."""
    value = at = 0
    for number, width in fields:
        value |= number << at
        at += width
    return b"\xff\x0a" + value.to_bytes(16, "little")


def small(side: int) -> tuple[int, int]:
    return side // 8 - 1, 5


def large(side: int, choice: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (choice, 2), (side - 1, (9, 13, 18, 30)[choice])


_SIZE, _METADATA = "ISO/IEC 18181-1, SizeHeader", "ISO/IEC 18181-1, ImageMetadata"
_DEFAULT = (1, 1)
_SMALL, _LARGE = (1, 1), (0, 1)
_RATIOS = {1: 1000, 2: 1200, 3: 1333, 4: 1500, 5: 1777, 6: 1250, 7: 2000}  # of a height of 1000


def _oriented(orientation: int) -> Case:
    content = bits(_SMALL, small(40), (4, 3), (0, 1), (1, 1), (orientation - 1, 3))
    size = (40, 60) if orientation >= 5 else (60, 40)
    return Case(f"orientation {orientation}", JXL, content, size, _METADATA)


CASES = [
    Case("naked", JXL, PLAIN, (60, 40)),
    Case("naked, turned", JXL, TURNED, (8, 16)),
    Case("boxed", JXL, HEAD + box(b"jxlc", PLAIN), (60, 40)),
    Case("boxed, turned", JXL, HEAD + box(b"jxlc", TURNED), (8, 16)),
    Case("boxed in parts", JXL, HEAD + parts(PLAIN, 20), (60, 40)),
    Case("boxed behind a level", JXL, HEAD + box(b"jxll", b"\5") + box(b"jxlc", PLAIN), (60, 40)),
    Case(
        "boxed behind EXIF",
        JXL,
        HEAD + box(b"Exif", bytes(4), b"II*\0\x08\0\0\0\0\0") + box(b"jxlc", PLAIN),
        (60, 40),
    ),
    Case("boxed to the end", JXL, HEAD + bytes(4) + box(b"jxlc", PLAIN)[4:], (60, 40)),
    Case("boxed with 64 bits", JXL, HEAD + wide(b"jxlc", PLAIN), (60, 40)),
    Case(
        "small, no ratio",
        JXL,
        bits(_SMALL, small(8), (0, 3), small(256), _DEFAULT),
        (256, 8),
        _SIZE,
    ),
    *(
        Case(
            f"ratio {n}", JXL, bits(_LARGE, *large(1000, 1), (n, 3), _DEFAULT), (width, 1000), _SIZE
        )
        for n, width in _RATIOS.items()
    ),
    *(
        Case(
            f"large, width {n}",
            JXL,
            bits(_LARGE, *large(500, 0), (0, 3), *large(side, n), _DEFAULT),
            (side, 500),
            _SIZE,
        )
        for n, side in enumerate((512, 8192, 1 << 18, 1 << 30))
    ),
    *map(_oriented, range(1, 9)),
    Case("without a codestream", JXL, HEAD, None, "ISO/IEC 18181-2: there is to be one"),
]
