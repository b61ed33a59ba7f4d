"""Thumbnails beside a browser: what of a picture they show, and where."""

import io
from base64 import b64encode
from dataclasses import dataclass

import pytest
from PIL import Image
from playwright.sync_api import Browser

from app.pictures.formats import AVIF, ImageFormat
from tests.pictures import heif
from tests.pictures.conftest import Shrink
from tests.pictures.heif import PLAIN, clap, imir, irot

COLOURS = {
    "R": (255, 0, 0, 255),
    "G": (0, 255, 0, 255),
    "B": (0, 0, 255, 255),
    "Y": (255, 255, 0, 255),
}

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


def encode(picture: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


PIXELS = heif.pixels_of(encode(quartered((60, 40)), "AVIF"))
UPPER, LEFT = clap(60, 1, 20, 1, 0, 1, -10, 1), clap(30, 1, 40, 1, -15, 1, 0, 1)


def avif(name: str, size: tuple[int, int], colours: str, *properties: bytes) -> Case:
    content = heif.file(*PLAIN, *properties, pixels=PIXELS)
    return Case(f"AVIF, {name}", AVIF, content, size, colours)


CASES = [
    avif("whole", (60, 40), "RGBY"),
    avif("cropped", (60, 20), "RGRG", UPPER),
    avif("cropped and turned", (20, 60), "GGRR", UPPER, irot(1)),
    avif("cropped and upside down", (60, 20), "GRGR", UPPER, irot(2)),
    avif("cropped and mirrored", (30, 40), "BBRR", LEFT, imir(0)),
    avif("cropped, turned and mirrored", (40, 30), "RBRB", LEFT, irot(3), imir(1)),
    avif("cropped by half a pixel", (31, 40), "RRBB", clap(31, 1, 40, 1, -29, 2, 0, 1)),
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
    urls = [
        f"data:{case.known.content_type};base64,{b64encode(case.content).decode()}"
        for case in CASES
    ]
    shown = {
        case.name: (width, height, colours(points))
        for case, (width, height, *points) in zip(CASES, page.evaluate(SHOWN, urls), strict=True)
    }
    page.close()

    assert shown == {case.name: (*case.size, case.colours) for case in CASES}
