"""Pictures made by Pillow or by hand, and what is near a colour."""

import struct
import zlib

import pillow_heif
import pillow_jxl  # noqa: F401  # to encode
from PIL import Image

from app.pictures import formats
from app.pictures.formats import ImageFormat
from tests.pictures import cases
from tests.pictures.exif import chunk

pillow_heif.register_heif_opener()

RED, GREEN, ORANGE = (255, 0, 0), (0, 255, 0), (200, 90, 40)


def encode(picture: Image.Image, known: ImageFormat, **options: object) -> bytes:
    return cases.encode(picture, "heif" if known is formats.HEIC else known.name, **options)


def near(pixel: object, colour: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(have - want) < 40 for have, want in zip(pixel, colour, strict=False))


def close(pixel: object, colour: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return sum(abs(have - want) for have, want in zip(pixel, colour, strict=False)) / 3 <= 6


def png(width: int, height: int, depth: int, kind: int, *rest: bytes) -> bytes:
    """Make a PNG by hand, of a depth in bits and a kind of colours, with the rest of its chunks."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = chunk(b"IHDR", header), *rest, chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pixels(rows: bytes) -> bytes:
    return chunk(b"IDAT", zlib.compress(rows))


def described(body: bytes, *chunks: bytes) -> bytes:
    """Put chunks behind the header of a PNG."""
    return body[:33] + b"".join(chunks) + body[33:]


def exponent(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(100_000 * value)))
