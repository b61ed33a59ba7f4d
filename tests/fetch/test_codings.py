"""Content codings: what was not asked for is decoded too, to its end and within the bounds."""

import gzip
import hashlib
import os
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BrokenTransfer, NotAnImage, TooLarge
from app.fetch import Fetcher
from app.fetch.codings import CHUNK_BYTES, MAX_PARTS, decoded, zstd
from app.setting_values import MiB
from tests.fetch.conftest import image
from tests.fetch.origin import Origin, answer, png

Pack = Callable[[bytes], bytes]


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def fast_zstd(content: bytes) -> bytes:
    """Compress without the content's size in front, as servers do that stream."""
    packer = zstd.ZstdCompressor()
    return packer.compress(content) + packer.flush()


PACKS: dict[str, tuple[str, Pack]] = {
    "gzip": ("gzip", gzip.compress),
    "stored gzip": ("x-gzip", lambda content: gzip.compress(content, 0)),
    "deflate": ("deflate", zlib.compress),
    "deflate without header": ("deflate", raw_deflate),
    "br": ("br", partial(brotli.compress, quality=5)),  # the best takes seconds for a bomb
    "zstd": ("zstd", zstd.compress),
    "streamed zstd": ("zstd", fast_zstd),
}
PARTED = ["gzip", "stored gzip", "zstd", "streamed zstd"]
CONTENT = png(70_000) + os.urandom(3000) + bytes(300_000)


def split(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def undo(coding: str, data: bytes, size: int = CHUNK_BYTES) -> bytes:
    return b"".join(decoded(coding, split(data, size)))


@pytest.mark.parametrize("how", PACKS)
def test_a_body_is_decoded_whatever_pieces_it_comes_in(how: str) -> None:
    coding, pack = PACKS[how]
    for content in CONTENT, b"", b"x":
        packed = pack(content)
        for size in 1, 7, 1000, CHUNK_BYTES:
            assert undo(coding, packed, size) == content


@pytest.mark.parametrize("how", PACKS)
@pytest.mark.parametrize("size", [1, CHUNK_BYTES])
def test_a_body_cut_anywhere_is_a_failure(how: str, size: int) -> None:
    coding, pack = PACKS[how]
    packed = pack(b"a little content" * 3)
    for end in range(1, len(packed)):
        with pytest.raises(BrokenTransfer, match="it ended early") as broken:
            undo(coding, packed[:end], size)
        assert broken.value.transient


@pytest.mark.parametrize("how", PARTED)
@pytest.mark.parametrize("size", [1, 13, CHUNK_BYTES])
def test_several_parts_are_one_body_and_zeros_are_padding(how: str, size: int) -> None:
    coding, pack = PACKS[how]
    first, second = pack(b"first"), pack(b"second")
    assert undo(coding, first + second + pack(b"") + first, size) == b"firstsecondfirst"
    assert undo(coding, first + bytes(999), size) == b"first"
    assert undo(coding, first + bytes(9) + second + bytes(9), size) == b"firstsecond"
    with pytest.raises(BrokenTransfer, match="it ended early"):
        undo(coding, first + second[:-1], size)
    for garbage in b"no further part", b"\n", first[:1] + b"no", bytes(5) + b"\n":
        assert undo(coding, first + garbage + b"1234", size) == b"first"
        assert undo(coding, first + garbage + b"1234" + second, size) == b"first"


@pytest.mark.parametrize("how", ["deflate", "deflate without header", "br"])
@pytest.mark.parametrize("size", [1, 13, CHUNK_BYTES])
@pytest.mark.parametrize("content", [b"first", b"", CONTENT], ids=len)
def test_blanks_behind_the_end_are_padding(how: str, size: int, content: bytes) -> None:
    coding, pack = PACKS[how]
    packed = pack(content)
    for blanks in b"\n", b"\r\n", bytes(9), b" \t\0\n" * 16:
        assert undo(coding, packed + blanks, size) == content
    for garbage in b"x", b"\nx", b"\n" + packed:
        with pytest.raises(BrokenTransfer) as broken:
            undo(coding, packed + garbage, size)
        assert not broken.value.transient


@pytest.mark.parametrize("last", [0, 9, 10, 13, 32])
def test_blanks_before_the_end_are_content(last: int) -> None:
    """Such bytes end some streams, and whole pieces of others."""
    texts = (hashlib.sha512(b"%d" % number).hexdigest() for number in range(9999))
    ends = (brotli.compress(text.encode(), quality=5) for text in texts)
    packed = next(packed for packed in ends if packed[-1] == last)
    content = brotli.decompress(packed)
    for size in 1, 13, CHUNK_BYTES:
        assert undo("br", packed, size) == undo("br", packed + b"\n", size) == content


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_an_empty_body_has_no_coding(coding: str) -> None:
    assert undo(coding, b"") == b""


@pytest.mark.parametrize("how", ["deflate", "br"])
def test_other_codings_have_one_part(how: str) -> None:
    coding, pack = PACKS[how]
    with pytest.raises(BrokenTransfer):
        undo(coding, pack(b"first") + pack(b"second"))


def test_skippable_frames_of_zstd_are_skipped() -> None:
    skippable = b"\x5f\x2a\x4d\x18\2\0\0\0ab"
    assert undo("zstd", skippable + zstd.compress(b"x") + skippable) == b"x"


@pytest.mark.parametrize("how", PARTED)
def test_parts_without_content_end_long_before_the_limit(how: str) -> None:
    coding, pack = PACKS[how]
    most = MAX_PARTS["gzip"]
    assert undo(coding, pack(b"") * (most - 1) + pack(b"x")) == b"x"
    with pytest.raises(BrokenTransfer, match="too many compressed parts"):
        undo(coding, pack(b"") * most + pack(b"x"))


@pytest.mark.parametrize("how", [how for how in PACKS if how != "stored gzip"])
def test_a_bomb_ends_at_the_limit_without_being_held(
    hasty: Fetcher, origin: Origin, how: str
) -> None:
    coding, pack = PACKS[how]
    bomb = pack(png() + bytes(100 * MiB))
    origin.answers["/"] = answer(bomb[: 90 * 1024], Content_Encoding=coding)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match=r"^too large: more than 102400 bytes$"):
            image(hasty, origin.url())
        assert tracemalloc.get_traced_memory()[1] < 4 * MiB
    finally:
        tracemalloc.stop()


