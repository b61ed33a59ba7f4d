"""How large pictures are: as their specifications have it, or as a browser shows them."""

import io
from contextlib import suppress

import pytest
from playwright.sync_api import Browser

from app.errors import NotAnImage
from app.pictures import formats, sizes
from app.pictures.formats import AVIF, TIFF
from app.pictures.svg import ROOT_BYTES, is_unfinished
from tests.pictures import exif, heif, jxl, small, svg, tiff
from tests.pictures.cases import CHROMIUM, Case, data_url

CASES = exif.CASES + small.CASES + heif.CASES + jxl.CASES + svg.CASES + tiff.CASES

SHOWN = """
    urls => Promise.all(urls.map(url => new Promise(done => {
        const image = new Image();
        image.onload = () => done([image.naturalWidth, image.naturalHeight]);
        image.onerror = () => done(null);
        image.src = url;
    })))
"""


def name(case: Case) -> str:
    return f"{case.known.name}: {case.name}"


def head(content: bytes) -> bytes:
    """Return as much as the fetcher judges by."""
    start = content[: formats.HEAD_BYTES]
    return content[:ROOT_BYTES] if is_unfinished(start) else start


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_picture_is_taken_and_measured_as_it_is_shown(case: Case) -> None:
    assert formats.sniff(head(case.content)) is case.known
    size = sizes.measure(io.BytesIO(case.content), case.known)
    assert (size and (size.width, size.height)) == case.size


def test_each_case_has_a_name_of_its_own() -> None:
    assert len({name(case) for case in CASES}) == len(CASES)


def test_a_browser_shows_the_pictures_in_these_sizes(browser: Browser) -> None:
    asked = [case for case in CASES if case.source == CHROMIUM]
    page = browser.new_page()
    shown = page.evaluate(SHOWN, [data_url(case.known, case.content) for case in asked])
    page.close()
    wrong = {
        name(case): size
        for case, size in zip(asked, shown, strict=True)
        if size != list(case.size or ())
    }
    assert not wrong


def test_what_a_decoder_has_to_make_is_known_beside_what_is_shown() -> None:
    tile = heif.file(
        *heif.PLAIN,
        heif.ispe(30_000, 20_000),
        heif.CORNER,
        ipma=heif.associations({1: (1, 2, 3, 5), 2: (4,)}),
    )
    size = sizes.measure(io.BytesIO(tile), AVIF)
    assert size
    assert (size.width, size.height, size.coded) == (30, 20, (30_000, 20_000))


def cuts() -> list[Case]:
    return [case for case in CASES if case.size]


@pytest.mark.parametrize("case", cuts(), ids=name)
def test_a_file_that_is_cut_anywhere_is_no_trouble(case: Case) -> None:
    for end in range(min(400, len(case.content))):
        with suppress(NotAnImage):
            sizes.measure(io.BytesIO(case.content[:end]), case.known)


@pytest.mark.parametrize("document", svg.NONE)
def test_what_has_no_svg_for_its_root_is_none(document: str) -> None:
    content = document.encode()
    assert formats.sniff(content) is None
    assert formats.describe(content) == svg.NONE[document]


@pytest.mark.parametrize("document", svg.BOMBS, ids=range(len(svg.BOMBS)))
def test_entities_that_could_become_very_long_are_not_read(document: str) -> None:
    assert formats.sniff(head(document.encode())) is None


@pytest.mark.parametrize("kind", tiff.RAW)
def test_a_raw_file_of_a_camera_is_not_called_tiff(kind: str) -> None:
    with pytest.raises(NotAnImage, match=r"^not an image: a camera raw file$"):
        sizes.measure(io.BytesIO(tiff.RAW[kind]), TIFF)


@pytest.mark.parametrize("start", tiff.NAMED_RAW)
def test_a_raw_file_of_a_camera_is_called_one(start: bytes) -> None:
    assert formats.sniff(start) is None
    assert formats.describe(start) == "a camera raw file"
