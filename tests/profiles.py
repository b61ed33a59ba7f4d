"""Colour profiles, as small as they can be (ICC.1:2001-04)."""

import struct
from collections.abc import Iterable
from functools import cache
from itertools import product

Pair = tuple[float, float]
Matrix = list[list[float]]

D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SWAPPED = (SRGB[2], SRGB[1], SRGB[0])  # shows by its colours whether it was read

D50_XYZ = (0.9642, 1.0, 0.8249)
BRADFORD = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]


def rgb(primaries: Iterable[Pair], gamma: float = 2.2, numbers: tuple[int, ...] = ()) -> bytes:
    """Return a profile of a screen whose white is D65, with the two numbers of ITU-T H.273."""
    columns = _adapted([_xyz(*pair) for pair in primaries])
    curve = _curve(gamma)
    tags = {
        f"{name}XYZ".encode(): _xyz_tag(column) for name, column in zip("rgb", columns, strict=True)
    }
    tags |= {f"{name}TRC".encode(): curve for name in "rgb"}
    if numbers:  # ICC.1:2022, 9.2.17
        tags[b"cicp"] = b"cicp" + bytes((0, 0, 0, 0, *numbers, 0, 1))
    return _profile(b"mntr", b"RGB ", b"XYZ ", {b"wtpt": _xyz_tag(D50_XYZ), **tags})


def grey(gamma: float) -> bytes:
    """Return a profile of grey alone."""
    tags = {b"wtpt": _xyz_tag(D50_XYZ), b"kTRC": _curve(gamma)}
    return _profile(b"mntr", b"GRAY", b"XYZ ", tags)


def cmyk() -> bytes:
    """Return a profile of dull inks: each of them, alone and with others, by its colour in Lab."""
    inks = [(0.0, 0.55, 0.75), (0.8, 0.1, 0.45), (0.95, 0.85, 0.1), (0.15, 0.15, 0.15)]
    nodes = b""
    for amounts in product((0, 0.25, 0.5, 0.75, 1), repeat=4):
        colour = [1.0, 1.0, 1.0]
        for ink, amount in zip(inks, amounts, strict=True):
            colour = [
                mixed * (1 - amount * (1 - part)) for mixed, part in zip(colour, ink, strict=True)
            ]
        nodes += bytes(_lab(colour))
    straight = bytes(range(256))
    identity = b"".join(struct.pack(">i", 65536 * (n in (0, 4, 8))) for n in range(9))
    table = struct.pack(">4s4xBBBx", b"mft1", 4, 3, 5) + identity + straight * 4
    tags = {b"wtpt": _xyz_tag(D50_XYZ), b"A2B0": table + nodes + straight * 3}
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I2s79x", 2, b"t\0"), **tags}
    at = 128 + 4 + 12 * len(tags)
    directory, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        directory += struct.pack(">4sII", name, at + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    light = b"".join(struct.pack(">i", round(value * 65536)) for value in D50_XYZ)
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x",
        *(at + len(data), 0x02100000, kind, space, connection, b"acsp", light),
    )
    return header + directory + data


def _xyz_tag(value: Iterable[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(part * 65536)) for part in value)


def _curve(gamma: float) -> bytes:
    return struct.pack(">4s4xIHxx", b"curv", 1, round(gamma * 256))


def _xyz(x: float, y: float) -> list[float]:
    return [x / y, 1.0, (1 - x - y) / y]


def _times(matrix: Matrix, vector: Iterable[float]) -> list[float]:
    values = list(vector)
    return [sum(a * b for a, b in zip(row, values, strict=True)) for row in matrix]


def _inverse(m: Matrix) -> Matrix:
    def minor(row: int, column: int) -> float:
        (a, b), (c, d) = ([m[(row + i) % 3][(column + j) % 3] for j in (1, 2)] for i in (1, 2))
        return a * d - b * c

    determinant = sum(m[0][column] * minor(0, column) for column in range(3))
    return [[minor(row, column) / determinant for row in range(3)] for column in range(3)]


def _adapted(columns: Matrix) -> Matrix:
    """Scale the colours so that their sum is white, and see them in the light of D50."""
    white = _xyz(*D65)
    rows = [list(row) for row in zip(*columns, strict=True)]
    strengths = _times(_inverse(rows), white)
    ratios = [
        new / old
        for new, old in zip(_times(BRADFORD, D50_XYZ), _times(BRADFORD, white), strict=True)
    ]
    adapted = []
    for column, strength in zip(columns, strengths, strict=True):
        cones = _times(BRADFORD, [strength * part for part in column])
        adapted.append(
            _times(_inverse(BRADFORD), [a * b for a, b in zip(cones, ratios, strict=True)])
        )
    return adapted


@cache
def _linear_srgb() -> Matrix:
    """Return what turns linear sRGB into XYZ."""
    columns = _adapted([_xyz(*pair) for pair in SRGB])
    return [list(row) for row in zip(*columns, strict=True)]


def _lab(linear: Iterable[float]) -> tuple[int, int, int]:
    """Return linear sRGB as Lab in bytes."""
    xyz = _times(_linear_srgb(), linear)
    x, y, z = (
        ratio ** (1 / 3) if ratio > 0.008856 else 7.787 * ratio + 16 / 116
        for ratio in (part / white for part, white in zip(xyz, D50_XYZ, strict=True))
    )
    return round((116 * y - 16) * 2.55), round(500 * (x - y) + 128), round(200 * (y - z) + 128)
