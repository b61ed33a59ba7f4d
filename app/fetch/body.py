"""A response's body: framing checked, at most one layer decoded, never more than allowed."""

import contextlib
import itertools
import zlib
from collections.abc import Iterator

import requests

from app.errors import BrokenTransfer, TooLarge
from app.fetch.transport import translated

CHUNK_BYTES = 1 << 16
_DRAIN_BYTES = 1 << 16


def read(response: requests.Response, limit: int) -> Iterator[bytes]:
    """Yield the decoded body piece by piece.

    Raises:
        TooLarge: it is announced as, or becomes, larger than the limit.
        BrokenTransfer: it ends early, or its framing or coding is not valid.

    """
    announced = _announced(response)
    if announced > limit:
        raise TooLarge(f"too large: {announced} bytes")
    size = 0
    for piece in _decoded(response):
        size += len(piece)
        if size > limit:
            raise TooLarge(f"too large: more than {limit} bytes")
        yield piece


def peek(pieces: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, and all pieces still."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= size:
            break
    return head[:size], itertools.chain((head,), pieces)


def discard(response: requests.Response) -> None:
    """Leave a body aside; a small one is read, so that its connection can be used again."""
    size = 0
    with response, contextlib.suppress(BrokenTransfer):
        for piece in _raw(response):
            size += len(piece)
            if size > _DRAIN_BYTES:
                return


def _announced(response: requests.Response) -> int:
    """Check the framing by RFC 9112, section 6.3; return the length it announces, 0 if none."""
    transfer = response.headers.get("Transfer-Encoding")
    lengths = response.headers.get("Content-Length", "0").split(",")
    if transfer and transfer.strip().lower() != "chunked":
        raise BrokenTransfer("broken transfer: unknown transfer coding")
    length = lengths[0].strip()
    if not (length.isascii() and length.isdigit() and len(length) < 20):
        raise BrokenTransfer("broken transfer: Content-Length is not valid")
    return 0 if transfer else int(length)


def _raw(response: requests.Response) -> Iterator[bytes]:
    """Yield what came, as soon as it comes: read1 returns after one read of the wire."""
    with translated():
        while piece := response.raw.read1(CHUNK_BYTES, decode_content=False):
            yield piece


def _decoded(response: requests.Response) -> Iterator[bytes]:
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        return _raw(response)
    if coding in ("gzip", "x-gzip", "deflate"):
        return _inflated(_raw(response))
    raise BrokenTransfer("broken transfer: unknown content coding")


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip or deflate in bounded steps; deflate comes with or without zlib's header."""
    decoder = None
    for piece in pieces:
        while piece:
            if decoder is None or decoder.eof:
                headed = piece[0] == 0x1F or piece[0] & 0x0F == 8
                decoder = zlib.decompressobj(32 + zlib.MAX_WBITS if headed else -zlib.MAX_WBITS)
            try:
                yield decoder.decompress(piece, CHUNK_BYTES)
            except zlib.error as error:
                raise BrokenTransfer("broken transfer: damaged compression") from error
            piece = decoder.unconsumed_tail or decoder.unused_data
    if decoder is None or not decoder.eof:
        raise BrokenTransfer("broken transfer: it ended early", transient=True)
