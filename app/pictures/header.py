"""The header of a picture, read within bounds, and what it says of the picture's size."""

import os
import struct
from typing import Any, BinaryIO, NamedTuple

BYTES = 1 << 19  # that may be read in search of the size,
STEPS = 2500  # in as many pieces


class Unmeasured(Exception):
    """The header does not say the size, or not within the bounds."""


class Truncated(Unmeasured):
    """The file ends before its header does."""


class Size(NamedTuple):
    """How large a picture is, in pixels: what is shown, upright and cropped, and what is coded."""

    width: int
    height: int
    coded: tuple[int, int]  # width and height of the largest that a decoder has to make for it

    @classmethod
    def whole(cls, width: int, height: int, *, turned: bool = False) -> "Size":
        """Return the size of a picture that is shown whole, on its side if `turned`."""
        shown = (height, width) if turned else (width, height)
        return cls(*shown, coded=(width, height))


class Header:
    """A file that is read from any offset; whatever exceeds the bounds raises Unmeasured."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.length = file.seek(0, os.SEEK_END)
        self._bytes = BYTES
        self._steps = STEPS

    def read(self, offset: int, size: int) -> bytes:
        """Return exactly so many bytes.

        Raises:
            Truncated: the file ends earlier.
        """
        data = self.read_up_to(offset, size)
        if len(data) < size:
            raise Truncated
        return data

    def unpack(self, form: str, offset: int) -> tuple[Any, ...]:
        """Return the values that `struct` reads there; raises as `read` does."""
        return struct.unpack(form, self.read(offset, struct.calcsize(form)))

    def read_up_to(self, offset: int, size: int) -> bytes:
        """Return so many bytes, or fewer where the file ends."""
        self.count_step()
        size = max(0, min(size, self.length - offset))
        self._bytes -= size
        if self._bytes < 0:
            raise Unmeasured
        self._file.seek(min(offset, self.length))
        return self._file.read(size)

    def count_step(self) -> None:
        """Count one piece of work."""
        self._steps -= 1
        if self._steps < 0:
            raise Unmeasured
