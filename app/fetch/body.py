"""A response's body: framing checked, at most one layer decoded, never more than allowed."""

import contextlib
import re
from collections.abc import Iterator

import requests

from app.errors import BrokenTransfer, TooLarge
from app.fetch.budget import Watch
from app.fetch.codings import CHUNK_BYTES, decoded
from app.fetch.session import translated

_DRAIN_BYTES = 1 << 16


def read(response: requests.Response, limit: int, watch: Watch) -> Iterator[bytes]:
    """Yield the decoded body piece by piece.

    Raises:
        TooLarge: it is announced as, or becomes, larger than the limit.
        BrokenTransfer: it ends early, or its framing or coding is not valid.
    """
    announced = _announced(response)
    if announced > limit:
        raise TooLarge(f"too large: {announced} bytes")
    pieces = _bounded(_raw(response, watch), limit)
    coding = response.headers.get("Content-Encoding")
    return _bounded(decoded(coding, pieces), limit) if coding else pieces


def discard(response: requests.Response, watch: Watch) -> None:
    """Leave a body aside; a small one is read if its connection can then be used again."""
    with response, contextlib.suppress(BrokenTransfer, TooLarge):
        if response.raw.will_close:
            return
        for _ in _bounded(_raw(response, watch), _DRAIN_BYTES):
            pass


def _announced(response: requests.Response) -> int:
    """Check the framing by RFC 9112, section 6.3; return the length it announces, 0 if none.

    `header` has removed spaces; other white space must not pass here that http.client keeps.
    """
    transfer = response.headers.get("Transfer-Encoding")
    if transfer not in (None, "chunked"):
        raise BrokenTransfer("broken transfer: unknown transfer coding")
    length = response.headers.get("Content-Length", "0")
    if not re.fullmatch("[0-9]{1,19}", length):
        raise BrokenTransfer("broken transfer: Content-Length is not valid")
    return 0 if transfer else int(length)


def _raw(response: requests.Response, watch: Watch) -> Iterator[bytes]:
    """Yield what came, as soon as it comes: read1 returns after one read of the wire."""
    with translated():
        while piece := response.raw.read1(CHUNK_BYTES):
            watch.earn(len(piece))
            yield piece
            del piece  # before there is another one


def _bounded(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise TooLarge(f"too large: more than {limit} bytes")
        yield piece
        del piece  # likewise
