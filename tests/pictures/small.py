"""GIF, WebP, BMP and ICO files with headers of every kind."""

import io
import struct
from collections.abc import Iterator, Sequence

from PIL import Image

from app.pictures.formats import BMP, GIF, ICO, WEBP
from tests.pictures.cases import Case, drawn
from tests.pictures.exif import SIX


def gif(
    screen: tuple[int, int] = (60, 40), corner: tuple[int, int] = (0, 0), extra: bytes = b""
) -> bytes:
    """Write a picture of 60 × 40 pixels at a corner of a screen."""
    written = drawn("GIF")
    table = 13 + (3 << (written[10] & 7) + 1)
    mark = written.index(b",", table)
    return b"".join(
        (
            b"GIF89a",
            struct.pack("<HH", *screen),
            written[10:table],
            extra,
            b",",
            struct.pack("<HH", *corner),
            written[mark + 5 :],
        )
    )


def small_frame_first() -> bytes:
    """Write a frame of 4 × 4 pixels before that of 60 × 40."""
    file = io.BytesIO()
    Image.new("P", (4, 4)).save(file, "GIF")
    small = file.getvalue()
    mark = small.index(b",", 13 + (3 << (small[10] & 7) + 1))
    return gif(screen=(10, 10), extra=small[mark:-1])


