"""EXIF, of which the orientation alone matters here."""

import struct

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRIES = 1000  # of a directory, that are looked at
_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
_SHORT, _LONG = 3, 4


def lies_on_its_side(exif: bytes) -> bool:
    """Tell whether a picture is shown with its sides swapped."""
    return orientation(exif) >= 5


def orientation(exif: bytes) -> int:
    """Return how a picture is turned when it is shown (EXIF 3.0, 4.6.5.1.6); 0 if that is not said.

    As in Chromium, the first orientation counts that is a valid one, wherever it stands.
    """
    order = _ORDERS.get(exif[:4])
    if not order or len(exif) < 8:
        return 0
    return _in_directory(exif, order, struct.unpack_from(order + "I", exif, 4)[0])


def _in_directory(exif: bytes, order: str, start: int, *, inner: bool = False) -> int:
    """Return the orientation of a directory, or of the one for EXIF inside; 0 if there is none."""
    if start + 2 > len(exif):
        return 0
    (count,) = struct.unpack_from(order + "H", exif, start)
    last = min(start + 2 + 12 * min(count, _ENTRIES), len(exif) - 11)
    for at in range(start + 2, last, 12):
        tag, kind, values, value = struct.unpack_from(order + "HHI4s", exif, at)
        (short,), (long,) = (
            struct.unpack_from(order + "H", value),
            struct.unpack(order + "I", value),
        )
        if tag == _ORIENTATION and (kind, values) == (_SHORT, 1) and 1 <= short <= 8:
            return int(short)
        if tag == _EXIF_IFD and (kind, values) == (_LONG, 1) and not inner:
            inner = True  # one is enough, or they could lead back a thousand times
            if found := _in_directory(exif, order, long, inner=True):
                return found
    return 0
