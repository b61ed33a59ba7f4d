"""What came from a stranger: an image and its facts, a page, or neither of them."""

import hashlib
import os
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from app.errors import ImageInstead, NotAnImage, NotHtml, TooLarge
from app.pictures import formats, sizes

_HTML_TYPES = {"text/html", "application/xhtml+xml"}


class ImageFacts(NamedTuple):
    """What we know of an image; its sides as shown are unknown if its header does not say them."""

    content_type: str
    width: int | None
    height: int | None
    bytes: int
    sha256: str


def store_image(
    head: bytes, pieces: Iterable[bytes], into: BinaryIO, max_pixels: int
) -> ImageFacts:
    """Write an image, of which `head` is the beginning, to a file open for writing and reading.

    Raises:
        NotAnImage: the bytes say so, whatever the name or the type.
        TooLarge: its header names more pixels; nothing is decoded.
    """
    known = formats.sniff(head)
    if not known:
        raise NotAnImage(f"not an image: {formats.describe(head)}")
    length, sha256 = _store(pieces, into)
    width, height = _sides(into, known, max_pixels)
    return ImageFacts(known.content_type, width, height, length, sha256)


def judge_page(declared: str, head: bytes) -> None:
    """Take what looks like HTML or a feed, and what says it is HTML and is nothing else.

    Raises:
        ImageInstead: it is an image.
        NotHtml: with the name of what it is.
    """
    if found := formats.sniff(head):
        raise ImageInstead(f"not HTML: {found.name}")
    if formats.is_feed(head):
        return
    name = formats.describe(head)
    says_html = declared.partition(";")[0].strip().lower() in _HTML_TYPES
    if name != "HTML" and not (says_html and name in ("XML", "text", "unknown bytes")):
        raise NotHtml(f"not HTML: {name}")


def _store(pieces: Iterable[bytes], into: BinaryIO) -> tuple[int, str]:
    # A file that was cut, if only a new one, is sent to the disk by ext4 when it is closed.
    if into.seek(0, os.SEEK_END):
        into.seek(0)
        into.truncate()
    size, digest = 0, hashlib.sha256()
    for piece in pieces:
        into.write(piece)
        digest.update(piece)
        size += len(piece)
        del piece  # many images may come at once: one piece of each is in memory
    into.flush()
    return size, digest.hexdigest()


def _sides(
    file: BinaryIO, known: formats.ImageFormat, max_pixels: int
) -> tuple[int, int] | tuple[None, None]:
    size = sizes.measure(file, known)
    if not size:
        return None, None
    width, height = size.coded
    if width * height > max_pixels:
        raise TooLarge(f"too large: {width} × {height} pixels")
    return size.width, size.height