def chunks(webp: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(webp):
        kind, length = struct.unpack_from("<4sI", webp, at)
        yield kind, webp[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    data = b"".join(
        struct.pack("<4sI", kind, len(content)) + content + b"\0" * (len(content) % 2)
        for kind, content in parts
    )
    return b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data


def extended(flags: int, width: int = 60, height: int = 40) -> tuple[bytes, bytes]:
    sides = b"".join(struct.pack("<I", side - 1)[:3] for side in (width, height))
    return b"VP8X", bytes([flags, 0, 0, 0]) + sides


def scaled() -> bytes:
    """Write a VP8 whose sides ask for scaling, in two bits each (RFC 6386, 9.1)."""
    written = bytearray(drawn("WEBP"))
    at = written.index(b"\x9d\x01\x2a")
    written[at + 4] |= 0xC0
    written[at + 6] |= 0x40
    return bytes(written)


def turned(*, lossless: bool) -> bytes:
    """Write a WebP whose EXIF says 6, which browsers pass over."""
    *_, picture = chunks(drawn("WEBP", lossless=lossless))
    return riff(extended(8), picture, (b"EXIF", SIX))


def dib(width: int, height: int, length: int = 40, bits: int = 24) -> bytes:
    """Write the header of a bitmap, of any length."""
    if length == 12:
        return struct.pack("<IHHHH", 12, width, height, 1, bits)
    header = struct.pack("<IiiHHIIiiII", length, width, height, 1, bits, 0, 0, 2835, 2835, 0, 0)
    return header[:length].ljust(length, b"\0")


def bmp(width: int = 60, height: int = 40, length: int = 40) -> bytes:
    header = dib(width, height, length)
    pixels = bytes(-(-width * 3 // 4) * 4 * abs(height))
    total, start = 14 + len(header) + len(pixels), 14 + len(header)
    return b"BM" + struct.pack("<III", total, 0, start) + header + pixels


def bitmap(side: int) -> bytes:
    """Write a picture of an icon: a bitmap of twice its height, and a mask."""
    return dib(side, 2 * side, bits=32) + bytes(4 * side * side) + bytes(-(-side // 32) * 4 * side)


def png(side: int) -> bytes:
    return drawn("PNG", (side, side))


def icon(
    *pictures: tuple[int, bytes],
    kind: int = 1,
    reserved: int = 0,
    planes: int = 1,
    bits: Sequence[int] = (),
) -> bytes:
    """Write a directory that says one side and the bits of every picture, and the pictures."""
    directory, data = struct.pack("<HHH", 0, kind, len(pictures)), b""
    for (side, picture), depth in zip(pictures, bits or [32] * len(pictures), strict=True):
        at = 6 + 16 * len(pictures) + len(data)
        directory += struct.pack(
            "<BBBBHHII", side % 256, side % 256, 0, reserved, planes, depth, len(picture), at
        )
        data += picture
    return directory + data


_COMMENTS = b"!\xfe\5hello\0" * 3

CASES = [
    Case("plain", GIF, gif(), (60, 40)),
    Case("screen too small", GIF, gif(screen=(10, 10)), (60, 40)),
    Case("screen too narrow", GIF, gif(screen=(10, 100)), (60, 100)),
    Case("screen of nothing", GIF, gif(screen=(0, 0)), (60, 40)),
    Case("screen too large", GIF, gif(screen=(100, 90)), (100, 90)),
    Case("frame beyond the screen", GIF, gif(corner=(5, 7)), (65, 47)),
    Case("frame beyond one side", GIF, gif(screen=(62, 80), corner=(5, 7)), (65, 80)),
    Case("comments before the frame", GIF, gif(screen=(10, 10), extra=_COMMENTS), (60, 40)),
    Case("second frame beyond the screen", GIF, small_frame_first(), (10, 10)),
    Case("screen without a frame", GIF, gif()[:13], (60, 40), "GIF89a, 18"),
    Case("lossy", WEBP, drawn("WEBP"), (60, 40)),
    Case("lossless", WEBP, drawn("WEBP", lossless=True), (60, 40)),
    Case("scaled", WEBP, scaled(), (60, 40)),
    Case("lossy with EXIF", WEBP, turned(lossless=False), (60, 40)),
    Case("lossless with EXIF", WEBP, turned(lossless=True), (60, 40)),
    Case(
        "animated",
        WEBP,
        drawn("WEBP", save_all=True, append_images=[Image.new("RGB", (60, 40))]),
        (60, 40),
    ),
    Case(
        "large canvas",
        WEBP,
        riff(extended(2, 1 << 24, 1 << 24)),
        (1 << 24, 1 << 24),
        "RFC 9649, 2.7",
    ),
    *(
        Case(f"header of {n} bytes", BMP, bmp(length=n), (60, 40))
        for n in (12, 16, 20, 24, 28, 32, 36, 40, 42, 44, 46, 48, 52, 56, 60, 64, 108, 124)
    ),
    *(
        Case(f"top-down, header of {n} bytes", BMP, bmp(height=-40, length=n), (60, 40))
        for n in (16, 40, 64, 124)
    ),
    Case("sides above 32,767 in 12 bytes", BMP, bmp(40_000, 1, length=12), (40_000, 1)),
    Case("one bitmap", ICO, icon((16, bitmap(16))), (16, 16)),
    Case(
        "several bitmaps", ICO, icon((16, bitmap(16)), (48, bitmap(48)), (32, bitmap(32))), (48, 48)
    ),
    Case(
        "wider than high",
        ICO,
        drawn("ICO", (31, 17), sizes=[(31, 17)], bitmap_format="bmp"),
        (31, 17),
    ),
    Case("a PNG of 256", ICO, icon((16, bitmap(16)), (256, png(256))), (256, 256)),
    Case("a PNG of 512", ICO, icon((0, png(512))), (256, 256)),
    Case("a PNG of 512 beside another", ICO, icon((16, bitmap(16)), (0, png(512))), (256, 256)),
    Case("a bitmap of 300", ICO, icon((0, bitmap(300))), (256, 256)),
    Case("one of an unknown kind", ICO, icon((0, b"damaged" * 90)), (256, 256)),
    Case("a JPEG", ICO, icon((60, drawn("JPEG"))), (60, 60)),
    Case("reserved 255", ICO, icon((16, bitmap(16)), reserved=255), (16, 16)),
    Case("reserved 7", ICO, icon((16, bitmap(16)), reserved=7), (16, 16)),
    Case("cursor", ICO, icon((32, bitmap(32)), kind=2, reserved=9, planes=300), (32, 32)),
    Case("cursor of several", ICO, icon((32, bitmap(32)), (48, bitmap(48)), kind=2), (48, 48)),
    Case("cursor of a PNG", ICO, icon((32, png(32)), kind=2, planes=5), (32, 32)),
    Case("directory that lies", ICO, icon((16, bitmap(32))), (16, 16)),
    Case("directory that lies of a PNG", ICO, icon((16, png(32))), (16, 16)),
    Case("largest damaged", ICO, icon((48, b"damaged" * 90), (16, bitmap(16))), (48, 48)),
    Case(
        "largest missing",
        ICO,
        icon((48, bitmap(48)), (16, bitmap(16)))[:40],
        (48, 48),
        "the directory",
    ),
    Case(
        "a gap before the picture",
        ICO,
        icon((16, bytes(18) + bitmap(16))),
        (16, 16),
        "the directory",
    ),
]
