"""Colours of thumbnails, beside what Chromium draws."""

import struct
import zlib

import pytest
from PIL import Image

from app.pictures import formats
from app.pictures.formats import BY_NAME
from tests import profiles
from tests.pictures.conftest import Shrink
from tests.pictures.encoding import ORANGE, close, described, encode, exponent
from tests.pictures.exif import chunk

GREY, INK = 100, (180, 60, 20, 30)
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


def primaries(red_green_blue: tuple[profiles.Pair, ...]) -> bytes:
    sides = [round(100_000 * side) for pair in (profiles.D65, *red_green_blue) for side in pair]
    return chunk(b"cHRM", struct.pack(">8I", *sides))


def code_points(of_primaries: int, of_transfer: int, full: int = 1) -> bytes:
    return chunk(b"cICP", bytes((of_primaries, of_transfer, 0, full)))


def profile(content: bytes) -> bytes:
    return chunk(b"iCCP", b"p\0\0" + zlib.compress(content))


def numbered(of_primaries: int, of_transfer: int) -> bytes:
    """Write a profile that has other primaries than its numbers say."""
    return profile(profiles.rgb(profiles.SWAPPED, 2.2, (of_primaries, of_transfer)))


STANDARD = chunk(b"sRGB", b"\0")


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
    shrink: Shrink, said: list[bytes], due: tuple[int, ...], mode: str
) -> None:
    picture = Image.new("RGB", (64, 64), ORANGE)
    body = encode(picture.quantize(2) if mode == "P" else picture.convert(mode), formats.PNG)

    assert close(shrink(described(body, *said), "png").getpixel((32, 32)), due)


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


def brightest(light: int) -> bytes:
    """Say the most light of a picture, in cd/m²."""
    return chunk(b"cLLI", struct.pack(">II", 10_000 * light, 0))


def screen(light: int) -> bytes:
    """Say the most light of its maker's screen, in cd/m²."""
    sides = [round(50_000 * side) for pair in (*profiles.DISPLAY_P3, profiles.D65) for side in pair]
    return chunk(b"mDCV", struct.pack(">8HII", *sides, 10_000 * light, 1))


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
    shrink: Shrink, said: list[bytes], due: tuple[int, ...]
) -> None:
    body = encode(Image.new("RGB", (64, 64), DULL), formats.PNG)

    assert close(shrink(described(body, *said), "png").getpixel((32, 32)), due)


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
