"""TIFF and BigTIFF, and what is none though it begins like one."""

import struct
from contextlib import suppress

from app.errors import NotAnImage
from app.pictures.header import Header, Size, Unmeasured

_WIDTH, _HEIGHT, _PHOTOMETRIC, _ORIENTATION, _PARTS, _DNG = 256, 257, 262, 274, 330, 50706
_TAGS = {_WIDTH, _HEIGHT, _PHOTOMETRIC, _ORIENTATION, _PARTS, _DNG}
_TYPES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_ENTRIES = 400  # of a directory,
_VALUES = 8  # and of a tag, that are looked at
_SENSOR = {32803, 34892}  # photometric interpretations of raw files: colour filters, linear
_RAW_MARKS = b"CR", b"IIII", b"MMMM"  # of Canon and Phase One, behind the header


class _Tags(dict[int, tuple[int, ...]]):
    def first(self, tag: int) -> int:
        return self.get(tag, (0,))[0]


class _File:
    """A header with its byte order, and its kind: BigTIFF has longer counts and offsets."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.order = "<" if header.read(0, 1) == b"I" else ">"
        self.big = self.read("H", 2) == 43
        self.offset, self.count = ("Q", "Q") if self.big else ("I", "H")

    def read(self, kind: str, at: int) -> int:
        number: int
        (number,) = self.header.unpack(self.order + kind, at)
        return number

    def directory(self, at: int) -> _Tags:
        """Return those tags of a directory that matter here."""
        entry = struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))
        count = min(self.read(self.count, at), _ENTRIES)
        data = self.header.read(at + struct.calcsize(self.count), count * entry.size)
        return _Tags(
            (tag, self._values(*rest)) for tag, *rest in entry.iter_unpack(data) if tag in _TAGS
        )

    def _values(self, kind: int, count: int, inline: bytes) -> tuple[int, ...]:
        """Return numbers, which lie elsewhere if there is no room for them in the entry."""
        if kind not in _TYPES or not count:
            return (0,)
        form = f"{self.order}{min(count, _VALUES)}{_TYPES[kind]}"
        if count * struct.calcsize(_TYPES[kind]) > len(inline):
            (at,) = struct.unpack(self.order + self.offset, inline)
            return self.header.unpack(form, at)
        return struct.unpack_from(form, inline)


def measure(header: Header) -> Size:
    """Read the size of the first page (TIFF 6.0), upright.

    Raises:
        NotAnImage: it is a raw file of a camera, and its first page at most a preview.
    """
    file = _File(header)
    page = file.directory(file.read(file.offset, 8 if file.big else 4))
    if _is_raw(file, page):
        raise NotAnImage("not an image: a camera raw file")
    turned = 5 <= page.first(_ORIENTATION) <= 8
    return Size.whole(page.first(_WIDTH), page.first(_HEIGHT), turned=turned)


def _is_raw(file: _File, page: _Tags) -> bool:
    """Tell raw files by their marks, and by what the page or one of its parts shows."""
    if _DNG in page or (not file.big and file.header.read_up_to(8, 4).startswith(_RAW_MARKS)):
        return True
    pages = [page]
    with suppress(Unmeasured):
        pages += [file.directory(at) for at in page.get(_PARTS, ())]
    return any(page.first(_PHOTOMETRIC) in _SENSOR for page in pages)
