"""JPEG XL: a codestream, naked or in boxes (ISO/IEC 18181-1 and 18181-2)."""

from app.pictures.header import Header, Size, Truncated, Unmeasured
from app.pictures.heif import boxes

_HEADER_BYTES = 10  # that hold at most 73 bits up to the orientation
_SHORTEST = 2  # of one whose sides are small and whose metadata are the default
_SIDE_BITS = (9, 13, 18, 30)
_RATIOS = (0, 0), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)


def measure(header: Header) -> Size:
    """Read the size; neither boxes of EXIF nor an intrinsic size change what is shown."""
    if header.read(0, 2) == b"\xff\x0a":
        return _codestream(header, 2)
    for box in boxes(header, 0, header.length):
        if box.kind in (b"jxlc", b"jxlp"):  # whole, or the first part behind its number
            return _codestream(header, box.start + (2 if box.kind == b"jxlc" else 6))
    raise Unmeasured


class _Bits:
    """Numbers of so many bits, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, bits: int) -> int:
        value = self._left & ((1 << bits) - 1)
        self._left >>= bits
        return value


def _codestream(header: Header, start: int) -> Size:
    """Read SizeHeader and the beginning of ImageMetadata (18181-1, D.2 and D.3)."""
    data = header.read_up_to(start, _HEADER_BYTES)
    if len(data) < _SHORTEST:
        raise Truncated
    bits = _Bits(data)
    small = bits.take(1)
    height = _side(bits, small)
    across, down = _RATIOS[bits.take(3)]
    width = height * across // down if across else _side(bits, small)
    all_default = bits.take(1)
    extra_fields = not all_default and bits.take(1)
    turned = bool(extra_fields) and bits.take(3) >= 4
    return Size.whole(width, height, turned=turned)


def _side(bits: _Bits, small: int) -> int:
    return (bits.take(5) + 1) * 8 if small else bits.take(_SIDE_BITS[bits.take(2)]) + 1
