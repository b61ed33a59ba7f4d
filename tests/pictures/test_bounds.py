"""No file keeps the readers of headers busy, fills the memory, or makes them fail otherwise."""

import io
import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import NotAnImage
from app.pictures import (
    formats,
    sizes,
    svg,
    thumbnail_bitmaps,
    thumbnail_hdr,
    thumbnail_icons,
    thumbnail_repairs,
)
from app.pictures.formats import FORMATS, ImageFormat
from tests.pictures import exif, heif, jxl, tiff
from tests.pictures.cases import drawn
from tests.pictures.heif import box, full
from tests.pictures.test_sizes import CASES

MEGABYTE = 1 << 20
SECONDS = 0.02
MEMORY = 10 * 10**6  # bytes


def judge(content: bytes) -> None:
    """Do with a file what the fetcher does: judge its beginning, then read its header."""
    head = content[: formats.HEAD_BYTES]
    if svg.is_unfinished(head):
        head = content[: svg.ROOT_BYTES]
    known = formats.sniff(head)
    if known:
        measure(content, known)
    else:
        assert formats.describe(head)


def measure(content: bytes, known: ImageFormat) -> None:
    with suppress(NotAnImage):
        size = sizes.measure(io.BytesIO(content), known)
        assert size is None or min(size.width, size.height, *size.coded) >= 0


def seconds(work: Callable[[], None], enough: float = SECONDS) -> float:
    """Return the CPU time of the fastest of a few turns: others may use the caches too."""
    fastest = float("inf")
    for _ in range(5):
        start = time.process_time()
        work()
        fastest = min(fastest, time.process_time() - start)
        if fastest < enough:
            break
    return fastest


def peak(work: Callable[[], None]) -> int:
    """Return the most bytes that were in use at once."""
    tracemalloc.start()
    work()
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return used


