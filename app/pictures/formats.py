"""What a file is, by its bytes: image formats, and the impostors."""

import re
from typing import NamedTuple

from app.pictures import svg

HEAD_BYTES = 4096  # enough for all but an SVG whose root element comes late


class ImageFormat(NamedTuple):
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
JXL = ImageFormat("jxl", "image/jxl", "jxl")
BMP = ImageFormat("bmp", "image/bmp", "bmp")
ICO = ImageFormat("ico", "image/vnd.microsoft.icon", "ico")
TIFF = ImageFormat("tiff", "image/tiff", "tiff")
SVG = ImageFormat("svg", "image/svg+xml", "svg")

FORMATS = (JPEG, PNG, GIF, WEBP, AVIF, HEIC, JXL, BMP, ICO, TIFF, SVG)
BY_NAME = {one.name: one for one in FORMATS}
BY_CONTENT_TYPE = {one.content_type: one for one in FORMATS}
# Further names that people know them by.
ALIASES = {"jpg": "jpeg", "tif": "tiff", "heif": "heic"}


def _pattern(signature: bytes) -> re.Pattern[bytes]:
    return re.compile(signature, re.DOTALL | re.IGNORECASE)


# Atomic groups, or a thousand comments would be tried in every partition.
_PROLOGUE = rb"(?:\xef\xbb\xbf)?\s*+(?><\?xml.*?\?>\s*+)?+(?:(?><!--.*?-->)\s*+)*+"

# How long the headers are that Windows and OS/2 wrote.
_BMP_HEADERS = bytes({12, 40, 42, 46, 52, 56, 108, 124, *range(16, 65, 4)})

_SIGNATURES = [
    (JPEG, re.compile(rb"\xff\xd8\xff")),
    (PNG, re.compile(rb"\x89PNG\r\n\x1a\n")),
    (GIF, re.compile(rb"GIF8[79]a")),
    (WEBP, re.compile(rb"RIFF.{4}WEBPVP8[ LX]", re.DOTALL)),
    (BMP, re.compile(rb"BM.{12}[" + re.escape(_BMP_HEADERS) + rb"]\0\0\0", re.DOTALL)),
    (JXL, re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n")),
    (TIFF, re.compile(rb"II[*+]\0|MM\0[*+]")),
]
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_HEIF_BRANDS = {b"mif1", b"mif2", b"msf1"}  # of any codec, where none is named; mostly that of HEIC

_HTML_TAGS = (
    rb"!doctype html|html|head|body|script|title|meta|link|base|style|div|p|a|h[1-6]|table|iframe"
    rb"|font|b|br|i|em|strong|center|img|picture|figure|main|section|article|header|nav|noscript"
    rb"|span|ul|ol|form|frameset"
)
_OPEN_COMMENT = rb"(?:\xef\xbb\xbf)?\s*+<!--(?!.*?-->).{1000}"  # longer than XML has them
_FEED = _pattern(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?><\?.*?\?>|<!--.*?-->|<!doctype\s[^>\[]*>)\s*+)*+"
    rb"<(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|urlset)[\s>]"
    rb"|(?:\xef\xbb\xbf)?\s*+\{.*?\"version\"\s*:\s*\"https?:\\?/\\?/jsonfeed\.org\\?/"
)
_IMPOSTORS = [
    ("HTML", _pattern(_PROLOGUE + rb"<(?:" + _HTML_TAGS + rb")[\s/>]|" + _OPEN_COMMENT)),
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
    (
        "a camera raw file",
        re.compile(rb"II(?:R[OS]|U\0)|MMOR|FUJIFILMCCD-RAW|.{4}ftypcrx", re.DOTALL),
    ),
    ("video or sound", re.compile(rb".{4}ftyp|\x1a\x45\xdf\xa3|OggS|ID3|RIFF", re.DOTALL)),
    ("text", re.compile(rb"[^\0-\x08\x0e-\x1a\x1c-\x1f]+\Z")),
]


def sniff(head: bytes) -> ImageFormat | None:
    """Tell an image format by the first bytes of a file; what a server calls it says nothing."""
    for known, signature in _SIGNATURES:
        if signature.match(head):
            return known
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    if _is_icon(head):
        return ICO
    return SVG if svg.is_svg(head) else None


def _by_brands(head: bytes) -> ImageFormat | None:
    """Judge a file in boxes by its brands; mif3 names its codec where others have a version."""
    end = min(int.from_bytes(head[:4]), len(head))
    brands = {head[at : at + 4] for at in (8, *range(16, end, 4))}
    if head[8:12] == b"mif3":
        brands.add(head[12:16])
    if brands & _AVIF_BRANDS:
        return AVIF
    return HEIC if brands & (_HEIC_BRANDS | _HEIF_BRANDS) else None


def _is_icon(head: bytes) -> bool:
    """Tell icons and cursors, whose mark is weak, by where their first picture lies."""
    count, offset = int.from_bytes(head[4:6], "little"), int.from_bytes(head[18:22], "little")
    return head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and count > 0 and offset >= 6 + 16 * count


def is_feed(head: bytes) -> bool:
    """Tell RSS, Atom, JSON Feed and site maps by the first bytes of a document."""
    return bool(_FEED.match(head))


def describe(head: bytes) -> str:
    """Name what is not an image, for the sentence that says so."""
    if not head:
        return "empty"
    return next((name for name, sign in _IMPOSTORS if sign.match(head)), "unknown bytes")
