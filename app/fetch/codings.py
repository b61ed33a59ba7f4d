"""Content codings that we did not ask for and get all the same: gzip, deflate, br and zstd."""

import itertools
import sys
import zlib
from collections.abc import Callable, Iterator

import brotli

from app.errors import BrokenTransfer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK_BYTES = 1 << 14  # of a body at a time: as many are in memory as connections (bench.memory)
MAX_PARTS = {"gzip": 10_000, "zstd": 10_000}  # empty ones would keep a core busy; else one
ZSTD_WINDOW_LOG = 23  # 8 MiB, the most that RFC 9659 allows

_ZSTD_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
_ZSTD_SKIPPABLE = tuple(bytes([0x50 + number, 0x2A, 0x4D, 0x18]) for number in range(16))
_MAGIC = {"gzip": (b"\x1f\x8b",), "zstd": (b"\x28\xb5\x2f\xfd", *_ZSTD_SKIPPABLE)}
_MAGIC_BYTES = 4
_ZEROS, _BLANKS = b"\0", b"\0\t\n\r "  # what may stand behind a part, and behind the only one
_MOST_BLANKS = 64  # that brotli is given one by one, as they may be behind the end
_ALIASES = {"x-gzip": "gzip"}


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        decoded = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = len(decoded) < max_length
        return decoded


class _Brotli:
    """Gives the library no blank behind the end: it would fail, and lose what stands before."""

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()
        self.needs_input = True
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return bool(self._inner.is_finished())

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            end = max(len(data.rstrip(_BLANKS)), len(data) - _MOST_BLANKS)
            data, self.unused_data = data[:end], data[end:]
        decoded: bytes = self._inner.process(data, output_buffer_limit=max_length)
        while self.unused_data and not decoded and not self.eof:
            data, self.unused_data = self.unused_data[:1], self.unused_data[1:]
            decoded = self._inner.process(data, output_buffer_limit=max_length)
        self.needs_input = not decoded  # `can_accept_more_data` is true too early
        return decoded


# Each for one gzip member, zstd frame or the like, with what `bz2.BZ2Decompressor` offers.
_Decoder = _Zlib | _Brotli | zstd.ZstdDecompressor
_DECODERS: dict[str, Callable[[bytes], _Decoder]] = {  # given the first bytes
    "gzip": lambda head: _Zlib(16 + zlib.MAX_WBITS),
    # With the header of zlib or, as some servers send it, without.
    "deflate": lambda head: _Zlib(zlib.MAX_WBITS if head[0] & 15 == 8 else -zlib.MAX_WBITS),
    "br": lambda head: _Brotli(),
    "zstd": lambda head: zstd.ZstdDecompressor(options=_ZSTD_OPTIONS),
}
_ERRORS = (zlib.error, brotli.error, zstd.ZstdError)


def decoded(value: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Undo what Content-Encoding says; pieces come out about as large as `CHUNK_BYTES`.

    An unknown coding means none, as in browsers. Bytes that plainly lack the coding's signature
    pass as they are: what they are is decided by the bytes alone.

    Raises:
        BrokenTransfer: now or later, it is damaged, ends early or has more than one layer.
    """
    codings = [coding.strip().lower() for coding in value.split(",")]
    codings = [_ALIASES.get(name, name) for name in codings if name not in ("", "identity")]
    if not codings or not set(codings) <= _DECODERS.keys():
        return pieces
    if len(codings) > 1:
        raise BrokenTransfer("broken transfer: more than one content coding")
    return _undone(codings[0], pieces)


def _undone(coding: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    head, pieces = peek(pieces, _MAGIC_BYTES)
    if not head or _is_plain(coding, head):
        yield from pieces
        return
    try:
        yield from _parts(coding, head, pieces)
    except _ERRORS as error:
        raise BrokenTransfer("broken transfer: damaged compression") from error


def _is_plain(coding: str, head: bytes) -> bool:
    magic = _MAGIC.get(coding, (b"",))
    return not any(head.startswith(start[: len(head)]) for start in magic)


def _parts(coding: str, head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decode gzip members or zstd frames one behind the other; what is behind them is none."""
    padding, least = (_ZEROS, _MAGIC_BYTES) if coding in MAX_PARTS else (_BLANKS, 1)
    decoder, parts, rest = _DECODERS[coding](head), 1, b""
    for piece in pieces:
        rest += piece
        while rest:
            if decoder.eof:
                rest = rest.lstrip(padding)
                if _is_plain(coding, rest[:_MAGIC_BYTES]):
                    for _ in pieces:  # as gzip itself, leave aside what is no further part
                        pass
                    return
                if len(rest) < least:
                    break  # it may be one, or none
                parts += 1
                if parts > MAX_PARTS.get(coding, 1):
                    raise BrokenTransfer("broken transfer: too many compressed parts")
                decoder = _DECODERS[coding](rest)
            yield from _part(decoder, rest)
            rest = decoder.unused_data
    if not decoder.eof or rest:
        raise BrokenTransfer("broken transfer: it ended early", transient=True)


def _part(decoder: _Decoder, data: bytes) -> Iterator[bytes]:
    """Yield all that one piece of data brings."""
    yield decoder.decompress(data, CHUNK_BYTES)
    while not decoder.eof and not decoder.needs_input:
        yield decoder.decompress(b"", CHUNK_BYTES)


def peek(pieces: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, and all pieces still."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= size:
            break
    return head[:size], itertools.chain((head,), pieces)
