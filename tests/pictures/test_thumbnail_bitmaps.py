"""Thumbnails of bitmaps and icons, of which Pillow reads only some."""

import struct

import pytest
from PIL import Image

from app.errors import NoThumbnail
from app.pictures import formats
from tests.pictures.conftest import Shrink
from tests.pictures.encoding import ORANGE, close, encode


def test_an_icon_with_a_palette_keeps_its_transparency(shrink: Shrink) -> None:
    picture = Image.new("RGBA", (32, 32), (255, 0, 0, 96))
    picture.paste((0, 0, 255, 255), (16, 0, 32, 32))
    body = encode(picture.quantize(2), formats.ICO, sizes=[(32, 32)])
    alphas = [shrink(body, "ico").getchannel("A").getpixel((x, 16)) for x in (4, 28)]

    assert alphas == [96, 255]


USUAL = 0xFF0000, 0xFF00, 0xFF, 0xFF000000


def masked_bmp(bits: int, masks: tuple[int, ...], length: int, kind: int, height: int) -> bytes:
    """Make two rows, orange at the top and half transparent below, of numbers by masks."""
    rows = []
    for colour in (*ORANGE, 255), (*ORANGE, 96):
        number = 0
        for value, mask in zip(colour, masks, strict=True):
            lowest = mask & -mask
            number |= round(value / 255 * (mask // (lowest or 1))) * lowest & mask
        rows.append((number.to_bytes(bits // 8, "little") * 2).ljust(2 * bits // 8 + 3 & ~3, b"\0"))
    pixels = b"".join(rows if height < 0 else reversed(rows))
    fields = length, 2, height, 1, bits, kind, len(pixels), 2835, 2835, 0, 0
    header = struct.pack("<IiiHHIIiiII", *fields)
    header = (header + struct.pack("<4I", *masks))[: max(length, 52 if kind == 3 else 56)]
    header = header.ljust(length, b"\0")
    start = 14 + len(header)
    return b"BM" + struct.pack("<III", start + len(pixels), 0, start) + header + pixels


# What Chromium 156 draws of the row below; it draws none with a gap in a mask.
@pytest.mark.parametrize(
    ("bits", "masks", "length", "kind", "due"),
    [
        (16, (0xF00, 0xF0, 0xF, 0xF000), 124, 3, (204, 85, 34, 102)),
        (16, (0xF00, 0xF0, 0xF, 0xF000), 108, 3, (204, 85, 34, 102)),
        (16, (0xF00, 0xF0, 0xF, 0xF000), 56, 3, (204, 85, 34, 102)),
        (16, (0xF00, 0xF0, 0xF, 0xF000), 40, 6, (204, 85, 34, 102)),
        (16, (0xF00, 0xF0, 0xF, 0xF000), 52, 3, (204, 85, 34, 255)),
        (16, (0xF00, 0xF0, 0xF, 0xF000), 40, 3, (204, 85, 34, 255)),
        (16, (0x7C00, 0x3E0, 0x1F, 0x8000), 124, 3, (0, 0, 0, 0)),
        (16, (0xF800, 0x7C0, 0x3E, 1), 124, 3, (0, 0, 0, 0)),
        (16, (0xF800, 0x7C0, 0x3E, 1), 40, 3, (197, 90, 41, 255)),
        (16, (0xF800, 0x7E0, 0x1F, 0), 124, 3, (197, 89, 41, 255)),
        (16, (0x1F, 0x7E0, 0xF800, 0), 40, 3, (197, 89, 41, 255)),
        (16, (0xE0, 0x1C, 3, 0), 40, 3, (182, 73, 0, 255)),
        (16, (0xFFFF, 0, 0, 0), 40, 3, (200, 0, 0, 255)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), 40, 3, (*ORANGE, 255)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), 40, 6, (*ORANGE, 96)),
        (32, (0xFF00, 0xFF0000, 0xFF000000, 0xFF), 124, 3, (*ORANGE, 96)),
        (32, (0xFF00, 0xFF, 0xFF0000, 0), 40, 3, (*ORANGE, 255)),
        (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000), 124, 3, (*ORANGE, 85)),
        (32, (0xFFE00000, 0x1FFC00, 0x3FF, 0), 52, 3, (*ORANGE, 255)),
        (32, (0xFFFFFFFF, 0, 0, 0), 40, 3, (200, 0, 0, 255)),
        (32, (0, 0, 0, 0), 40, 3, (0, 0, 0, 255)),
        (32, USUAL, 124, 3, (*ORANGE, 96)),
        (32, USUAL, 40, 3, (*ORANGE, 255)),
        (32, USUAL, 124, 0, (*ORANGE, 96)),
        (32, USUAL, 56, 0, (*ORANGE, 255)),
        (32, USUAL, 40, 0, (*ORANGE, 255)),
    ],
)
@pytest.mark.parametrize("height", [2, -2])
def test_any_masks_of_a_bitmap_are_followed(
    shrink: Shrink,
    *,
    bits: int,
    masks: tuple[int, ...],
    length: int,
    kind: int,
    height: int,
    due: tuple[int, ...],
) -> None:
    small = shrink(masked_bmp(bits, masks, length, kind, height), "bmp").convert("RGBA")
    above, below = (small.getpixel((0, row)) for row in (0, 1))

    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[3] == 255
    assert abs(below[3] - due[3]) <= 1
    assert close(above, due[:3]) or not due[3]
    assert close(below, due[:3]) or not due[3]


def test_a_bitmap_with_a_gap_in_a_mask_has_no_thumbnail(shrink: Shrink) -> None:
    with pytest.raises(NoThumbnail, match="damaged"):
        shrink(masked_bmp(16, (0xA000, 0x7E0, 0x1F, 0), 40, 3, 2), "bmp")


def test_a_bitmap_with_masks_that_is_too_large_is_refused(shrink: Shrink) -> None:
    body = bytearray(masked_bmp(16, (0xF00, 0xF0, 0xF, 0), 40, 3, 2))
    struct.pack_into("<ii", body, 18, 50_001, 1000)
    with pytest.raises(NoThumbnail, match="more than 50 megapixels"):
        shrink(bytes(body), "bmp")


def test_a_large_bitmap_with_masks_is_read_in_parts(shrink: Shrink) -> None:
    header = masked_bmp(16, (0xF00, 0xF0, 0xF, 0), 40, 3, 2)[:66]
    rows = b"".join(bytes([row >> 8, 0]) * 2000 for row in range(2560))
    body = bytearray(header + rows)
    struct.pack_into("<ii", body, 18, 2000, 2560)
    small = shrink(bytes(body), "bmp")

    assert small.size == (250, 320)
    assert close(small.getpixel((9, 319)), (0, 0, 0))
    assert close(small.getpixel((9, 160)), (0, 0, 0x55))
    assert close(small.getpixel((9, 0)), (0, 0, 0x99))
