"""An answer on one of our wires: where it ends, and whether its connection is kept."""

import http.client
import re
from collections.abc import Callable
from typing import cast

from urllib3 import HTTPHeaderDict
from urllib3.util.ssltransport import SSLTransport

from app.fetch import header
from app.fetch.connection import Wire

Line = Wire | SSLTransport

_LENGTH = re.compile("[0-9]{1,19}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*)?\r?\n")


class Response(http.client.HTTPResponse):
    """An answer, to be read by `read1`; when it ends well, its connection is kept."""

    headers: HTTPHeaderDict  # type: ignore[assignment]

    def __init__(self, line: Line, method: str, keep: Callable[[Line], None]) -> None:
        super().__init__(line, method=method)  # type: ignore[arg-type]
        self._line: Line | None = line
        self._keep = keep

    def read_head(self, wire: Wire) -> None:
        """Read the header; each interim answer is skipped, where http.client skips 100 only."""
        while True:
            self.version, self.status = header.read_status(self.fp)
            is_interim = 100 <= self.status < 200 and self.status != 101
            if not is_interim:
                wire.begin_response()
            fields = header.read(self.fp)
            if not is_interim:
                break
        self.headers = HTTPHeaderDict()
        for name, value in fields:
            self.headers.add(name.decode("ascii"), value.decode("latin-1"))
        self._frame()

    def _frame(self) -> None:
        """Note where the body ends (RFC 9112, section 6.3): in doubt, with the connection."""
        transfer = self.headers.get("Transfer-Encoding")
        length = self.headers.get("Content-Length")
        is_bodiless = self.status in (101, 204, 304)
        self.chunked = transfer == "chunked" and not is_bodiless
        self.chunk_left: int | None = None
        self.length = int(length) if length and _LENGTH.fullmatch(length) else None
        if is_bodiless:
            self.length = 0
        elif transfer is not None:
            self.length = None
        ends = self.chunked or self.length is not None
        # After what says that it has no body, some servers send one; what says two ends has none.
        in_doubt = not ends or is_bodiless or (transfer is not None and length is not None)
        self.will_close = in_doubt or self._check_close()  # type: ignore[attr-defined]

    def read1(self, size: int = -1) -> bytes:
        """Read what is there, or wait for something to come; nothing at the end.

        Raises:
            IncompleteRead: that comes too early.
        """
        piece = super().read1(size)
        if self.length and not piece:
            raise http.client.IncompleteRead(piece, self.length)
        if self._line and (self.length == 0 or not self.fp):
            super().close()
            line, self._line = self._line, None
            line.close() if self.will_close else self._keep(line)
        return piece

    def _read_next_chunk_size(self) -> int:
        """Read digits alone: `int` takes a sign, a prefix and underscores as well."""
        line = self.fp.readline(header.MAX_LINE_BYTES + 1)
        if len(line) > header.MAX_LINE_BYTES:
            raise http.client.LineTooLong("chunk size")
        size = _CHUNK_SIZE.fullmatch(line)
        if not size:
            raise ValueError("not a chunk size")
        return int(size[1], 16)

    def _safe_read(self, amt: int) -> bytes:
        """Read the line break behind a chunk: `read1` asks for nothing else by this."""
        data: bytes = super()._safe_read(amt)  # type: ignore[misc]
        if data != b"\r\n":
            raise http.client.IncompleteRead(data)
        return data

    def _close_conn(self) -> None:
        """Close the reader; bytes it holds behind the end would seem to answer the next request."""
        self.fp.raw.readinto = lambda buffer: None  # type: ignore[method-assign]  # no more comes
        held = self.fp.peek() or (self._line and _is_pending(self._line))
        self.will_close = self.will_close or bool(held)
        super()._close_conn()  # type: ignore[misc]

    def close(self) -> None:
        """Close the connection too, unless it is kept."""
        super().close()
        if self._line:
            self._line.close()


def wire_of(line: Line) -> Wire:
    """Return the connection below TLS, if there is any."""
    return cast(Wire, getattr(line, "socket", line))


def _is_pending(line: Line) -> bool:
    """Tell whether TLS has taken more from the wire than was read."""
    return isinstance(line, SSLTransport) and bool(line.incoming.pending or line.sslobj.pending())
