"""Thumbnails of sound pictures of all formats: their sides, frames and transparency."""

import struct
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from app.errors import NoThumbnail
from app.pictures import formats, thumbnail
from app.pictures.formats import BY_NAME, FORMATS, ImageFormat
from tests.pictures import exif
from tests.pictures.cases import Case
from tests.pictures.conftest import Shrink
from tests.pictures.encoding import GREEN, RED, encode, near, pixels, png
from tests.pictures.exif import chunk

ORIENTED = range(1, 9)


@pytest.mark.parametrize("known", thumbnail.DECODERS, ids=lambda known: known.name)
def test_each_format_becomes_a_small_webp(shrink: Shrink, known: ImageFormat) -> None:
    size = (256, 256) if known is formats.ICO else (1000, 500)
    small = shrink(encode(Image.new("RGB", size, RED), known), known.name)

    assert small.size == ((256, 256) if known is formats.ICO else (320, 160))
    assert near(small.convert("RGB").getpixel((100, 60)), RED)


@pytest.mark.parametrize(
    "known", [one for one in FORMATS if one not in thumbnail.DECODERS], ids=lambda one: one.name
)
def test_other_formats_are_refused_by_name(shrink: Shrink, known: ImageFormat) -> None:
    with pytest.raises(NoThumbnail, match=known.name):
        shrink(b"<svg/>", known.name)


def test_a_small_picture_keeps_its_size(shrink: Shrink) -> None:
    small = shrink(encode(Image.new("RGB", (3, 2)), formats.PNG), "png")

    assert small.size == (3, 2)


