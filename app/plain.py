"""HTTP/1.1 in its plainest form (RFC 9112), which is what nearly all programs send.

A request is plain when nothing follows it, and neither its path nor its headers have anything to
decode, to join or to negotiate. It is read into the same environment (PEP 3333) that gunicorn makes
of it, in a fifth of the time; tests/test_plain.py asks both and compares.
Whatever else comes is not judged here: it is for gunicorn to read, and to refuse.
"""

import io
import re
from wsgiref.types import WSGIEnvironment

MAX_BYTES = 8192

KEEP_ALIVE = "keep-alive"
CLOSE = "close"

_REQUEST = re.compile(
    rb"(GET|POST) ((?:/[\w-]+)+) HTTP/1\.1\r\n((?:[A-Za-z][A-Za-z0-9-]*:[ -~]*\r\n){1,64})\r\n(.*)",
    re.DOTALL,
)
_END = b"\r\n\r\n"  # of the headers
_LENGTH = re.compile(r"[0-9]{1,4}", re.ASCII)
_NOT_OF_HTTP = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}
_NEGOTIATED = {"HTTP_EXPECT", "HTTP_TE", "HTTP_TRAILER", "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE"}


class Incomplete(Exception):
    """The rest of a request has not come yet."""


def read(data: bytes, connection: WSGIEnvironment) -> WSGIEnvironment | None:
    """Return the environment of a plain request, or none; `connection` is what all of one share.

    Raises:
        Incomplete: its headers have not come whole, or it is plain but for the rest of its body.

    """
    found = _REQUEST.fullmatch(data)
    if not found:
        if _END not in data and len(data) < MAX_BYTES:
            raise Incomplete
        return None
    method, path, lines, body = found.groups()
    environ = connection.copy()
    for line in lines[:-2].decode("ascii").split("\r\n"):
        name, _, value = line.partition(":")
        key = "HTTP_" + name.upper().replace("-", "_")
        key = _NOT_OF_HTTP.get(key, key)
        if key in environ:
            return None
        environ[key] = value.strip(" ")
    if environ.get("HTTP_CONNECTION", KEEP_ALIVE) not in (KEEP_ALIVE, CLOSE):
        return None
    if not _NEGOTIATED.isdisjoint(environ):
        return None
    length = environ.get("CONTENT_LENGTH", "0")
    if not _LENGTH.fullmatch(length) or int(length) < len(body):
        return None
    if int(length) > len(body):
        raise Incomplete
    environ["REQUEST_METHOD"] = method.decode("ascii")
    environ["PATH_INFO"] = environ["RAW_URI"] = path.decode("ascii")
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


def answer(status: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """Return the answer as it is sent; the body's length has to be among the headers."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
