"""Thumbnails of sound pictures, and what the decoder does with the others."""

import io
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
import pillow_jxl  # noqa: F401  # to encode
import pytest
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from app.errors import Interrupted, NoThumbnail
from app.pictures import formats, thumbnail
from app.pictures.formats import BY_NAME, FORMATS, ImageFormat
from app.pictures.thumbnail import Thumbnailer
from tests import profiles
from tests.pictures import exif
from tests.pictures.cases import Case
from tests.pictures.conftest import Shrink

ORIENTED = range(1, 9)
pillow_heif.register_heif_opener()
RED, GREEN = (255, 0, 0), (0, 255, 0)


def encode(picture: Image.Image, known: ImageFormat, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, "heif" if known is formats.HEIC else known.name, **options)
    return file.getvalue()


def near(pixel: object, colour: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(have - want) < 40 for have, want in zip(pixel, colour, strict=False))


def close(pixel: object, colour: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return sum(abs(have - want) for have, want in zip(pixel, colour, strict=False)) / 3 <= 6


@pytest.mark.parametrize("known", thumbnail.DECODERS, ids=lambda known: known.name)
def test_each_format_becomes_a_small_webp(shrink: Shrink, known: ImageFormat) -> None:
    size = (256, 256) if known is formats.ICO else (1000, 500)
    small = shrink(encode(Image.new("RGB", size, RED), known), known.name)

    assert small.size == ((256, 256) if known is formats.ICO else (320, 160))
    assert near(small.convert("RGB").getpixel((100, 60)), RED)


@pytest.mark.parametrize(
    "known", [one for one in FORMATS if one not in thumbnail.DECODERS], ids=lambda one: one.name
)
def test_other_formats_are_refused_by_name(shrink: Shrink, known: ImageFormat) -> None:
    with pytest.raises(NoThumbnail, match=known.name):
        shrink(b"<svg/>", known.name)


def test_a_small_picture_keeps_its_size(shrink: Shrink) -> None:
    small = shrink(encode(Image.new("RGB", (3, 2)), formats.PNG), "png")

    assert small.size == (3, 2)


@pytest.mark.parametrize("size", [(5000, 1), (1, 5000)])
def test_a_line_stays_a_line(shrink: Shrink, size: tuple[int, int]) -> None:
    small = shrink(encode(Image.new("RGB", size), formats.PNG), "png")

    assert sorted(small.size) == [1, 320]


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("name", ["jpeg", "png", "avif", "tiff"])
def test_a_picture_stands_upright(shrink: Shrink, name: str, orientation: int) -> None:
    upright = Image.new("RGB", (800, 400), RED)
    upright.paste(GREEN, (0, 0, 400, 400))
    turns = Image.Transpose
    back = {
        *((2, turns.FLIP_LEFT_RIGHT), (3, turns.ROTATE_180), (4, turns.FLIP_TOP_BOTTOM)),
        *((5, turns.TRANSPOSE), (6, turns.ROTATE_90), (7, turns.TRANSVERSE)),
        (8, turns.ROTATE_270),
    }
    lying = upright.transpose(dict(back)[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    small = shrink(encode(lying, BY_NAME[name], exif=exif), name)

    assert small.size == (320, 160)
    assert near(small.getpixel((40, 80)), GREEN)
    assert near(small.getpixel((280, 80)), RED)
    assert small.getexif() == {}


def test_browsers_turn_no_webp_and_nothing_by_xmp(shrink: Shrink) -> None:
    picture = Image.new("RGB", (60, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    bodies = {
        "webp": encode(picture, formats.WEBP, exif=exif),
        "jpeg": encode(picture, formats.JPEG, xmp=xmp),
        "png": encode(picture, formats.PNG, pnginfo=text),
    }

    assert {shrink(body, name).size for name, body in bodies.items()} == {(60, 40)}


# Pillow reads none of the first two, and of two chunks the second.
UNREAD = {"EXIF with another sixth byte", "markers without a length"}
TWICE = {"EXIF twice, 6 first", "EXIF twice, 1 first"}
TURNED = [
    case
    for case in exif.CASES
    if case.name not in UNREAD and (case.known is formats.JPEG or case.name not in TWICE)
]


@pytest.mark.parametrize("case", TURNED, ids=[f"{case.known.name}: {case.name}" for case in TURNED])
def test_a_picture_stands_as_it_is_measured_whatever_its_exif(shrink: Shrink, case: Case) -> None:
    assert shrink(case.content, case.known.name).size == case.size


def test_of_jpeg_xl_the_orientation_of_the_codestream_counts(
    shrink: Shrink, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = tmp_path / "picture.jpeg"
    jpeg.write_bytes(encode(Image.new("RGB", (60, 40)), formats.JPEG, exif=exif))
    repacked = encode(Image.open(jpeg), formats.JXL, lossless_jpeg=True)
    in_a_box = encode(Image.new("RGB", (60, 40)), formats.JXL, exif=exif.tobytes())

    assert shrink(repacked, "jxl").size == (40, 60)
    assert shrink(in_a_box, "jxl").size == (60, 40)


def test_a_damaged_orientation_leaves_the_picture_as_it_is(shrink: Shrink) -> None:
    exif = b"Exif\0\0II*\0\xff\xff\xff\xff"
    small = shrink(encode(Image.new("RGB", (800, 400), RED), formats.JPEG, exif=exif), "jpeg")

    assert small.size == (320, 160)


@pytest.mark.parametrize("name", ["gif", "webp", "png", "avif", "tiff"])
def test_of_an_animation_the_first_frame_is_taken(shrink: Shrink, name: str) -> None:
    first, *others = (Image.new("RGB", (400, 400), colour) for colour in (RED, GREEN, GREEN))
    body = encode(first, BY_NAME[name], save_all=True, append_images=others)

    small = shrink(body, name)

    assert getattr(small, "n_frames", 1) == 1
    assert near(small.convert("RGB").getpixel((160, 160)), RED)


def test_of_an_animated_png_the_animation_is_shown(shrink: Shrink) -> None:
    """Not the picture before it, which only readers without animation see (PNG, 11.3.6.2)."""
    first, second = (Image.new("RGB", (32, 32), colour) for colour in (RED, (0, 0, 255)))
    rest = {"save_all": True, "append_images": [second], "default_image": True}

    assert near(shrink(encode(first, formats.PNG, **rest), "png").getpixel((9, 9)), (0, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_stays_so(shrink: Shrink, mode: str) -> None:
    picture = Image.new("RGBA", (640, 640), (255, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 320, 640))
    small = shrink(encode(picture.convert(mode), formats.PNG), "png")

    assert small.mode == "RGBA"
    assert small.getpixel((40, 160))[3] == 0
    assert small.getpixel((280, 160))[3] == 255


def test_around_a_frame_smaller_than_the_screen_is_nothing(shrink: Shrink) -> None:
    body = bytearray(encode(Image.new("RGB", (40, 40), RED), formats.GIF))
    place = body.index(b"," + struct.pack("<HHHH", 0, 0, 40, 40)) + 1
    struct.pack_into("<HH", body, 6, 80, 60)  # the screen
    struct.pack_into("<HH", body, place, 30, 10)
    small = shrink(bytes(body), "gif")

    assert small.size == (80, 60)
    assert [small.getpixel(at)[3] for at in ((5, 5), (75, 55), (50, 30))] == [0, 0, 255]
    assert near(small.convert("RGB").getpixel((50, 30)), RED)


def test_a_palette_is_scaled_smoothly(shrink: Shrink) -> None:
    stripes = Image.new("1", (640, 640))
    for row in range(0, 640, 2):
        stripes.paste(1, (0, row, 640, row + 1))
    small = shrink(encode(stripes.convert("P"), formats.GIF), "gif")

    assert near(small.getpixel((160, 160)), (127, 127, 127))


@pytest.mark.parametrize("name", ["png", "tiff"])
def test_sixteen_bits_of_grey_do_not_turn_white(shrink: Shrink, name: str) -> None:
    picture = Image.new("I;16", (400, 400), 0x4000)
    small = shrink(encode(picture, BY_NAME[name]), name)

    assert near(small.convert("RGB").getpixel((160, 160)), (0x40, 0x40, 0x40))


def test_sixteen_bits_of_grey_may_count_from_white(shrink: Shrink) -> None:
    body = bytearray(encode(Image.new("I;16", (400, 400), 0x4000), formats.TIFF))
    photometric = body.index(struct.pack("<HHI", 262, 3, 1)) + 8
    struct.pack_into("<H", body, photometric, 0)

    assert near(shrink(bytes(body), "tiff").convert("RGB").getpixel((160, 160)), (0xBF,) * 3)


def test_inks_become_colours(shrink: Shrink) -> None:
    picture = Image.new("CMYK", (400, 400), (0, 255, 255, 0))

    assert near(shrink(encode(picture, formats.JPEG), "jpeg").getpixel((160, 160)), RED)


ORANGE, GREY, INK = (200, 90, 40), 100, (180, 60, 20, 30)
P3, ADOBE, SWAPPED = (
    profiles.rgb(primaries)
    for primaries in (profiles.DISPLAY_P3, profiles.ADOBE_RGB, profiles.SWAPPED)
)
LINEAR = profiles.rgb(profiles.SRGB, gamma=1)


# What Chromium 156 draws of these pictures.
@pytest.mark.parametrize(
    ("name", "mode", "colour", "profile", "due"),
    [
        ("png", "RGB", ORANGE, P3, (217, 80, 0)),
        ("jpeg", "RGB", ORANGE, P3, (217, 80, 0)),
        ("webp", "RGB", ORANGE, P3, (217, 80, 0)),
        ("avif", "RGB", ORANGE, P3, (217, 80, 0)),
        ("png", "RGB", ORANGE, ADOBE, (228, 90, 31)),
        ("jpeg", "RGB", ORANGE, ADOBE, (228, 90, 29)),
        ("png", "RGB", ORANGE, SWAPPED, (35, 90, 201)),
        ("png", "RGBA", (*ORANGE, 255), SWAPPED, (35, 90, 201)),
        ("webp", "RGBA", (*ORANGE, 255), SWAPPED, (35, 90, 201)),
        ("png", "P", ORANGE, SWAPPED, (35, 90, 201)),
        ("png", "L", GREY, profiles.grey(1), (168, 168, 168)),
        ("jpeg", "L", GREY, profiles.grey(1), (168, 168, 168)),
        ("png", "LA", (GREY, 255), profiles.grey(1), (168, 168, 168)),
        ("png", "L", GREY, LINEAR, (168, 168, 168)),
        ("jpeg", "L", GREY, LINEAR, (168, 168, 168)),
        ("png", "RGB", ORANGE, profiles.grey(1), ORANGE),
        ("jpeg", "CMYK", INK, profiles.cmyk(), (134, 180, 196)),
        ("jpeg", "CMYK", (200, 220, 180, 240), profiles.cmyk(), (15, 63, 54)),
        ("jpeg", "CMYK", (255, 255, 255, 255), profiles.cmyk(), (0, 61, 50)),
        ("jpeg", "CMYK", (0, 0, 0, 255), profiles.cmyk(), (0, 61, 50)),
        ("jpeg", "CMYK", INK, None, (66, 172, 207)),
        ("jpeg", "CMYK", INK, SWAPPED, (66, 172, 207)),
        ("jpeg", "RGB", ORANGE, profiles.cmyk(), (200, 90, 39)),
        ("png", "RGB", ORANGE, b"x" * 200, ORANGE),
    ],
)
def test_colours_are_those_that_a_browser_shows(
    shrink: Shrink,
    name: str,
    mode: str,
    colour: int | tuple[int, ...],
    profile: bytes | None,
    due: tuple[int, ...],
) -> None:
    if mode == "P":
        picture = Image.new("RGB", (64, 64), colour).quantize(2)
    else:
        picture = Image.new(mode, (64, 64), colour)
    options = {"lossless": True} if name == "webp" else {"quality": 95}
    body = encode(picture, BY_NAME[name], icc_profile=profile, **options)

    assert close(shrink(body, name).convert("RGB").getpixel((32, 32)), due)


def deep_png(kind: int, pixels: bytes, key: bytes) -> bytes:
    """Make a PNG of two columns with 16 bits a channel, one of whose colours is transparent."""
    header = struct.pack(">IIBBBBB", 2, 1, 16, kind, 0, 0, 0)
    data = zlib.compress(b"\0" + pixels)
    return chunks((b"IHDR", header), (b"tRNS", key), (b"IDAT", data), (b"IEND", b""))


def test_a_transparent_colour_of_sixteen_bits_is_transparent(shrink: Shrink) -> None:
    key, other = 0x1234, 0xC034  # alike in their lower bytes
    grey = shrink(deep_png(0, struct.pack(">2H", key, other), struct.pack(">H", key)), "png")
    rgb = struct.pack(">6H", 1, 2, key, 1, 2, other)
    colour = shrink(deep_png(2, rgb, struct.pack(">3H", 1, 2, key)), "png")

    for small in grey, colour:
        assert small.mode == "RGBA"
        assert list(small.getchannel("A").get_flattened_data()) == [0, 255]
    assert near(grey.getpixel((1, 0)), (0xC0, 0xC0, 0xC0))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_transparent_grey_of_few_bits_is_transparent(shrink: Shrink, depth: int) -> None:
    header = struct.pack(">IIBBBBB", 2, 1, depth, 0, 0, 0, 0)
    black_and_white = ((1 << depth) - 1) << 8 - 2 * depth
    for key, alphas in ((0, [0, 255]), ((1 << depth) - 1, [255, 0])):
        data = zlib.compress(bytes([0, black_and_white]))
        body = chunks(
            (b"IHDR", header), (b"tRNS", struct.pack(">H", key)), (b"IDAT", data), (b"IEND", b"")
        )

        assert list(shrink(body, "png").getchannel("A").get_flattened_data()) == alphas


def exponent(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(100_000 * value))


def primaries(red_green_blue: tuple[profiles.Pair, ...]) -> tuple[bytes, bytes]:
    sides = [round(100_000 * side) for pair in (profiles.D65, *red_green_blue) for side in pair]
    return b"cHRM", struct.pack(">8I", *sides)


def code_points(of_primaries: int, of_transfer: int, full: int = 1) -> tuple[bytes, bytes]:
    return b"cICP", bytes((of_primaries, of_transfer, 0, full))


def profile(content: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"p\0\0" + zlib.compress(content)


def numbered(of_primaries: int, of_transfer: int) -> tuple[bytes, bytes]:
    """Write a profile that has other primaries than its numbers say."""
    return profile(profiles.rgb(profiles.SWAPPED, 2.2, (of_primaries, of_transfer)))


STANDARD = b"sRGB", b"\0"


# What Chromium 156 draws of orange with these chunks; they overrule each other (PNG, third
# edition, 4.3).
@pytest.mark.parametrize(
    ("said", "due"),
    [
        ([exponent(1)], (229, 160, 110)),
        ([exponent(1 / 2.2)], ORANGE),
        ([exponent(1 / 1.8)], (209, 109, 52)),
        ([exponent(1), STANDARD], ORANGE),
        ([exponent(1), profile(P3)], (217, 80, 0)),
        ([exponent(1), profile(b"x" * 200)], (229, 160, 110)),
        ([primaries(profiles.DISPLAY_P3)], ORANGE),
        ([primaries(profiles.DISPLAY_P3), exponent(1 / 2.2)], (217, 80, 0)),
        ([primaries(profiles.ADOBE_RGB), exponent(1 / 2.2)], (228, 90, 31)),
        ([primaries(profiles.SWAPPED), exponent(1 / 2.2)], (35, 90, 201)),
        ([primaries(profiles.SWAPPED), exponent(1)], (110, 160, 229)),
        ([primaries(profiles.SWAPPED), exponent(1 / 2.2), STANDARD], ORANGE),
        ([primaries(((0.0, 0.0),) * 3), exponent(1 / 2.2)], ORANGE),
        ([primaries(((0.3, 0.3),) * 3), exponent(1 / 2.2)], ORANGE),
        ([code_points(1, 13)], ORANGE),
        ([code_points(1, 1)], (197, 81, 28)),
        ([code_points(1, 8)], (229, 160, 110)),
        ([code_points(6, 6)], (192, 84, 26)),
        ([code_points(9, 1)], (241, 42, 0)),
        ([code_points(9, 13)], (243, 59, 10)),
        ([code_points(9, 14)], (241, 42, 0)),
        ([code_points(12, 13)], (216, 81, 13)),
        ([code_points(12, 13, full=0)], ORANGE),
        ([code_points(12, 2)], ORANGE),
        ([code_points(2, 8)], ORANGE),
        ([code_points(12, 13), STANDARD], (216, 81, 13)),
        ([code_points(12, 13), exponent(1)], (216, 81, 13)),
        ([profile(SWAPPED), code_points(1, 13)], ORANGE),
        ([profile(SWAPPED), code_points(0, 0)], (35, 90, 201)),
        ([numbered(1, 13)], ORANGE),
        ([numbered(1, 1)], ORANGE),
        ([numbered(1, 8)], (229, 160, 110)),
        ([numbered(12, 13)], (216, 81, 13)),
        ([numbered(9, 14)], (241, 42, 0)),
        ([numbered(2, 2)], (35, 90, 201)),
        ([numbered(12, 13), code_points(1, 13)], ORANGE),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_what_a_png_says_of_its_colours_counts(
    shrink: Shrink, said: list[tuple[bytes, bytes]], due: tuple[int, ...], mode: str
) -> None:
    picture = Image.new("RGB", (64, 64), ORANGE)
    body = encode(picture.quantize(2) if mode == "P" else picture.convert(mode), formats.PNG)
    body = body[:33] + chunks(*said)[8:] + body[33:]

    assert close(shrink(body, "png").getpixel((32, 32)), due)


def numbered_avif(picture: Image.Image, *numbers: int, **options: object) -> bytes:
    body = encode(picture, formats.AVIF, quality=95, **options)
    before, box, after = body.partition(b"colrnclx")
    assert box
    return before + box + struct.pack(f">{len(numbers)}H", *numbers) + after[2 * len(numbers) :]


@pytest.mark.parametrize(
    ("numbers", "due"),
    [
        ((1, 13), ORANGE),
        ((1, 1), ORANGE),
        ((2, 2), ORANGE),
        ((1, 8), (229, 160, 109)),
        ((6, 6), (195, 93, 38)),
        ((9, 14), (243, 59, 6)),
        ((12, 13), (216, 81, 10)),
        ((12, 2), (216, 81, 10)),
        ((12, 13, 9), (220, 80, 0)),
        ((12, 13, 12), (208, 96, 36)),
        ((9, 16, 12), (204, 90, 34)),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_what_an_avif_says_of_its_colours_counts(
    shrink: Shrink, numbers: tuple[int, ...], due: tuple[int, ...], mode: str
) -> None:
    """As Chromium draws them; of the transfers of video it makes sRGB here."""
    body = numbered_avif(Image.new("RGB", (64, 64), ORANGE).convert(mode), *numbers)

    assert close(shrink(body, "avif").getpixel((32, 32)), due)


DULL = (150, 120, 90)


def brightest(light: int) -> tuple[bytes, bytes]:
    """Say the most light of a picture, in cd/m²."""
    return b"cLLI", struct.pack(">II", 10_000 * light, 0)


def screen(light: int) -> tuple[bytes, bytes]:
    """Say the most light of its maker's screen, in cd/m²."""
    sides = [round(50_000 * side) for pair in (*profiles.DISPLAY_P3, profiles.D65) for side in pair]
    return b"mDCV", struct.pack(">8HII", *sides, 10_000 * light, 1)


# What Chromium 156 draws of a dull colour.
@pytest.mark.parametrize(
    ("said", "due"),
    [
        ([code_points(9, 16)], (229, 98, 44)),
        ([code_points(12, 16)], (206, 109, 46)),
        ([code_points(1, 16)], (194, 114, 61)),
        ([code_points(9, 18)], (133, 90, 67)),
        ([code_points(1, 18)], (118, 93, 70)),
        ([code_points(9, 16), brightest(100)], (255, 136, 64)),
        ([code_points(9, 16), brightest(400)], (255, 121, 56)),
        ([code_points(9, 16), brightest(4000)], (229, 98, 44)),
        ([code_points(9, 16), screen(400)], (255, 121, 56)),
        ([code_points(9, 16), brightest(400), screen(4000)], (255, 121, 56)),
        ([code_points(9, 18), brightest(400)], (163, 112, 83)),
        ([profile(SWAPPED), code_points(9, 16)], (229, 98, 44)),
        ([profile(profiles.rgb(profiles.SRGB, 2.2, (9, 16)))], (229, 98, 44)),
        ([profile(profiles.rgb(profiles.SRGB, 2.2, (1, 13)))], DULL),
    ],
)
def test_light_that_a_screen_has_not_is_dimmed_as_browsers_do(
    shrink: Shrink, said: list[tuple[bytes, bytes]], due: tuple[int, ...]
) -> None:
    body = encode(Image.new("RGB", (64, 64), DULL), formats.PNG)
    body = body[:33] + chunks(*said)[8:] + body[33:]

    assert close(shrink(body, "png").getpixel((32, 32)), due)


@pytest.mark.parametrize(
    ("numbers", "due"),
    [((9, 16), (229, 101, 41)), ((12, 16), (206, 111, 44)), ((9, 18), (132, 91, 66))],
)
def test_light_of_an_avif_is_dimmed_too(
    shrink: Shrink, numbers: tuple[int, int], due: tuple[int, ...]
) -> None:
    body = numbered_avif(Image.new("RGB", (64, 64), DULL), *numbers)

    assert close(shrink(body, "avif").getpixel((32, 32)), due)


def test_a_profile_overrules_the_numbers_of_an_avif(shrink: Shrink) -> None:
    body = numbered_avif(Image.new("RGB", (64, 64), ORANGE), 12, 13, icc_profile=SWAPPED)

    assert close(shrink(body, "avif").getpixel((32, 32)), (35, 90, 201))


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


@pytest.mark.parametrize("kind", [b"tEXt", b"iCCP", b"gAMA", b"pHYs", b"eXIf", b"tRNS"])
def test_a_broken_chunk_that_can_be_missed_loses_no_thumbnail(shrink: Shrink, kind: bytes) -> None:
    body = encode(Image.new("RGB", (400, 200), RED), formats.PNG)
    broken = struct.pack(">I", 3) + kind + b"\1\2\3" + b"none"

    assert near(shrink(body[:33] + broken + body[33:], "png").getpixel((9, 9)), RED)


def test_a_broken_chunk_changes_no_colours(shrink: Shrink) -> None:
    body = encode(Image.new("RGB", (400, 200), (96, 96, 96)), formats.PNG)
    linear = chunks(exponent(1))[8:]
    broken = struct.pack(">I", 3) + b"tEXt" + b"\1\2\3" + b"none"
    sound = shrink(body[:33] + linear + body[33:], "png").getpixel((9, 9))

    assert not near(sound, (96, 96, 96))
    assert near(shrink(body[:33] + broken + linear + body[33:], "png").getpixel((9, 9)), sound)


def test_an_avif_with_transparency_against_the_rules_is_shown_without(shrink: Shrink) -> None:
    """As if the second picture had no size: strict readers ask for it (MIAF, 7.3.6.3)."""
    body = encode(Image.new("RGBA", (64, 64), (255, 0, 0, 128)), formats.AVIF)
    sized, unsized = bytes([0, 2, 4, 1, 5]), bytes([0, 2, 4, 5, 5])
    assert sized in body
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(body.replace(sized, unsized))).load()

    assert near(shrink(body.replace(sized, unsized), "avif").getpixel((9, 9)), RED)


def test_nothing_but_the_picture_is_kept(shrink: Shrink) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    small = shrink(
        encode(Image.new("RGB", (400, 400)), formats.JPEG, exif=exif, icc_profile=b"p" * 9),
        "jpeg",
    )

    assert set(small.info) <= {"loop", "background", "timestamp", "duration"}


def png(width: int, height: int, *rest: tuple[bytes, bytes]) -> bytes:
    """Make a PNG by hand, whatever it says of its size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return chunks((b"IHDR", header), *rest, (b"IEND", b""))


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


@pytest.mark.parametrize(("width", "height"), [(50_001, 1_000), (30_000, 30_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_before_it_is_decoded(shrink: Shrink, width: int, height: int) -> None:
    body = png(width, height, (b"IDAT", zlib.compress(bytes(1 << 20))))

    with pytest.raises(NoThumbnail, match="more than 50 megapixels"):
        shrink(body, "png")


def test_a_bomb_in_an_icon_is_refused(shrink: Shrink) -> None:
    bomb = png(20_000, 20_000, (b"IDAT", zlib.compress(bytes(1 << 20))))
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(bomb), 22)

    with pytest.raises(NoThumbnail):
        shrink(b"\0\0\1\0\1\0" + entry + bomb, "ico")


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


def test_warnings_of_the_decoder_are_not_told(shrink: Shrink) -> None:
    body = bytearray(encode(Image.new("RGB", (9, 9)), formats.TIFF))
    [directory] = struct.unpack_from("<I", body, 4)
    for entry in range(*struct.unpack_from("<H", body, directory)):
        struct.pack_into("<I", body, directory + 2 + 12 * entry + 4, 1 << 20)

    with pytest.raises(NoThumbnail) as told:
        shrink(bytes(body), "tiff")

    assert told.value.detail == "no thumbnail: it is damaged, or of a kind that is not decoded"


@pytest.mark.parametrize("known", thumbnail.DECODERS, ids=lambda known: known.name)
def test_no_other_decoder_than_that_of_the_format_is_tried(
    shrink: Shrink, known: ImageFormat
) -> None:
    other = formats.PNG if known is formats.GIF else formats.GIF
    bodies = [encode(Image.new("RGB", (9, 9)), other), b"%!PS-Adobe-3.0 EPSF-3.0\n", b""]

    for body in bodies:
        with pytest.raises(NoThumbnail, match="damaged"):
            shrink(body, known.name)


def test_a_page_behind_a_picture_does_not_matter(shrink: Shrink) -> None:
    body = encode(Image.new("RGB", (400, 400), RED), formats.GIF) + b"<script>alert(1)</script>"
    small = shrink(body, "gif")

    assert small.size == (320, 320)


@pytest.fixture
def child(
    tmp_path: Path, thumbnailer: Thumbnailer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Put another program in the place of the decoder."""

    def replace(program: str) -> None:
        path = tmp_path / "child.py"
        path.write_text(program)
        monkeypatch.setattr(thumbnail, "CHILD", path)

    thumbnailer.close()
    yield replace
    thumbnailer.close()


Child = Callable[[str], None]


def die_of(number: int) -> str:
    return f"import os; os.kill(os.getpid(), {number})"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGSEGV, "its decoder crashed"),
        (signal.SIGABRT, "its decoder crashed"),
        (signal.SIGXCPU, "too long"),
        (signal.SIGKILL, "too much memory"),
    ],
)
def test_a_decoder_that_dies_takes_nobody_along(
    shrink: Shrink, child: Child, number: int, reason: str
) -> None:
    child(die_of(number))

    with pytest.raises(NoThumbnail, match=reason):
        shrink(b"", "png")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_decoder_that_is_ended_from_outside_is_interrupted(
    shrink: Shrink, child: Child, number: int
) -> None:
    child(f"import signal; signal.signal({number}, signal.SIG_DFL); {die_of(number)}")

    with pytest.raises(Interrupted):
        shrink(b"", "png")


@pytest.mark.parametrize("program", ["import nothing_of_that_name", "raise SystemExit"])
def test_a_decoder_that_is_broken_itself_is_a_fault_of_ours(
    shrink: Shrink, child: Child, program: str
) -> None:
    child(program)

    with pytest.raises(RuntimeError, match=r"nothing_of_that_name|did not answer"):
        shrink(b"", "png")


def test_a_decoder_is_cut_when_the_process_stops(
    tmp_path: Path, child: Child, thumbnailer: Thumbnailer
) -> None:
    path = tmp_path / "pid"
    child(
        "import os, signal, pathlib;"
        f"pathlib.Path({str(path)!r}).write_text(str(os.getpid()));"
        "signal.pause()"
    )

    with pytest.raises(Interrupted), Path(os.devnull).open("rb") as file:
        thumbnailer.make(file, formats.PNG, cut=lambda: path.exists() and bool(path.read_text()))

    assert not Path("/proc", path.read_text()).exists()


def test_a_picture_is_not_to_blame_for_a_decoder_that_dies_while_the_process_stops(
    child: Child, thumbnailer: Thumbnailer
) -> None:
    child(die_of(signal.SIGKILL))

    with pytest.raises(Interrupted), Path(os.devnull).open("rb") as file:
        thumbnailer.make(file, formats.PNG, cut=lambda: True)


# The real program, but what is no PNG is an order to misbehave. Its socket is file 0.
MISBEHAVING = f"""
import os, resource, signal
from importlib.machinery import SourceFileLoader
child = SourceFileLoader("child", {str(thumbnail.CHILD)!r}).load_module()
shrink = child.shrink

def obey(decoder, file):
    order = file.read()
    if order.startswith(bytes([0x89]) + b"PNG"):
        return shrink(decoder, file)
    exec(order, globals())
    raise ValueError

def say(*values):
    os.write(0, child.HEADER.pack(child.NONE, len(repr(values))) + repr(values).encode())
    os._exit(0)

child.shrink = obey
child.main()
"""
CRASH = b"os.kill(os.getpid(), signal.SIGSEGV)"
SOUND = encode(Image.new("RGB", (400, 200), RED), formats.PNG)


@pytest.fixture
def misbehaving(child: Child) -> None:
    child(MISBEHAVING)


def resident() -> int:
    """Return how many bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children() -> list[str]:
    """Return the numbers of the processes that this one has started."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


LATE = "within 1 seconds"


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (CRASH, "its decoder crashed"),
        (b"os.kill(os.getpid(), signal.SIGKILL)", "too much memory"),
        (b"bytes(1 << 30)", "too much memory"),
        (b"os.write(0, b'+' + bytes([255] * 4) + bytes(1 << 16))", "too much memory"),
        (b"os.write(0, b'+' + bytes([0, 0, 0, 9] + [60] * 9))", "too much memory"),
        (b"os.write(0, b'+'); signal.pause()", LATE),
        (b"signal.pause()", LATE),
        (b"os.close(0); signal.pause()", "too much memory"),
        (b"os._exit(0)", "did not answer"),
    ],
)  # fmt: skip
def test_what_ends_the_decoder_costs_one_picture(
    shrink: Shrink, order: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink(SOUND, "png")
    before = resident()
    if reason == LATE:  # another process to try may take longer to start
        monkeypatch.setattr(thumbnail, "SECONDS", 1)
    with pytest.raises(Exception, match=reason):
        shrink(order, "png")
    monkeypatch.undo()
    began = time.monotonic()

    assert shrink(SOUND, "png").size == (320, 160)
    assert time.monotonic() - began < 2
    assert resident() - before < 4 << 20


@pytest.mark.usefixtures("misbehaving")
def test_a_picture_is_not_blamed_for_an_earlier_one(shrink: Shrink) -> None:
    """A decoder that strangers' bytes have broken crashes when it likes."""
    with pytest.raises(NoThumbnail, match="damaged"):
        shrink(b"def shrink(*_): os.kill(os.getpid(), signal.SIGSEGV)", "png")

    assert shrink(SOUND, "png").size == (320, 160)


@pytest.mark.usefixtures("misbehaving")
def test_a_decoder_makes_many_thumbnails(shrink: Shrink) -> None:
    shrink(SOUND, "png")
    before = children()
    for _ in range(10):
        shrink(SOUND, "png")

    assert children() == before


@pytest.mark.parametrize(
    ("bound", "order"),
    [
        ("PICTURES = 1", b""),
        ("LEAK = 1 << 20", b"leak = bytes(1 << 22)"),
        ("LIFETIME = 10", b""),
    ],
)
def test_a_decoder_that_was_used_enough_is_replaced(
    shrink: Shrink, child: Child, bound: str, order: bytes
) -> None:
    child(MISBEHAVING.replace("child.main()", f"child.{bound}; child.main()"))
    shrink(SOUND, "png")
    before = children()
    with pytest.raises(NoThumbnail, match="damaged"):
        shrink(order, "png")

    assert shrink(SOUND, "png").size == (320, 160)
    assert children() != before


def await_end(process: int) -> None:
    """Wait until a process has ended."""
    end = os.pidfd_open(process)
    with selectors.DefaultSelector() as selector:
        selector.register(end, selectors.EVENT_READ)
        assert selector.select(timeout=10)
    os.close(end)


def test_a_decoder_that_nobody_needs_ends(shrink: Shrink, child: Child) -> None:
    before = children()
    child(MISBEHAVING.replace("child.main()", "child.IDLE_SECONDS = 0.01; child.main()"))
    shrink(SOUND, "png")
    for process in set(children()).difference(before):
        await_end(int(process))

    assert shrink(SOUND, "png").size == (320, 160)


def test_a_decoder_that_loops_is_ended(shrink: Shrink, child: Child) -> None:
    child(MISBEHAVING.replace("child.main()", "child.SECONDS = 1; child.main()"))
    shrink(SOUND, "png")

    with pytest.raises(NoThumbnail, match="too long"):
        shrink(b"while True: pass", "png")


@pytest.mark.usefixtures("misbehaving")
def test_the_decoder_is_bounded_and_knows_no_secret(
    shrink: Shrink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNLOADER_API_KEYS", "secret")
    limits = "AS", "CORE", "FSIZE", "CPU"
    said = ", ".join(f"resource.getrlimit(resource.RLIMIT_{name})" for name in limits)
    with pytest.raises(NoThumbnail) as refusal:
        shrink(f"say(dict(os.environ), {said})".encode(), "png")

    assert "secret" not in refusal.value.detail
    assert refusal.value.detail.endswith("(536870912, 536870912), (0, 0), (0, 0), (10, 120))")


@pytest.mark.parametrize("order", [b"", b"signal.pause()"], ids=["idle", "busy"])
def test_the_decoder_ends_with_its_service(tmp_path: Path, order: bytes) -> None:
    program, source = tmp_path / "child.py", tmp_path / "order"
    program.write_text(MISBEHAVING)
    source.write_bytes(order)
    code = f"""
from pathlib import Path
from app.pictures import formats, thumbnail
thumbnail.CHILD = Path({str(program)!r})
def cut():
    print(thumbnailer._child.process.pid, flush=True)
thumbnailer = thumbnail.Thumbnailer()
try:
    with open({str(source)!r}, "rb") as file:
        thumbnailer.make(file, formats.PNG, cut)
except thumbnail.NoThumbnail:
    cut()
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as service:
        assert service.stdout
        decoder = int(service.stdout.readline())
        service.kill()
    await_end(decoder)


def test_no_decoder_is_loaded_into_the_service(tmp_path: Path) -> None:
    code = "import wsgi, sys; assert not [name for name in sys.modules if name.startswith('PIL')]"
    environment = os.environ | {"DOWNLOADER_STORAGE_DIR": f"{tmp_path}"}
    project = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=project, env=environment)
