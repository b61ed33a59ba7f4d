"""Messages of HTTP/1.1 that a proxy passes on."""

import http.client
import io
import re
from collections.abc import Callable

from app.fetch import header
from app.setting_values import KiB

_HEAD_BYTES = 64 * KiB
_CHUNK = 64 * KiB
_HEAD_END = re.compile(rb"\n\r?\n")
# Of one connection, not of the message (RFC 9110, section 7.6.1).
_HOP_BY_HOP = {
    *(b"host", b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization"),
    *(b"proxy-authenticate", b"te", b"trailer", b"upgrade"),
}


class Message:
    """The head of a request or response, read so that no two parsers could differ over it."""

    def __init__(self, receive: Callable[[int], bytes], rest: bytes = b"") -> None:
        while not (end := _HEAD_END.search(rest)):
            piece = receive(_CHUNK)
            if not piece or len(rest) > _HEAD_BYTES:
                raise http.client.HTTPException("head too long, or cut")
            rest += piece
        stream = io.BytesIO(rest[: end.end()])
        self.first = stream.readline().rstrip(b"\r\n")
        self.rest = rest[end.end() :]
        self.lines = header.read(stream)
        self.fields: dict[bytes, list[bytes]] = {}
        for name, value in self.lines:
            self.fields.setdefault(name.lower(), []).append(value)

    def length(self) -> int:
        """Return the length of a request's body (RFC 9112, section 6.3)."""
        [length] = self.fields.get(b"content-length", [b"0"])
        if b"transfer-encoding" in self.fields or not re.fullmatch(rb"[0-9]{1,12}", length):
            raise http.client.HTTPException("the body has no plain length")
        return int(length)

    def end_to_end(self) -> bytes:
        """Return the lines that are passed on, and the end of the head."""
        lines = [
            b"%b: %b\r\n" % (name, value)
            for name, value in self.lines
            if name.lower() not in _HOP_BY_HOP
        ]
        return b"".join(lines) + b"Connection: close\r\n\r\n"
