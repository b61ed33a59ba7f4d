"""Thumbnails of damaged pictures, of which browsers show what is sound."""

import io
import struct

import pytest
from PIL import Image, UnidentifiedImageError

from app.errors import NoThumbnail
from app.pictures import formats
from app.pictures.formats import ImageFormat
from tests.pictures.conftest import Shrink
from tests.pictures.encoding import RED, described, encode, exponent, near, pixels, png


@pytest.mark.parametrize("kind", [b"tEXt", b"iCCP", b"gAMA", b"pHYs", b"eXIf", b"tRNS"])
def test_a_broken_chunk_that_can_be_missed_loses_no_thumbnail(shrink: Shrink, kind: bytes) -> None:
    body = encode(Image.new("RGB", (400, 200), RED), formats.PNG)
    broken = struct.pack(">I", 3) + kind + b"\1\2\3" + b"none"

    assert near(shrink(described(body, broken), "png").getpixel((9, 9)), RED)


def test_a_broken_chunk_changes_no_colours(shrink: Shrink) -> None:
    body = encode(Image.new("RGB", (400, 200), (96, 96, 96)), formats.PNG)
    linear = exponent(1)
    broken = struct.pack(">I", 3) + b"tEXt" + b"\1\2\3" + b"none"
    sound = shrink(described(body, linear), "png").getpixel((9, 9))

    assert not near(sound, (96, 96, 96))
    assert near(shrink(described(body, broken, linear), "png").getpixel((9, 9)), sound)


def test_an_avif_with_transparency_against_the_rules_is_shown_without(shrink: Shrink) -> None:
    """As if the second picture had no size: strict readers ask for it (MIAF, 7.3.6.3)."""
    body = encode(Image.new("RGBA", (64, 64), (255, 0, 0, 128)), formats.AVIF)
    sized, unsized = bytes([0, 2, 4, 1, 5]), bytes([0, 2, 4, 5, 5])
    assert sized in body
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(body.replace(sized, unsized))).load()

    assert near(shrink(body.replace(sized, unsized), "avif").getpixel((9, 9)), RED)


@pytest.mark.parametrize("missing", [2, 300])
def test_a_jpeg_without_its_end_is_shown(shrink: Shrink, missing: int) -> None:
    body = encode(Image.new("RGB", (400, 400), RED), formats.JPEG)
    small = shrink(body[:-missing], "jpeg")

    assert near(small.getpixel((160, 9)), RED)


@pytest.mark.parametrize(
    ("known", "mode"),
    [
        *((formats.PNG, mode) for mode in ("RGB", "RGBA", "LA", "L", "P", "1", "I;16")),
        *((formats.GIF, mode) for mode in ("L", "P")),
        *((formats.BMP, mode) for mode in ("RGB", "L", "P")),
        *((formats.TIFF, mode) for mode in ("RGB", "L", "I;16")),
        (formats.ICO, "RGBA"),
    ],
    ids=lambda one: getattr(one, "name", one),
)
def test_of_a_truncated_picture_the_sound_part_is_shown(
    shrink: Shrink, known: ImageFormat, mode: str
) -> None:
    noise = Image.effect_noise((256, 256), 90)
    picture = Image.merge("RGB", [noise] * 3).quantize(64) if mode == "P" else noise.convert(mode)
    body = encode(picture, known, **({"interlace": 0} if known is formats.GIF else {}))
    alpha = shrink(body[: len(body) // 2], known.name).convert("RGBA").getchannel("A")
    first, last = (alpha.getpixel((128, y)) for y in (9, 246))

    assert (first, last) == ((0, 255) if known is formats.BMP else (255, 0))


def test_there_is_memory_for_a_large_truncated_picture(shrink: Shrink) -> None:
    body = png(7000, 7000, 8, 2, pixels(bytes(7000 * (1 + 3 * 7000))))

    assert shrink(body[: len(body) // 2], "png").size == (320, 320)


def test_a_truncated_picture_that_is_not_compressed_is_not_read_into_memory(shrink: Shrink) -> None:
    body = encode(Image.new("RGB", (7000, 7000), "red"), formats.TIFF)

    assert shrink(body[: len(body) * 4 // 5], "tiff").size == (320, 320)


@pytest.mark.parametrize(
    "known", [formats.WEBP, formats.AVIF, formats.HEIC, formats.JXL], ids=lambda one: one.name
)
def test_a_truncated_picture_without_a_sound_part_is_refused(
    shrink: Shrink, known: ImageFormat
) -> None:
    body = encode(Image.effect_noise((600, 600), 90).convert("RGB"), known)

    with pytest.raises(NoThumbnail, match="damaged"):
        shrink(body[: len(body) // 2], known.name)


@pytest.mark.parametrize("known", [formats.PNG, formats.GIF, formats.BMP], ids=lambda one: one.name)
def test_a_header_alone_is_refused(shrink: Shrink, known: ImageFormat) -> None:
    body = encode(Image.effect_noise((60, 60), 90).convert("RGB"), known)

    with pytest.raises(NoThumbnail, match="damaged"):
        shrink(body[:54], known.name)
