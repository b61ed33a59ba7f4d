"""Pictures made by Pillow or by hand, and what is near a colour."""

import io
import struct
import zlib

import pillow_heif
import pillow_jxl  # noqa: F401  # to encode
from PIL import Image

from app.pictures import formats
from app.pictures.formats import ImageFormat

pillow_heif.register_heif_opener()

RED, GREEN, ORANGE = (255, 0, 0), (0, 255, 0), (200, 90, 40)


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


def png(width: int, height: int, *rest: tuple[bytes, bytes]) -> bytes:
    """Make a PNG by hand, whatever it says of its size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return chunks((b"IHDR", header), *rest, (b"IEND", b""))


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def exponent(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(100_000 * value))
