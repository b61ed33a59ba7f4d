"""The header of a response, reduced to lines that no two parsers could read differently.

Browsers drop a malformed line and keep the response, so the same is done here. But a line that is
dropped must not hide where the body ends: one that names a framing field fails the response.
"""

import http.client
import re
from typing import BinaryIO

MAX_LINE_BYTES = 1 << 16
MAX_LINES = 100  # as in http.client

MAX_BLANK_LINES = 4  # in front of a status line, such as a body leaves that is longer than it says

_STATUS = re.compile(rb"HTTP/([0-9])(?:\.([0-9]))?[ \t]+([1-9][0-9]{2})(?![0-9])", re.I)
_SINGLE = {b"location", b"content-type", b"retry-after", b"refresh"}  # said twice, means once
_FRAMING = (b"content-length", b"transfer-encoding")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*+:[ \t]*+([^\0\r\n]*)")


def read_status(stream: BinaryIO) -> tuple[int, int]:
    """Read a status line as browsers do, and return the version, 10 or 11, and the status.

    There may be no reason, and letters of any case; what calls itself HTTP/2 here is HTTP/1.1.

    Raises:
        HTTPException: it is none.
    """
    for _ in range(MAX_BLANK_LINES + 1):
        line = stream.readline(MAX_LINE_BYTES + 1)
        if line not in (b"\r\n", b"\n"):
            break
    if not line:
        raise http.client.RemoteDisconnected("no answer")
    found = _STATUS.match(line)
    if not found or not line.endswith(b"\n"):
        raise http.client.BadStatusLine(line.decode("latin-1"))
    major, minor, status = found.groups(b"0")
    return 10 if (major, minor) < (b"1", b"1") else 11, int(status)


def read(stream: BinaryIO) -> list[tuple[bytes, bytes]]:
    """Read up to the empty line, and return names and values as they are meant.

    A folded line becomes one (RFC 9112, section 5.2); spaces before the colon go (5.1); lines
    with a bare CR or a NUL go as a whole (RFC 9110, section 5.5); values of a framing field that
    agree become one (RFC 9112, section 6.3).

    Raises:
        HTTPException: it does not end, or a malformed line names a framing field.
    """
    kept, framing = [], {name: list[bytes]() for name in _FRAMING}
    for line in _unfolded(stream):
        found = _LINE.fullmatch(line.rstrip(b" \t"))
        if not found:
            _check_dropped(line)
        elif (name := found[1].lower()) in framing:
            framing[name] += [part.strip(b" \t") for part in found[2].lower().split(b",")]
        elif name not in _SINGLE or found.groups() not in kept:
            kept.append((found[1], found[2]))
    codings = framing[b"transfer-encoding"]
    # RFC 9110, section 5.6.1.2: empty elements of a list are ignored.
    codings = [coding for coding in codings if coding] or codings
    # Identity is none, in the words of RFC 2616.
    framing[b"transfer-encoding"] = [] if set(codings) == {b"identity"} else codings
    for name, values in framing.items():
        kept += [(name, value) for value in dict.fromkeys(values)]
    return kept


def _unfolded(stream: BinaryIO) -> list[bytes]:
    """Read lines up to the empty one, each joined with those that continue it."""
    lines: list[bytes] = []
    for _ in range(MAX_LINES + 1):
        raw = stream.readline(MAX_LINE_BYTES + 1)
        if not raw.endswith(b"\n"):
            raise http.client.HTTPException("header line too long, or cut")
        line = raw[:-2] if raw.endswith(b"\r\n") else raw[:-1]
        if not line:
            return lines
        if line[:1] in b" \t" and lines:
            lines[-1] += b" " + line.strip(b" \t")
        else:
            lines.append(line)
    raise http.client.HTTPException(f"more than {MAX_LINES} header lines")


def _check_dropped(line: bytes) -> None:
    if any(name in line.lower() for name in _FRAMING):
        raise http.client.HTTPException("malformed framing")
