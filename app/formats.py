"""What a file is, by its bytes: image formats, their dimensions, and the impostors."""

import io
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

import imagesize

HEAD_BYTES = 4096  # enough for the prologue of an SVG
_HEADER_BYTES = 1 << 20  # what may be read in search of the dimensions


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """A format we take: its short name, its registered type, its extension without dot."""

    name: str
    content_type: str
    extension: str


JPEG = ImageFormat("jpeg", "image/jpeg", "jpg")
PNG = ImageFormat("png", "image/png", "png")
GIF = ImageFormat("gif", "image/gif", "gif")
WEBP = ImageFormat("webp", "image/webp", "webp")
AVIF = ImageFormat("avif", "image/avif", "avif")
HEIC = ImageFormat("heic", "image/heic", "heic")
BMP = ImageFormat("bmp", "image/bmp", "bmp")
ICO = ImageFormat("ico", "image/vnd.microsoft.icon", "ico")
TIFF = ImageFormat("tiff", "image/tiff", "tiff")
SVG = ImageFormat("svg", "image/svg+xml", "svg")

FORMATS = (JPEG, PNG, GIF, WEBP, AVIF, HEIC, BMP, ICO, TIFF, SVG)
BY_NAME = {one.name: one for one in FORMATS}
BY_CONTENT_TYPE = {one.content_type: one for one in FORMATS}


def _pattern(signature: bytes) -> re.Pattern[bytes]:
    return re.compile(signature, re.DOTALL | re.IGNORECASE)


# Atomic groups, or a thousand comments would be tried in every partition.
_PROLOGUE = rb"(?:\xef\xbb\xbf)?\s*+(?><\?xml.*?\?>\s*+)?+(?:(?><!--.*?-->)\s*+)*+"
_SVG_DOCTYPE = rb"(?:(?><!doctype\s+svg[^>\[]*+(?:\[.*?\]\s*+)?+>)\s*+(?:(?><!--.*?-->)\s*+)*+)?+"

_SIGNATURES = [
    (JPEG, re.compile(rb"\xff\xd8\xff")),
    (PNG, re.compile(rb"\x89PNG\r\n\x1a\n")),
    (GIF, re.compile(rb"GIF8[79]a")),
    (WEBP, re.compile(rb"RIFF.{4}WEBPVP8[ LX]", re.DOTALL)),
    (BMP, re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)),
    (ICO, re.compile(rb"\0\0\x01\0(?!\0\0).{5}\0", re.DOTALL)),
    (TIFF, re.compile(rb"II\*\0|MM\0\*")),
    (SVG, _pattern(_PROLOGUE + _SVG_DOCTYPE + rb"<(?:svg:)?svg[\s/>]")),
]
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

_HTML_TAGS = rb"!doctype html|html|head|body|script|title|meta|link|style|div|p|a|h1|table|iframe"
_IMPOSTORS = [
    ("HTML", _pattern(_PROLOGUE + rb"<(?:" + _HTML_TAGS + rb")[\s/>]")),
    ("XML", _pattern(_PROLOGUE + rb"<[a-z!?]")),
    ("PDF", re.compile(rb".{0,1023}%PDF-", re.DOTALL)),
    ("PostScript", re.compile(rb"%!PS|\xc5\xd0\xd3\xc6")),
    ("a ZIP archive", re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")),
    ("a compressed file", re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ\0|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd")),
    (
        "an executable",
        re.compile(
            rb"MZ|\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|#!"
        ),
    ),
    ("video or sound", re.compile(rb".{4}ftyp|\x1a\x45\xdf\xa3|OggS|ID3|RIFF", re.DOTALL)),
    ("JPEG XL", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    ("text", re.compile(rb"[^\0-\x08\x0e-\x1a\x1c-\x1f]+\Z")),
]


def sniff(head: bytes) -> ImageFormat | None:
    """Tell an image format by the first bytes of a file; what a server calls it says nothing."""
    for known, signature in _SIGNATURES:
        if signature.match(head):
            return known
    if head[4:8] == b"ftyp":
        end = int.from_bytes(head[:4])
        brands = {head[at : at + 4] for at in (8, *range(16, min(end, len(head)), 4))}
        if brands & _AVIF_BRANDS:
            return AVIF
        if brands & _HEIC_BRANDS:
            return HEIC
    return None


def describe(head: bytes) -> str:
    """Name what is not an image, for the sentence that says so."""
    if not head:
        return "nothing"
    return next((name for name, sign in _IMPOSTORS if sign.match(head)), "unknown bytes")


def dimensions(file: BinaryIO, known: ImageFormat) -> tuple[int, int] | None:
    """Read width and height from the header, of an ICO those of its largest picture."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    try:
        if known is GIF:
            return struct.unpack_from("<HH", head, 6)
        if known is BMP:
            return _bitmap(head, 14)
        if known is ICO:
            return max(_icon(head, file))
    except (struct.error, ValueError):
        return None
    width, height = imagesize.get(_Bounded(file), exif_rotation=False)
    return (int(width), int(height)) if width > 0 and height > 0 else None


def _bitmap(head: bytes, at: int) -> tuple[int, int]:
    """Read a BMP information header; a negative height says that the rows go downwards."""
    core = head[at : at + 4] == b"\x0c\0\0\0"
    width, height = struct.unpack_from("<HH" if core else "<ii", head, at + 4)
    return width, abs(height)


def _icon(head: bytes, file: BinaryIO) -> list[tuple[int, int]]:
    """Read the pictures' own headers: the directory's one byte for each side may lie."""
    sizes = []
    for entry in range(struct.unpack_from("<H", head, 4)[0]):
        (offset,) = struct.unpack_from("<I", head, 6 + 16 * entry + 12)
        file.seek(offset)
        start = file.read(24)
        if start.startswith(b"\x89PNG"):
            sizes.append(struct.unpack_from(">II", start, 16))
        else:
            width, height = _bitmap(start, 0)
            sizes.append((width, height // 2))  # the mask lies on top of the picture
    return sizes


class _Bounded:
    """A file that ends early, so that no header has imagesize read megabytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _HEADER_BYTES

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self._left:
            raise io.UnsupportedOperation("header too long")
        self._left -= size
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)
