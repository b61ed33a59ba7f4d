"""Thumbnails beside a browser: what of a picture they show, and where."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from PIL import Image
from playwright.sync_api import Browser

from app.pictures.formats import AVIF, BMP, ICO, WEBP, ImageFormat
from tests.pictures import heif, small
from tests.pictures.cases import data_url, encode
from tests.pictures.conftest import Shrink
from tests.pictures.heif import PLAIN, clap, imir, irot

COLOURS = {
    "R": (255, 0, 0, 255),
    "G": (0, 255, 0, 255),
    "B": (0, 0, 255, 255),
    "Y": (255, 255, 0, 255),
}

ICON, CURSOR = 1, 2
BRANDS = (b"heic", b"mif1", b"avif")

SHOWN = """
    urls => Promise.all(urls.map(async url => {
        const image = new Image();
        image.src = url;
        await image.decode().catch(() => null);
        const canvas = document.createElement('canvas'), drawing = canvas.getContext('2d');
        const [width, height] = [image.naturalWidth, image.naturalHeight];
        [canvas.width, canvas.height] = [width, height];
        if (width) drawing.drawImage(image, 0, 0);
        const colour = (x, y) => [...drawing.getImageData(x, y, 1, 1).data];
        return [width, height, ...[1, 3].flatMap(
            down => [1, 3].map(across => colour(width * across >> 2, height * down >> 2)))];
    }))
