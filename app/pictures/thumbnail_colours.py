"""Colours of thumbnails, as browsers show them; part of the program that decodes."""

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from PIL import Image, ImageChops, ImageFilter

from app.pictures import thumbnail_hdr

VERSION = 8  # where the first number of its version stands in a profile
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # of profiles, and what Pillow calls them

# Two numbers of ITU-T H.273, of primaries and of transfer, in PNG (neither may be unknown there)
# and in AVIF or HEIC, where a matrix (12) that follows from the primaries makes them void.
PNG_NUMBERS = re.compile(rb"\0\0\0\x04cICP([^\0\x02])([^\0\x02])\0\x01", re.DOTALL)
BOXED_NUMBERS = re.compile(rb"colrnclx\0(.)\0(.)\0[^\14]", re.DOTALL)
PROFILE_NUMBERS = re.compile(rb"cicp\0{4}([^\2])([^\2])\0", re.DOTALL)
# Where red, green and blue lie; what is not here is shown as sRGB.
SRGB = 0.64, 0.33, 0.30, 0.60, 0.15, 0.06
P3 = 0.68, 0.32, 0.265, 0.69, 0.15, 0.06
SMPTE = 0.63, 0.34, 0.31, 0.595, 0.155, 0.07
PRIMARIES = {
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: SMPTE,
    7: SMPTE,
    9: (0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: P3,
    12: P3,
}
EXPONENTS = {4: 2.2, 5: 2.8, 8: 1.0}
OF_2020 = dict.fromkeys((14, 15), 2.4)  # shown as sRGB in AVIF,
VIDEO = OF_2020 | dict.fromkeys((1, 6), 2.4)  # these in profiles, too
PQ, HLG = 16, 18  # transfers of HDR pictures (ITU-R BT.2100)
NEAR = 0.01  # to sRGB's primaries, or to the inverse of its exponent: it is meant

NODES, NODES_OF_LIGHT = 17, 25  # of a side of the table that turns colours
FROM_XYZ = (
    (3.2404542, -1.5371385, -0.4985314),
    (-0.9692660, 1.8760108, 0.0415560),
    (0.0556434, -0.2040259, 1.0572252),
)


def in_srgb(small: Image.Image, info: Mapping[Any, Any], head: bytes) -> Image.Image:
    """Return the colours that a picture means, as browsers do, in RGB or RGBA."""
    alpha = small.getchannel("A") if small.mode in ("LA", "RGBA") else None
    plain = small.convert({"LA": "L", "RGBA": "RGB"}.get(small.mode, small.mode))
    block = info.get("icc_profile") or b""
    said = PNG_NUMBERS.search(head) or PROFILE_NUMBERS.search(block)
    shown = None
    if block and not said:
        with suppress(Exception):  # littleCMS raises what it likes; the picture is sound
            shown = by_profile(plain, block)
    elif found := said or BOXED_NUMBERS.search(head):
        shown = by_hdr(plain.convert("RGB"), found[1][0], found[2][0], head)
    if not shown:
        shown = by_numbers(plain.convert("RGB"), *numbers(info, head))
    if alpha:
        shown.putalpha(alpha)
    return shown


def by_profile(plain: Image.Image, block: bytes) -> Image.Image | None:
    """Return the colours that a profile means, if it is one for these; perceptual, to sRGB."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(io.BytesIO(block))
    space = profile.profile.xcolor_space.strip()
    if space == "RGB" and plain.mode == "L":
        plain = plain.convert("RGB")
    if MODES.get(space) != plain.mode:
        return None
    if space == "CMYK":
        plain = without_black(plain)
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    srgb[VERSION] = 2  # of the fourth, littleCMS would darken what no ink can make darker
    target = ImageCms.ImageCmsProfile(io.BytesIO(srgb))
    return ImageCms.profileToProfile(plain, profile, target, outputMode="RGB")


def without_black(inks: Image.Image) -> Image.Image:
    """Return inks with the black mixed into the others, as Chromium has them for a profile."""
    mixed = ImageChops.invert(inks.convert("RGB"))
    return Image.merge("CMYK", (*mixed.split(), Image.new("L", inks.size)))


def numbers(info: Mapping[Any, Any], head: bytes) -> tuple[float | None, Sequence[float] | None]:
    """Return the exponent of light and the primaries, where a picture says that it is not sRGB.

    In this order they overrule each other (PNG, third edition, 4.3): cICP, sRGB, gAMA with cHRM.
    Those of a profile overrule the rest of it.
    """
    if found := PNG_NUMBERS.search(head):
        return (EXPONENTS | VIDEO).get(found[2][0]), PRIMARIES.get(found[1][0])
    if found := PROFILE_NUMBERS.search(info.get("icc_profile") or b""):
        return (EXPONENTS | OF_2020).get(found[2][0]), PRIMARIES.get(found[1][0])
    if found := BOXED_NUMBERS.search(head):
        return EXPONENTS.get(found[2][0]), PRIMARIES.get(found[1][0])
    if "srgb" in info or not info.get("gamma"):
        return None, None
    return 1 / info["gamma"], info.get("chromaticity", ())[2:]


def by_numbers(
    shown: Image.Image, exponent: float | None, primaries: Sequence[float] | None
) -> Image.Image:
    """Return the colours that an exponent and primaries mean."""
    if exponent and abs(1 / exponent - 1 / 2.2) > NEAR:
        table = [round(255 * encoded((value / 255) ** exponent)) for value in range(256)]
        shown = shown.point(table * 3)
    if primaries and any(abs(a - b) > NEAR for a, b in zip(primaries, SRGB, strict=True)):
        with suppress(ZeroDivisionError):  # they are none
            rows = to_srgb(primaries)

            def turned(*colour: float) -> tuple[float, ...]:
                return tuple(map(encoded, product(rows, map(decoded, colour))))

            shown = shown.filter(ImageFilter.Color3DLUT.generate(NODES, turned))
    return shown


def by_hdr(shown: Image.Image, primaries: int, transfer: int, head: bytes) -> Image.Image | None:
    """Return the colours of a picture whose numbers mean an amount of light; None for others."""
    if transfer not in (PQ, HLG):
        return None
    of_colour, peak = thumbnail_hdr.TRANSFERS[transfer], thumbnail_hdr.peak(head)
    rows = to_srgb(PRIMARIES.get(primaries, SRGB))

    def turned(*colour: float) -> tuple[float, ...]:
        amounts = thumbnail_hdr.tone_mapped(of_colour(*colour), peak)
        return tuple(map(encoded, product(rows, amounts)))

    return shown.filter(ImageFilter.Color3DLUT.generate(NODES_OF_LIGHT, turned))


def to_srgb(primaries: Sequence[float]) -> list[tuple[float, ...]]:
    """Return the matrix that makes amounts of light of these primaries such of sRGB's."""
    columns = []
    for x, y in zip(primaries[::2], primaries[1::2], strict=True):
        absolute = x / y, 1.0, (1 - x - y) / y
        columns.append(product(FROM_XYZ, absolute))
    red, green, blue = columns
    white = 1.0, 1.0, 1.0  # stays what it is
    whole = determinant(red, green, blue)
    amounts = (
        determinant(white, green, blue) / whole,
        determinant(red, white, blue) / whole,
        determinant(red, green, white) / whole,
    )
    return [tuple(map(float.__mul__, row, amounts)) for row in zip(*columns, strict=True)]


def product(rows: Sequence[Sequence[float]], light: Iterable[float]) -> list[float]:
    """Return amounts of red, green and blue light, turned by a matrix."""
    red, green, blue = light
    return [x * red + y * green + z * blue for x, y, z in rows]


def determinant(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    """Return that of a matrix of three columns."""
    return (
        a[0] * (b[1] * c[2] - b[2] * c[1])
        - b[0] * (a[1] * c[2] - a[2] * c[1])
        + c[0] * (a[1] * b[2] - a[2] * b[1])
    )


def encoded(light: float) -> float:
    """Return the value for an amount of light in sRGB (IEC 61966-2-1), also outside of 0 to 1."""
    amount = abs(light)
    value = 12.92 * amount if amount <= 0.0031308 else 1.055 * amount ** (1 / 2.4) - 0.055
    return math.copysign(value, light)


def decoded(value: float) -> float:
    """Return the amount of light for a value of sRGB, 0 to 1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
