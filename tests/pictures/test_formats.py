"""What a file is, by its bytes; its dimensions, by its header."""

import io
import struct

import pytest

from app.errors import NotAnImage
from app.pictures import formats, sizes
from app.pictures.formats import AVIF, BMP, GIF, HEIC, ICO, JPEG, PNG, TIFF, WEBP, ImageFormat
from tests.pictures.cases import drawn


def png_head(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\2\0\0\0"


def ico(*pictures: bytes) -> bytes:
    """Write an ICO whose directory says 16 × 16 of every picture."""
    directory, data = struct.pack("<HHH", 0, 1, len(pictures)), b""
    for one in pictures:
        at = 6 + 16 * len(pictures) + len(data)
        directory += struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(one), at)
        data += one
    return directory + data


def dib(width: int, height: int) -> bytes:
    return struct.pack("<Iii", 40, width, height).ljust(40, b"\0")


def measured(content: bytes, known: ImageFormat) -> tuple[int, int] | str | None:
    """Return the sides that are shown, None if they are unknown, or what is refused."""
    try:
        size = sizes.measure(io.BytesIO(content), known)
    except NotAnImage as refusal:
        return refusal.detail
    return size and (size.width, size.height)


def damaged(known: ImageFormat) -> str:
    return f"not an image: {known.name} with a damaged header"


MEASURED = [
    (GIF, b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0), (65535, 65535)),
    (PNG, png_head(2**31 - 1, 2**31 - 1), (2**31 - 1, 2**31 - 1)),
    (PNG, png_head(0, 17), damaged(PNG)),
    (PNG, png_head(31, 17)[:20], damaged(PNG)),
    (PNG, png_head(31, 17).replace(b"IHDR", b"CgBI"), None),
    (BMP, b"BM".ljust(14, b"\0") + dib(-31, 17), damaged(BMP)),
    (BMP, b"BM".ljust(14, b"\0") + b"\x28\0\0\0", damaged(BMP)),
    (ICO, ico(png_head(1, 17)[:20]), (16, 16)),
    (ICO, b"\0\0\1\0\xff\xff" + bytes(4000), damaged(ICO)),
    (ICO, b"\0\0\1\0\xff\xff" + bytes(1 << 20), None),
    (JPEG, b"\xff\xd8\xff\xe0" + b"\xff" * 100, damaged(JPEG)),
    (JPEG, b"\xff\xd8" + b"\xff\xe1\xff\xff".ljust(65_537, b"x") * 20, damaged(JPEG)),
    (WEBP, b"RIFF\0\0\0\0WEBPVP8X", damaged(WEBP)),
    (AVIF, b"\0\0\0\x18ftypavif".ljust(24, b"\0") + b"\x7f\xff\xff\xffmeta", None),
    (TIFF, b"II*\0\xff\xff\xff\xff", damaged(TIFF)),
]


@pytest.mark.parametrize(("known", "content", "size"), MEASURED)
def test_a_strange_header_is_measured_as_it_says_or_not_at_all(
    known: ImageFormat, content: bytes, size: tuple[int, int] | str | None
) -> None:
    assert measured(content, known) == size