def test_a_window_that_needs_much_memory_is_refused() -> None:
    """The decoder would reserve 128 MiB for it (RFC 9659 allows 8 MiB)."""
    wide = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    packed = wide.compress(bytes(99)) + wide.flush()
    with pytest.raises(BrokenTransfer, match="damaged compression"):
        undo("zstd", packed)


UNKNOWN = ["UTF-8", "utf-8, gzip", "none", "binary", "aws-chunked", "gzip;q=1", "*", ",", "\x00"]


@pytest.mark.parametrize("coding", [*UNKNOWN, "", "identity", "Identity, ", "none, identity"])
def test_an_unknown_coding_is_none(fetcher: Fetcher, origin: Origin, coding: str) -> None:
    origin.answers["/"] = answer(png(5000), Content_Encoding=coding)
    assert image(fetcher, origin.url()).bytes == 5000


@pytest.mark.parametrize("coding", ["identity, gzip", "GZIP, identity", " gzip ,", "X-GZip"])
def test_identity_beside_a_coding_is_nothing(fetcher: Fetcher, origin: Origin, coding: str) -> None:
    origin.answers["/"] = answer(gzip.compress(png(5000)), Content_Encoding=coding)
    assert image(fetcher, origin.url()).bytes == 5000


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip, br", "deflate, zstd", "x-gzip, gzip"])
def test_one_layer_is_decoded_and_not_two(hasty: Fetcher, origin: Origin, coding: str) -> None:
    origin.answers["/"] = answer(gzip.compress(png()), Content_Encoding=coding)
    with pytest.raises(BrokenTransfer, match="more than one content coding"):
        image(hasty, origin.url())


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_lacks_the_signature_of_its_coding_is_what_its_bytes_say(
    hasty: Fetcher, origin: Origin, coding: str
) -> None:
    origin.answers["/"] = answer(png(5000), Content_Encoding=coding)
    origin.answers["/html"] = answer(b"<html>", Content_Encoding=coding)
    assert image(hasty, origin.url()).bytes == 5000
    with pytest.raises(NotAnImage):
        image(hasty, origin.url("/html"))


@given(st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.binary(), st.integers(1, 99))
def test_no_bytes_break_a_decoder(coding: str, data: bytes, size: int) -> None:
    for start in b"", b"\x1f\x8b\x08\0\0\0\0\0\0\3", b"\x78\x9c", b"\x28\xb5\x2f\xfd\x24":
        with suppress(BrokenTransfer):
            assert sum(map(len, decoded(coding, split(start + data, size)))) < 100 * MiB