def filled(start: bytes, *pattern: bytes) -> bytes:
    """Repeat a pattern up to a megabyte."""
    repeated = b"".join(pattern)
    return (start + repeated * (MEGABYTE // len(repeated)))[:MEGABYTE]


def element(doctype: str = "", attributes: str = "", prologue: str = "") -> bytes:
    subset = f"<!DOCTYPE svg [{doctype}]>" if doctype else ""
    return f'{prologue}{subset}<svg xmlns="http://www.w3.org/2000/svg" {attributes}/>'.encode()


_PNG = drawn("PNG")[:33]
_AVIF, _AVIS = (box(b"ftyp", brand, bytes(4)) for brand in (b"avif", b"avis"))
_FREE = box(b"free")
_LOOP = exif.exif(*[exif.entry(8, exif.LONG, tag=exif.EXIF_IFD)] * 5000)
_ITEM = full(b"pitm", b"\0\1")


def associations(data: bytes, *properties: bytes) -> bytes:
    ipma = full(b"ipma", struct.pack(">I", 1 << 20), data)
    return _AVIF + full(b"meta", _ITEM, box(b"iprp", box(b"ipco", *properties), ipma))


_ASSOCIATIONS = full(b"ipma", struct.pack(">I", 1) + b"\0\2\xff" + b"\1" * 255)
_MINE = full(b"ipma", struct.pack(">I", 1) + b"\0\1\xff" + b"\1" * 255)

WORST = {
    "jpeg: fill bytes": filled(b"\xff\xd8", b"\xff"),
    "jpeg: small segments": filled(b"\xff\xd8", b"\xff\xe0\0\2"),
    "jpeg: small segments for EXIF": filled(b"\xff\xd8", b"\xff\xe1\0\2"),
    "jpeg: markers alone": filled(b"\xff\xd8\xff", b"\xd0\xff"),
    "jpeg: stray bytes": filled(b"\xff\xd8\xff\xd0", b"\0"),
    "jpeg: stray zeros": filled(b"\xff\xd8\xff\xd0", b"\xff\0"),
    "jpeg: markers amid stray bytes": filled(b"\xff\xd8\xff\xd0", bytes(250), b"\xff\xd0"),
    "jpeg: EXIF within itself": exif.jpeg(exif.segment(exif.MARK + _LOOP)),
    "png: small chunks": filled(_PNG, bytes(4), b"abcd", bytes(4)),
    "png: EXIF within itself": _PNG + exif.chunk(b"eXIf", _LOOP * 4),
    "png: EXIF with wrong checksums": filled(_PNG, exif.chunk(b"eXIf", bytes(99_999))[:-1], b"?"),
    "gif: small blocks": filled(b"GIF89a\1\0\1\0\0\0\0!\xfe", b"\1a"),
    "gif: empty extensions": filled(b"GIF89a\1\0\1\0\0\0\0", b"!\xfe\0"),
    "ico: a large directory": filled(
        b"\0\0\1\0\xff\xff", struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 1, MEGABYTE)
    ),
    "avif: small boxes": filled(_AVIF, _FREE),
    "avif: small boxes within": _AVIF + full(b"meta", _FREE * 130_000),
    "avif: many properties": associations(b"\0\2\0" * 300_000, *[heif.ispe(1, 1)] * 1800),
    "avif: many items": associations(b"\0\2\0" * 340_000, heif.ispe(1, 1)),
    "avif: many associations": associations((b"\0\2\xff" + b"\1" * 255) * 4000, heif.ispe(1, 1)),
    "avif: many boxes of associations": _AVIF
    + full(b"meta", _ITEM, box(b"iprp", box(b"ipco", heif.ispe(1, 1)), _ASSOCIATIONS * 1800)),
    "avif: many boxes of its associations": _AVIF
    + full(b"meta", _ITEM, box(b"iprp", box(b"ipco", heif.ispe(1, 1)), _MINE * 1800)),
    "avif: many tracks": _AVIS + box(b"moov", box(b"trak", full(b"tkhd", bytes(90))) * 8000),
    "avif: tracks of small boxes": _AVIS + box(b"moov", box(b"trak", _FREE * 2000) * 60),
    "avif: a track of many properties": heif.sequence(*[heif.irot(1)] * 100_000),
    "jxl: small boxes": filled(jxl.HEAD, _FREE),
    "tiff: many tags": tiff.file(*[(256, tiff.SHORT, 5)] * 65_000),
    "tiff: many parts": tiff.file(*tiff.SIDES, *[(tiff.PARTS, tiff.LONG, 8)] * 60_000),
    "svg: many attributes": element(attributes=" ".join(f'a{n}=""' for n in range(7000))),
    "svg: many references": element(f'<!ENTITY a "{"a" * 90}">', f'id="{"&a;" * 11_000}"'),
    "svg: a long entity": element(f'<!ENTITY a "{"a" * 30_000}">', f'id="{"&a;" * 34}"'),
    "svg: many entities": element("".join(f'<!ENTITY a{n} "b">' for n in range(3000))),
    "svg: many defaults": element(
        "<!ATTLIST svg " + " ".join(f"a{n} CDATA ''" for n in range(4000)) + ">"
    ),
    "svg: many models": element("<!ELEMENT a (b|c)>" * 3000),
    "svg: a deep model": element(f"<!ELEMENT a {'(' * 15_000}b{')' * 15_000}>"),
    "svg: many namespaces": element(attributes=" ".join(f'xmlns:a{n}="u"' for n in range(3500))),
    "svg: many comments": element(prologue="<!---->" * 8000),
    "svg: many instructions": element(prologue="<?a?>" * 12_000),
    "svg: a wide side": element(attributes=f'width="{" " * 60_000}"'),
    "svg: a wide view box": element(attributes=f'viewBox="{"1 " * 30_000}"'),
    "svg: a view box of one number": element(attributes=f'viewBox="{"1" * 60_000}"'),
    "svg: a side of comments": element(attributes=f'width="{"/*" * 30_000}"'),
    "svg: one attribute again and again": b"<svg " + b"width = " * 8000,
    "svg: a doctype that ends in itself": b"<!doctype svg [" + b"]" * 60_000,
    "svg: a doctype of spaces": b"<!doctype svg" + b" " * 60_000,
    "svg: bytes of no character": b"<!--" + b"\xe9" * 60_000 + b"-->" + element(),
    "none: less than": filled(b"", b"<"),
    "none: comments that never end": filled(b"", b"<!--"),
    "none: comments": filled(b"", b"<!---->"),
    "none: an instruction that never ends": filled(b"<?xml ", b"?"),
    "none: spaces": filled(b"", b" "),
    "none: brands": filled(struct.pack(">I", MEGABYTE) + b"ftyp", b"abcd"),
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_headers_are_judged_soon_and_in_little_memory(name: str) -> None:
    content = WORST[name]
    assert len(content) <= MEGABYTE + 4096
    assert seconds(lambda: judge(content)) < SECONDS
    assert peak(lambda: judge(content)) < MEMORY


def test_the_worst_headers_are_of_all_readers() -> None:
    names = {known.name for known in FORMATS}
    of_fixed_length = {"webp", "bmp"}
    of_the_same_reader = {"heic"}
    assert {name.partition(":")[0] for name in WORST} | of_fixed_length | of_the_same_reader == (
        names | {"none"}
    )


STARTS = sorted({case.content[:24] for case in CASES})
PLACES = st.integers(0, 400)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Take a real file apart: other bytes, parts that are gone, repeated or moved."""
    content = bytearray(draw(st.sampled_from(CASES)).content[: 1 << 17])
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(PLACES) % (len(content) + 1), draw(st.integers(0, 40))
        part = bytes(content[start : start + length])
        change = draw(st.sampled_from(("write", "insert", "cut", "repeat", "end")))
        if change == "write":
            content[start : start + length] = draw(st.binary(min_size=length, max_size=length))
        elif change == "insert":
            content[start:start] = draw(st.binary(max_size=40))
        elif change == "cut":
            del content[start : start + length]
        elif change == "repeat" and part:
            content[start:start] = (part * (MEGABYTE // len(part)))[
                : draw(st.integers(0, MEGABYTE))
            ]
            del content[MEGABYTE:]
        else:
            del content[start:]
    return bytes(content)


@settings(max_examples=500, deadline=None)
@given(damaged() | st.builds(bytes.__add__, st.sampled_from(STARTS), st.binary(max_size=400)))
def test_nothing_but_our_own_refusal_comes_of_any_bytes(content: bytes) -> None:
    assert seconds(lambda: judge(content)) < SECONDS
    assert peak(lambda: judge(content)) < MEMORY


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FORMATS), st.binary(max_size=400) | damaged())
def test_no_reader_depends_on_what_was_known_before(known: ImageFormat, content: bytes) -> None:
    measure(content, known)


OF_THE_CHILD: list[Callable[[bytes], object]] = [
    *thumbnail_repairs.REPAIRS.values(),
    thumbnail_icons.as_file,
    lambda content: thumbnail_icons.place(io.BytesIO(content)),
    lambda content: thumbnail_bitmaps.readable(io.BytesIO(content)),
    thumbnail_hdr.peak,
]
CHILD_SECONDS = 0.2  # of the ten that it has for a picture


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("reader", OF_THE_CHILD, ids=range(len(OF_THE_CHILD)))
def test_the_worst_headers_keep_no_child_busy(reader: Callable[[bytes], object], name: str) -> None:
    try_of_the_child(reader, WORST[name])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(OF_THE_CHILD), damaged())
def test_no_bytes_keep_a_child_busy(reader: Callable[[bytes], object], content: bytes) -> None:
    try_of_the_child(reader, content)


def try_of_the_child(reader: Callable[[bytes], object], content: bytes) -> None:
    def work() -> None:
        with suppress(struct.error, ValueError):  # the child has one answer to all
            reader(content)

    assert seconds(work, CHILD_SECONDS) < CHILD_SECONDS
    assert peak(work) < MEMORY


def test_files_of_all_formats_are_damaged() -> None:
    assert {case.known for case in CASES} == set(FORMATS)
