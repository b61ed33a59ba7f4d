"""Tone mapping of HDR pictures (ITU-R BT.2100) for screens; part of the program that decodes.

Amounts of light are shares of white, which is 203 cd/m² (ITU-R BT.2408).
"""

import math
import re
from collections.abc import Sequence

WHITE = 203  # cd/m²
USUAL_PEAK = 1000  # cd/m², where a picture does not say how bright it becomes
# What says it in PNG and in boxes, as MaxCLL or by the screen of its maker, and in parts of cd/m².
PEAKS = (
    (re.compile(rb"\0\0\0\x08cLLI(.{4})", re.DOTALL), 10_000),
    (re.compile(rb"\0\0\0\x0cclli(..)", re.DOTALL), 1),
    (re.compile(rb"\0\0\0[\x18\x20]m[Dd][Cc][Vv].{16}(.{4})", re.DOTALL), 10_000),
)
PROMINENCE = 0.65  # of the corner which the curve rounds


def peak(head: bytes) -> float:
    """Return the most light that a picture is said to have."""
    for pattern, parts in PEAKS:
        if (found := pattern.search(head)) and (value := int.from_bytes(found[1])):
            return max(1.0, value / parts / WHITE)
    return USUAL_PEAK / WHITE


def pq(*colour: float) -> list[float]:
    """Return the light of the perceptual quantizer (BT.2100-2, table 4)."""
    amounts = []
    for value in colour:
        power = value ** (32 / 2523)
        light = max(0.0, power - 0.8359375) / (18.8515625 - 18.6875 * power)
        amounts.append(10_000 / WHITE * light ** (8192 / 1305))
    return amounts


def hlg(*colour: float) -> list[float]:
    """Return the light of hybrid log-gamma (BT.2100-2, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    red, green, blue = scene = [
        value**2 / 3 if value <= 0.5 else (math.exp((value - c) / a) + b) / 12 for value in colour
    ]
    luminance = 0.2627 * red + 0.678 * green + 0.0593 * blue
    return [USUAL_PEAK / WHITE * luminance**0.2 * part for part in scene]


TRANSFERS = {16: pq, 18: hlg}  # by their numbers in ITU-T H.273


def tone_mapped(amounts: Sequence[float], peak: float) -> list[float]:
    """Return the light that a screen gives, as Chromium 156 does, by the brightest channel.

    Up to white it shrinks evenly, to a half at the most; from there to the peak it follows a
    quadratic Bézier curve, which begins without a bend.
    """
    if peak <= 1:
        return [*amounts]
    white = 1 - min(1.0, math.log(peak) / math.log(USUAL_PEAK / WHITE)) / 2
    brightest = max(amounts)
    if brightest <= 1:
        return [amount * white for amount in amounts]
    corner = 1 - PROMINENCE + PROMINENCE / white
    once, twice = 2 * (corner - 1), 1 + peak - 2 * corner
    over = min(brightest, peak) - 1
    at = 2 * over / (once + math.sqrt(once**2 + 4 * twice * over)) if over else 0.0
    top = white * (1 - at) ** 2 + 2 * white * corner * at * (1 - at) + at**2
    return [amount * top / brightest for amount in amounts]