@pytest.mark.parametrize("size", [(5000, 1), (1, 5000)])
def test_a_line_stays_a_line(shrink: Shrink, size: tuple[int, int]) -> None:
    small = shrink(encode(Image.new("RGB", size), formats.PNG), "png")

    assert sorted(small.size) == [1, 320]


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("name", ["jpeg", "png", "avif", "tiff"])
def test_a_picture_stands_upright(shrink: Shrink, name: str, orientation: int) -> None:
    upright = Image.new("RGB", (800, 400), RED)
    upright.paste(GREEN, (0, 0, 400, 400))
    turns = Image.Transpose
    back = {
        *((2, turns.FLIP_LEFT_RIGHT), (3, turns.ROTATE_180), (4, turns.FLIP_TOP_BOTTOM)),
        *((5, turns.TRANSPOSE), (6, turns.ROTATE_90), (7, turns.TRANSVERSE)),
        (8, turns.ROTATE_270),
    }
    lying = upright.transpose(dict(back)[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    small = shrink(encode(lying, BY_NAME[name], exif=exif), name)

    assert small.size == (320, 160)
    assert near(small.getpixel((40, 80)), GREEN)
    assert near(small.getpixel((280, 80)), RED)
    assert small.getexif() == {}


def test_browsers_turn_no_webp_and_nothing_by_xmp(shrink: Shrink) -> None:
    picture = Image.new("RGB", (60, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    bodies = {
        "webp": encode(picture, formats.WEBP, exif=exif),
        "jpeg": encode(picture, formats.JPEG, xmp=xmp),
        "png": encode(picture, formats.PNG, pnginfo=text),
    }

    assert {shrink(body, name).size for name, body in bodies.items()} == {(60, 40)}


# Pillow reads none of the first two, and of two chunks the second.
UNREAD = {"EXIF with another sixth byte", "markers without a length"}
TWICE = {"EXIF twice, 6 first", "EXIF twice, 1 first"}
TURNED = [
    case
    for case in exif.CASES
    if case.name not in UNREAD and (case.known is formats.JPEG or case.name not in TWICE)
]


@pytest.mark.parametrize("case", TURNED, ids=[f"{case.known.name}: {case.name}" for case in TURNED])
def test_a_picture_stands_as_it_is_measured_whatever_its_exif(shrink: Shrink, case: Case) -> None:
    assert shrink(case.content, case.known.name).size == case.size


def test_of_jpeg_xl_the_orientation_of_the_codestream_counts(
    shrink: Shrink, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = tmp_path / "picture.jpeg"
    jpeg.write_bytes(encode(Image.new("RGB", (60, 40)), formats.JPEG, exif=exif))
    repacked = encode(Image.open(jpeg), formats.JXL, lossless_jpeg=True)
    in_a_box = encode(Image.new("RGB", (60, 40)), formats.JXL, exif=exif.tobytes())

    assert shrink(repacked, "jxl").size == (40, 60)
    assert shrink(in_a_box, "jxl").size == (60, 40)


def test_a_damaged_orientation_leaves_the_picture_as_it_is(shrink: Shrink) -> None:
    exif = b"Exif\0\0II*\0\xff\xff\xff\xff"
    small = shrink(encode(Image.new("RGB", (800, 400), RED), formats.JPEG, exif=exif), "jpeg")

    assert small.size == (320, 160)


@pytest.mark.parametrize("name", ["gif", "webp", "png", "avif", "tiff"])
def test_of_an_animation_the_first_frame_is_taken(shrink: Shrink, name: str) -> None:
    first, *others = (Image.new("RGB", (400, 400), colour) for colour in (RED, GREEN, GREEN))
    body = encode(first, BY_NAME[name], save_all=True, append_images=others)

    small = shrink(body, name)

    assert getattr(small, "n_frames", 1) == 1
    assert near(small.convert("RGB").getpixel((160, 160)), RED)


def test_of_an_animated_png_the_animation_is_shown(shrink: Shrink) -> None:
    """Not the picture before it, which only readers without animation see (PNG, 11.3.6.2)."""
    first, second = (Image.new("RGB", (32, 32), colour) for colour in (RED, (0, 0, 255)))
    rest = {"save_all": True, "append_images": [second], "default_image": True}

    assert near(shrink(encode(first, formats.PNG, **rest), "png").getpixel((9, 9)), (0, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_stays_so(shrink: Shrink, mode: str) -> None:
    picture = Image.new("RGBA", (640, 640), (255, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 320, 640))
    small = shrink(encode(picture.convert(mode), formats.PNG), "png")

    assert small.mode == "RGBA"
    assert small.getpixel((40, 160))[3] == 0
    assert small.getpixel((280, 160))[3] == 255


def test_around_a_frame_smaller_than_the_screen_is_nothing(shrink: Shrink) -> None:
    body = bytearray(encode(Image.new("RGB", (40, 40), RED), formats.GIF))
    place = body.index(b"," + struct.pack("<HHHH", 0, 0, 40, 40)) + 1
    struct.pack_into("<HH", body, 6, 80, 60)  # the screen
    struct.pack_into("<HH", body, place, 30, 10)
    small = shrink(bytes(body), "gif")

    assert small.size == (80, 60)
    assert [small.getpixel(at)[3] for at in ((5, 5), (75, 55), (50, 30))] == [0, 0, 255]
    assert near(small.convert("RGB").getpixel((50, 30)), RED)


def test_a_palette_is_scaled_smoothly(shrink: Shrink) -> None:
    stripes = Image.new("1", (640, 640))
    for row in range(0, 640, 2):
        stripes.paste(1, (0, row, 640, row + 1))
    small = shrink(encode(stripes.convert("P"), formats.GIF), "gif")

    assert near(small.getpixel((160, 160)), (127, 127, 127))


@pytest.mark.parametrize("name", ["png", "tiff"])
def test_sixteen_bits_of_grey_do_not_turn_white(shrink: Shrink, name: str) -> None:
    picture = Image.new("I;16", (400, 400), 0x4000)
    small = shrink(encode(picture, BY_NAME[name]), name)

    assert near(small.convert("RGB").getpixel((160, 160)), (0x40, 0x40, 0x40))


def test_sixteen_bits_of_grey_may_count_from_white(shrink: Shrink) -> None:
    body = bytearray(encode(Image.new("I;16", (400, 400), 0x4000), formats.TIFF))
    photometric = body.index(struct.pack("<HHI", 262, 3, 1)) + 8
    struct.pack_into("<H", body, photometric, 0)

    assert near(shrink(bytes(body), "tiff").convert("RGB").getpixel((160, 160)), (0xBF,) * 3)


def test_inks_become_colours(shrink: Shrink) -> None:
    picture = Image.new("CMYK", (400, 400), (0, 255, 255, 0))

    assert near(shrink(encode(picture, formats.JPEG), "jpeg").getpixel((160, 160)), RED)


def deep_png(kind: int, row: bytes, key: bytes) -> bytes:
    """Make a PNG of two columns with 16 bits a channel, one of whose colours is transparent."""
    return png(2, 1, 16, kind, chunk(b"tRNS", key), pixels(b"\0" + row))


def test_a_transparent_colour_of_sixteen_bits_is_transparent(shrink: Shrink) -> None:
    key, other = 0x1234, 0xC034  # alike in their lower bytes
    grey = shrink(deep_png(0, struct.pack(">2H", key, other), struct.pack(">H", key)), "png")
    rgb = struct.pack(">6H", 1, 2, key, 1, 2, other)
    colour = shrink(deep_png(2, rgb, struct.pack(">3H", 1, 2, key)), "png")

    for small in grey, colour:
        assert small.mode == "RGBA"
        assert list(small.getchannel("A").get_flattened_data()) == [0, 255]
    assert near(grey.getpixel((1, 0)), (0xC0, 0xC0, 0xC0))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_transparent_grey_of_few_bits_is_transparent(shrink: Shrink, depth: int) -> None:
    black_and_white = ((1 << depth) - 1) << 8 - 2 * depth
    for key, alphas in ((0, [0, 255]), ((1 << depth) - 1, [255, 0])):
        transparent = chunk(b"tRNS", struct.pack(">H", key))
        body = png(2, 1, depth, 0, transparent, pixels(bytes([0, black_and_white])))

        assert list(shrink(body, "png").getchannel("A").get_flattened_data()) == alphas


def test_nothing_but_the_picture_is_kept(shrink: Shrink) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    small = shrink(
        encode(Image.new("RGB", (400, 400)), formats.JPEG, exif=exif, icc_profile=b"p" * 9),
        "jpeg",
    )

    assert set(small.info) <= {"loop", "background", "timestamp", "duration"}


@pytest.mark.parametrize(("width", "height"), [(50_001, 1_000), (30_000, 30_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_before_it_is_decoded(shrink: Shrink, width: int, height: int) -> None:
    body = png(width, height, 8, 2, pixels(bytes(1 << 20)))

    with pytest.raises(NoThumbnail, match="more than 50 megapixels"):
        shrink(body, "png")


def test_a_bomb_in_an_icon_is_refused(shrink: Shrink) -> None:
    bomb = png(20_000, 20_000, 8, 2, pixels(bytes(1 << 20)))
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(bomb), 22)

    with pytest.raises(NoThumbnail):
        shrink(b"\0\0\1\0\1\0" + entry + bomb, "ico")


def test_warnings_of_the_decoder_are_not_told(shrink: Shrink) -> None:
    body = bytearray(encode(Image.new("RGB", (9, 9)), formats.TIFF))
    [directory] = struct.unpack_from("<I", body, 4)
    for entry in range(*struct.unpack_from("<H", body, directory)):
        struct.pack_into("<I", body, directory + 2 + 12 * entry + 4, 1 << 20)

    with pytest.raises(NoThumbnail) as told:
        shrink(bytes(body), "tiff")

    assert told.value.detail == "no thumbnail: it is damaged, or of a kind that is not decoded"


@pytest.mark.parametrize("known", thumbnail.DECODERS, ids=lambda known: known.name)
def test_no_other_decoder_than_that_of_the_format_is_tried(
    shrink: Shrink, known: ImageFormat
) -> None:
    other = formats.PNG if known is formats.GIF else formats.GIF
    bodies = [encode(Image.new("RGB", (9, 9)), other), b"%!PS-Adobe-3.0 EPSF-3.0\n", b""]

    for body in bodies:
        with pytest.raises(NoThumbnail, match="damaged"):
            shrink(body, known.name)


def test_a_page_behind_a_picture_does_not_matter(shrink: Shrink) -> None:
    body = encode(Image.new("RGB", (400, 400), RED), formats.GIF) + b"<script>alert(1)</script>"
    small = shrink(body, "gif")

    assert small.size == (320, 320)