IMPOSTORS = [
    (b"<!DOCTYPE html><svg></svg>", "HTML"),
    (b"\n <HTML>", "HTML"),
    (b"<!-- <svg> --><html>", "HTML"),
    (b"<?xml version='1.0'?><html xmlns='x'>", "HTML"),
    (b"<script>alert(1)</script>", "HTML"),
    (b"<?xml version='1.0'?><rss>", "XML"),
    (b"<svgfoo>", "XML"),
    (b"<!-- <svg", "XML"),
    (b"%PDF-1.7", "PDF"),
    (b"junk first\n%PDF-1.7", "PDF"),
    (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b\x08", "a compressed file"),
    (b"7z\xbc\xaf\x27\x1c", "a compressed file"),
    (b"Rar!\x1a\x07", "a compressed file"),
    (b"MZ\x90\0", "an executable"),
    (b"\x7fELF\x02", "an executable"),
    (b"\xcf\xfa\xed\xfe", "an executable"),
    (b"#!/bin/sh\n", "an executable"),
    (b"\0\0\0\x18ftypisom", "video or sound"),
    (b"\x1a\x45\xdf\xa3", "video or sound"),
    (b"RIFF\0\0\0\0AVI ", "video or sound"),
    (b"\0\0\0\x0cJXL \r\r\n", "unknown bytes"),
    (b'{"error": "not found"}', "text"),
    (b"BMW is a car and no bitmap at all", "text"),
    ("ein schöner Text".encode(), "text"),
    (b"", "empty"),
    (b"\0", "unknown bytes"),
    (b"\0\0\1\0\0\0", "unknown bytes"),
    (b"\0\0\2\0\1\0" + bytes(16), "unknown bytes"),
    (b"\0\0\2\0" + bytes(8) + b"\x40\0\x40\0\x18\0" + bytes(99), "unknown bytes"),
    (b"\0\0\1\xb3\x16\0\xf0\x15" + bytes(99), "unknown bytes"),
    (b"\xff\xd8\0", "unknown bytes"),
    (b"\x89PNG\n\x1a\n", "unknown bytes"),
    (b"BM" + bytes(30), "unknown bytes"),
]


@pytest.mark.parametrize(("content", "name"), IMPOSTORS)
def test_an_impostor_is_no_image_and_is_called_by_its_name(content: bytes, name: str) -> None:
    assert formats.sniff(content) is None
    assert formats.describe(content) == name


POLYGLOTS = [
    (GIF, b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)//"),
    (PNG, png_head(31, 17) + b"<html><script>alert(1)</script>%PDF-1.7 PK\x03\x04"),
    (JPEG, b"\xff\xd8\xff\xfe\0\x20%PDF-1.7<svg>"),
    (BMP, b"BM" + b"<html>".ljust(12) + dib(31, 17)),
]


@pytest.mark.parametrize(("known", "content"), POLYGLOTS)
def test_a_polyglot_is_what_its_first_bytes_say(known: ImageFormat, content: bytes) -> None:
    assert formats.sniff(content) is known


def test_formats_are_found_by_name_and_by_type() -> None:
    for known in formats.FORMATS:
        assert formats.BY_NAME[known.name] is formats.BY_CONTENT_TYPE[known.content_type] is known


class Counting(io.BytesIO):
    """A file that counts what is read of it."""

    total = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.total += len(data)
        return data


def test_a_header_cannot_have_a_whole_file_read() -> None:
    lengths = [struct.pack(">I", (60 << 20) - at) for at in (0, 12, 20)]
    boxes = lengths[0] + b"meta" + bytes(4) + lengths[1] + b"iprp" + lengths[2] + b"ipma"
    file = Counting((b"\0\0\0\x10ftypavif" + bytes(4) + boxes).ljust((60 << 20) + 16, b"\0"))
    assert formats.sniff(file.getvalue()[:100]) is AVIF
    assert sizes.measure(file, AVIF) is None
    assert file.total < 2 << 20


def test_brands_are_read_within_their_box_alone() -> None:
    box = b"\0\0\0\x10ftypisom\0\0\0\0"

    assert formats.sniff(box + b"avif" * 9) is None
    assert formats.sniff(b"\0\0\0\x14" + box[4:] + b"avif") is AVIF


def box(kind: bytes, *brands: bytes) -> bytes:
    """Make the first box of a file: its main brand, a version, and brands it is compatible with."""
    content = b"ftyp" + kind + b"".join(brands)
    return (4 + len(content)).to_bytes(4) + content


@pytest.mark.parametrize("place", [1, 2, 3])
def test_any_brand_of_a_box_counts_but_its_version(place: int) -> None:
    brands = [b"\0\0\0\0", b"isom", b"iso2", b"iso3"]
    brands[place] = b"avif"

    assert formats.sniff(box(b"isom", *brands)) is AVIF
    assert formats.sniff(box(b"isom", b"avif", b"iso2")) is None


def test_mif3_names_its_codec_where_others_have_a_version() -> None:
    assert formats.sniff(box(b"mif3", b"avif")) is AVIF
    assert formats.sniff(box(b"mif3", b"heic")) is HEIC
    assert formats.sniff(box(b"mif3", b"vvic")) is None


def test_a_cursor_is_an_icon_and_a_directory_without_pictures_is_none() -> None:
    icon = drawn("ICO", (31, 17), sizes=[(31, 17)])

    assert formats.sniff(b"\0\0\2\0" + icon[4:]) is ICO
    assert formats.sniff(icon[:4] + b"\0\0" + icon[6:]) is None
    too_early = (6 + 16 - 1).to_bytes(4, "little")
    assert formats.sniff(icon[:18] + too_early + icon[22:]) is None
    far = (1 << 30).to_bytes(4, "little")
    assert formats.sniff(icon[:18] + far + icon[22:]) is ICO
    assert formats.sniff(icon[:4] + b"\x02\0" + icon[6:18] + b"\x16\0\0\0" + icon[22:]) is None


def test_brands_begin_at_every_fourth_byte() -> None:
    assert formats.sniff(box(b"isom", b"\0\0\0\0", b"\0avi", b"f\0\0\0")) is None