"""


@dataclass(frozen=True)
class Case:
    """A file, its format, and what Chromium 156 shows: its size, and the colours of its quarters,
    row by row.
    """

    name: str
    known: ImageFormat
    content: bytes
    size: tuple[int, int]
    colours: str


def quartered(size: tuple[int, int]) -> Image.Image:
    """Draw a quarter in each colour."""
    picture = Image.new("RGB", size)
    for at, colour in enumerate(COLOURS.values()):
        left, top = at % 2 * size[0] // 2, at // 2 * size[1] // 2
        picture.paste(colour[:3], (left, top, left + size[0] // 2, top + size[1] // 2))
    return picture


PIXELS = heif.pixels_of(encode(quartered((60, 40)), "AVIF"))
UPPER, LEFT = clap(60, 1, 20, 1, 0, 1, -10, 1), clap(30, 1, 40, 1, -15, 1, 0, 1)


def avif(name: str, size: tuple[int, int], colours: str, *properties: bytes) -> Case:
    content = heif.file(*PLAIN, *properties, pixels=PIXELS)
    return Case(f"AVIF, {name}", AVIF, content, size, colours)


def bitmap(picture: Image.Image, mask: Image.Image | None = None) -> bytes:
    """Write a picture of an icon: a bitmap of twice its height, and a mask of one bit."""
    body = encode(picture, "DIB")
    mask = mask or Image.new("1", picture.size)
    rows = mask.tobytes("raw", "1", -(-mask.width // 32) * 4, -1)
    return body[:8] + struct.pack("<i", 2 * picture.height) + body[12:] + rows


def several(pictures: str, *, bits: Sequence[int], kind: int = ICON) -> bytes:
    """Write an icon whose pictures have one size and a colour each."""
    drawn = [Image.new("RGB", (16, 16), COLOURS[letter][:3]) for letter in pictures]
    return small.icon(*((16, bitmap(one)) for one in drawn), bits=bits, kind=kind)


def one(name: str, picture: bytes, colours: str, bits: int = 32) -> Iterator[Case]:
    """Put a picture into an icon and into a cursor."""
    for title, kind in (("icon", ICON), ("cursor", CURSOR)):
        content = small.icon((32, picture), kind=kind, bits=[bits])
        yield Case(f"{title}, {name}", ICO, content, (32, 32), colours)


def bmp(length: int) -> bytes:
    """Write a bitmap whose header has so many bytes."""
    written = encode(quartered((60, 40)), "BMP")
    header = struct.pack("<I", length) + written[18 : min(54, 14 + length)].ljust(length - 4, b"\0")
    return written[:10] + struct.pack("<I", 14 + length) + header + written[54:]


def with_colours(count: int) -> bytes:
    """Write a bitmap of 8 bits whose palette has so many colours."""
    written = encode(quartered((60, 40)).quantize(4), "BMP")
    start = int.from_bytes(written[10:14], "little")
    palette = written[54:start].ljust(4 * count, b"\0")[: 4 * count]
    numbers = struct.pack("<I", 54 + len(palette)), struct.pack("<I", count)
    head = written[:10] + numbers[0] + written[14:46] + numbers[1] + written[50:54]
    return head + palette + written[start:]


def cornered(mode: str) -> bytes:
    """Write an animation of WebP whose first frame lies in the lower right of its screen."""
    first, second = (Image.new(mode, (32, 22), colour) for colour in ("red", "lime"))
    written = encode(first, "WEBP", save_all=True, append_images=[second])
    parts = dict(small.chunks(written))
    sides = struct.pack("<I", 63)[:3] + struct.pack("<I", 43)[:3]
    place = struct.pack("<I", 16)[:3] + struct.pack("<I", 11)[:3]
    return small.riff(
        (b"VP8X", parts[b"VP8X"][:4] + sides),
        (b"ANIM", parts[b"ANIM"]),
        *((kind, place + data[6:]) for kind, data in small.chunks(written) if kind == b"ANMF"),
    )


SQUARE = quartered((32, 32))
PARTLY = SQUARE.convert("RGBA")
PARTLY.paste((0, 255, 0, 0), (16, 0, 32, 16))  # in the second quarter
UNSEEN = SQUARE.convert("RGBA")
UNSEEN.putalpha(0)
MASK = Image.new("1", (32, 32))
MASK.paste(1, (0, 16, 16, 32))  # over the third quarter

CASES = [
    *one("32 bits", bitmap(PARTLY), "R.BY"),
    *one("32 bits and a mask", bitmap(PARTLY, MASK), "R.BY"),
    *one("32 bits that are called 24", bitmap(PARTLY), "R.BY", bits=24),
    *one("32 bits that are called 0", bitmap(PARTLY), "R.BY", bits=0),
    *one("32 bits without transparency", bitmap(UNSEEN, MASK), "RG.Y"),
    *one("24 bits", bitmap(SQUARE, MASK), "RG.Y"),
    *one("24 bits that are called 32", bitmap(SQUARE, MASK), "RG.Y"),
    *one("24 bits with more behind", bitmap(SQUARE, MASK) + bytes(99), "RG.Y"),
    *one("8 bits", bitmap(SQUARE.quantize(4), MASK), "RG.Y"),
    *one("PNG", encode(PARTLY, "PNG"), "R.BY"),
    Case("icon, most bits", ICO, several("RGB", bits=(8, 32, 24)), (16, 16), "GGGG"),
    Case("icon, bits unsaid", ICO, several("RGB", bits=(0, 8, 4)), (16, 16), "RRRR"),
    Case("icon, all alike", ICO, several("RGB", bits=(8, 8, 8)), (16, 16), "RRRR"),
    Case(
        "cursor with its tip below",
        ICO,
        several("RGB", bits=(8, 32, 24), kind=CURSOR),
        (16, 16),
        "RRRR",
    ),
    *(
        Case(f"BMP with a header of {length} bytes", BMP, bmp(length), (60, 40), "RGBY")
        for length in (16, 20, 24, 28, 32, 36, 40, 42, 44, 46, 48, 52, 56, 60, 64, 108, 124)
    ),
    *(
        Case(f"BMP with {count} colours", BMP, with_colours(count), (60, 40), "RGBY")
        for count in (4, 256, 257, 300)
    ),
    avif("whole", (60, 40), "RGBY"),
    avif("cropped", (60, 20), "RGRG", UPPER),
    avif("cropped and turned", (20, 60), "GGRR", UPPER, irot(1)),
    avif("cropped and upside down", (60, 20), "GRGR", UPPER, irot(2)),
    avif("cropped and mirrored", (30, 40), "BBRR", LEFT, imir(0)),
    avif("cropped, turned and mirrored", (40, 30), "RBRB", LEFT, irot(3), imir(1)),
    avif("cropped by half a pixel", (31, 40), "RRBB", clap(31, 1, 40, 1, -29, 2, 0, 1)),
    Case(
        "AVIF, another brand first",
        AVIF,
        heif.file(*PLAIN, brands=BRANDS, pixels=PIXELS),
        (60, 40),
        "RGBY",
    ),
    Case(
        "AVIF, properties assigned by two boxes",
        AVIF,
        heif.file(
            *PLAIN,
            irot(1),
            ipma=heif.associations({1: (1, 2, 3, 4)}) + heif.associations({7: (1,)}),
            pixels=PIXELS,
        ),
        (40, 60),
        "GYRB",
    ),
    Case("WebP, a frame in a corner", WEBP, cornered("RGB"), (64, 44), "...R"),
    Case(
        "WebP, a frame of some transparency in a corner", WEBP, cornered("RGBA"), (64, 44), "...R"
    ),
    avif("cropped elsewhere", (60, 40), "RGBY", heif.MIDDLE),
]


def colours(points: list[tuple[int, ...]]) -> str:
    """Name each colour by the letter that is next to it, a transparent one by a dot."""

    def letter(point: tuple[int, ...]) -> str:
        distances = {
            name: sum(abs(a - b) for a, b in zip(point, colour, strict=True))
            for name, colour in COLOURS.items()
        }
        nearest = min(distances, key=distances.__getitem__)
        return nearest if distances[nearest] < 60 else "." if not point[3] else "?"

    return "".join(map(letter, points))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_thumbnail_shows_what_a_browser_shows(shrink: Shrink, case: Case) -> None:
    small = shrink(case.content, case.known.name).convert("RGBA")
    width, height = small.size
    points = [(width * across // 4, height * down // 4) for down in (1, 3) for across in (1, 3)]

    assert small.size == case.size
    assert colours([small.getpixel(point) for point in points]) == case.colours


def test_each_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_browser_shows_these_colours(browser: Browser) -> None:
    page = browser.new_page()
    urls = [data_url(case.known, case.content) for case in CASES]
    shown = {
        case.name: (width, height, colours(points))
        for case, (width, height, *points) in zip(CASES, page.evaluate(SHOWN, urls), strict=True)
    }
    page.close()

    assert shown == {case.name: (*case.size, case.colours) for case in CASES}
