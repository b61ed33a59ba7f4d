"""Colours of thumbnails, as browsers show them; part of the program that decodes."""

import io
import math
from contextlib import suppress

from PIL import Image

NEAR_SRGB = 0.01  # a gAMA so near to 1 / 2.2 means sRGB
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # of profiles, and what Pillow calls them


def gamma(picture: Image.Image) -> float | None:
    """Return the exponent of a PNG's gAMA, unless sRGB overrules it (PNG, third edition, 4.3)."""
    return None if "srgb" in picture.info else picture.info.get("gamma")


def in_srgb(small: Image.Image, block: bytes | None, gamma: float | None) -> Image.Image:
    """Return the colours that a profile or an exponent means, as browsers do, in RGB or RGBA."""
    alpha = small.getchannel("A") if small.mode in ("LA", "RGBA") else None
    plain = small.convert({"LA": "L", "RGBA": "RGB"}.get(small.mode, small.mode))
    shown = plain.convert("RGB")
    if block:
        with suppress(Exception):  # littleCMS raises what it likes; the picture is sound
            shown = by_profile(plain, block) or shown
    elif gamma and abs(gamma - 1 / 2.2) > NEAR_SRGB:
        shown = shown.point([srgb((value / 255) ** (1 / gamma)) for value in range(256)] * 3)
    if alpha:
        shown.putalpha(alpha)
    return shown


def srgb(light: float) -> int:
    """Return the byte for an amount of light, 0 to 1 (IEC 61966-2-1)."""
    if light <= 0.0031308:
        return round(255 * 12.92 * light)
    return round(255 * (1.055 * math.pow(light, 1 / 2.4) - 0.055))


def by_profile(plain: Image.Image, block: bytes) -> Image.Image | None:
    """Return the colours that a profile means, if it is one for these; perceptual, to sRGB."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(io.BytesIO(block))
    space = profile.profile.xcolor_space.strip()
    if space == "RGB" and plain.mode == "L":
        plain = plain.convert("RGB")
    if MODES.get(space) != plain.mode:
        return None
    srgb = ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(plain, profile, srgb, outputMode="RGB")
