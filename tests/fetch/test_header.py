"""Headers as browsers read them: malformed lines are dropped, and hide no end of the body."""

import contextlib
import io
import re
import socket
import subprocess
import sys
from http.client import HTTPException
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.errors import BrokenTransfer, Failure
from app.fetch import Fetcher, body, header
from app.fetch.budget import Watch
from app.fetch.cookies import Cookies
from app.fetch.session import Session, public_tls
from app.urls import Url
from tests.fetch.conftest import image
from tests.fetch.origin import Origin, closing, png

OK = b"HTTP/1.1 200 OK\r\n"


MALFORMED = {
    "blank in the name": b"Server Name: IAD-WEB",
    "no colon": b"Warning this is no header",
    "no name": b": nothing",
    "a name of spaces": b"  : nothing",
    "a fold at the start": b" folded",
    "not ASCII": "Größe: 1".encode(),
    "a bracket in the name": b"X(y): z",
    "NUL in the name": b"X\0: y",
    "NUL in the value": b"X: y\0z",
    "bare CR in the value": b"X: y\rContent-Type: text/html",
    "bare CR at the end": b"X: y\r",
    "a second status line": b"HTTP/1.1 200 OK",
    "HTML": b"<b>Warning</b>: headers already sent",
}


@pytest.mark.parametrize("how", MALFORMED)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_malformed_line_is_dropped_and_what_follows_counts(
    hasty: Fetcher, origin: Origin, how: str, end: bytes
) -> None:
    start = OK + MALFORMED[how] + end
    origin.answers["/whole"] = start + b"Content-Length: 100" + end * 2 + png()
    origin.answers["/cut"] = closing(start + b"Content-Length: 101" + end * 2 + png())
    chunked = start + b"Transfer-Encoding: chunked" + end * 2 + b"64\r\n" + png()
    origin.answers["/chunked"] = chunked + b"\r\n0\r\n\r\n"
    origin.answers["/cut-chunk"] = closing(chunked)
    for target in "/whole", "/chunked":
        assert image(hasty, origin.url(target)).bytes == 100
    for target in "/cut", "/cut-chunk":
        with pytest.raises(BrokenTransfer, match="it ended early"):
            image(hasty, origin.url(target))


MEANT = {
    "a space before the colon": b"Content-Length : 100",
    "a tab before the colon": b"Content-Length\t: 100",
    "no space behind the colon": b"content-length:100",
    "a folded length": b"Content-Length:\r\n 100",
    "the same length twice": b"Content-Length: 100\r\nContent-length: 100",
    "the same length twice in a line": b"Content-Length: 100, 100",
    "beside identity": b"Content-Length: 100\r\nTransfer-Encoding: Identity",
}


@pytest.mark.parametrize("how", MEANT)
def test_a_length_in_an_odd_spelling_counts(hasty: Fetcher, origin: Origin, how: str) -> None:
    origin.answers["/"] = OK + MEANT[how] + b"\r\n\r\n" + png()
    origin.answers["/cut"] = closing(OK + MEANT[how] + b"\r\n\r\n" + png()[:-1])
    assert image(hasty, origin.url()).bytes == 100
    with pytest.raises(BrokenTransfer, match="it ended early"):
        image(hasty, origin.url("/cut"))


STATUSES = [
    b"HTTP/1.1 200",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1  200  OK",
    b"HTTP/1.1 200OK",
    b"HTTP/1.1 200 \xd6K",
    b"http/1.1 200 ok",
    b"HTTP/1.2 200 OK",
    b"HTTP/2 200",
    b"\r\nHTTP/1.1 200 OK",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK",
    b"HTTP/1.1 203 Changed on the way",
    b"HTTP/1.1 201 Created",
]
NO_STATUSES = [
    b"HTTP/1.1 2000 OK",
    b"HTTP/1.1 20 OK",
    b"HTTP/1.1 OK",
    b"HTTP/1.1200 OK",
    b"ICY 200 OK",
    b"\r\n" * 5 + b"HTTP/1.1 200 OK",
    b"",
]


@pytest.mark.parametrize("line", STATUSES)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_status_line_is_read_as_browsers_do(
    fetcher: Fetcher, origin: Origin, line: bytes, end: bytes
) -> None:
    origin.answers["/"] = line + end + b"Content-Length: 100\r\n\r\n" + png()
    assert image(fetcher, origin.url()).bytes == 100
    assert image(fetcher, origin.url()).bytes == 100
    assert origin.connections.total() == 1


@pytest.mark.parametrize("line", NO_STATUSES)
def test_what_is_no_status_line_is_refused(fetcher: Fetcher, origin: Origin, line: bytes) -> None:
    origin.answers["/"] = closing(line + b"\r\nContent-Length: 100\r\n\r\n" + png())
    with pytest.raises(BrokenTransfer):
        image(fetcher, origin.url())


def test_a_connection_of_http_1_0_ends_unless_it_is_kept(fetcher: Fetcher, origin: Origin) -> None:
    for line, connections in ((b"HTTP/1.0 200", 2), (b"HTTP/1.0 200\r\nConnection: keep-alive", 3)):
        origin.answers["/"] = line + b"\r\nContent-Length: 100\r\n\r\n" + png()
        for _ in range(2):
            assert image(fetcher, origin.url()).bytes == 100
        assert origin.connections.total() == connections


def test_a_field_of_one_value_that_is_said_twice_counts_once(
    fetcher: Fetcher, origin: Origin
) -> None:
    moved = b"HTTP/1.1 302\r\nLocation: /a\r\nX: y\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"
    origin.answers |= {"/": moved, "/a": OK + b"Content-Length: 100\r\n\r\n" + png()}
    assert image(fetcher, origin.url()).bytes == 100


CHUNKED = {
    "twice": b"Transfer-Encoding: chunked\r\ntransfer-encoding: Chunked",
    "twice in a line": b"Transfer-Encoding: chunked, chunked",
    "with an empty element": b"Transfer-Encoding: , chunked",
    "folded": b"Transfer-Encoding:\r\n\tchunked",
    "with a space before the colon": b"Transfer-Encoding : chunked",
    "beside a length": b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    "beside a length beyond the limit": b"Content-Length: 999999999\r\nTransfer-Encoding: chunked",
}


@pytest.mark.parametrize("how", CHUNKED)
def test_chunked_in_an_odd_spelling_is_chunked_once(
    hasty: Fetcher, origin: Origin, how: str
) -> None:
    start = OK + CHUNKED[how] + b"\r\n\r\n64\r\n" + png() + b"\r\n"
    origin.answers |= {"/": start + b"0\r\n\r\n", "/cut": closing(start)}
    assert image(hasty, origin.url()).bytes == 100
    with pytest.raises(BrokenTransfer, match="it ended early"):
        image(hasty, origin.url("/cut"))


HIDING = {
    "two lengths": b"Content-Length: 100\r\nContent-Length: 50",
    "two lengths, one odd": b"Content-Length: 100\r\nContent-Length : 50",
    "two lengths, one folded": b"Content-Length: 100\r\n\t50",
    "two lengths, one empty": b"Content-Length: 100\r\nContent-Length:",
    "a length behind a bare CR": b"X: y\rContent-Length: 50",
    "a length behind a NUL": b"X: y\0Content-Length: 50",
    "a length with a NUL": b"Content-Length: 5\x000",
    "a length without a colon": b"Content-Length 50",
    "a length behind a fold at the start": b" Content-Length: 50",
    "a length behind a fold of what is dropped": b"Server Name: x\r\n Content-Length: 50",
    "an odd transfer coding": b"Transfer-Encoding: \x0bchunked",
    "two transfer codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
    "identity": b"Transfer-Encoding: chunked, identity",
    "a name with a blank": b"Transfer -Encoding: x\r\nX Transfer-Encoding: chunked",
}


@pytest.mark.parametrize("how", HIDING)
def test_a_body_whose_end_can_be_read_in_two_ways_is_refused(
    hasty: Fetcher, origin: Origin, how: str
) -> None:
    origin.answers["/"] = closing(OK + HIDING[how] + b"\r\n\r\n" + png())
    with pytest.raises(BrokenTransfer) as broken:
        image(hasty, origin.url())
    assert not broken.value.transient


def test_a_header_that_does_not_end_is_broken(hasty: Fetcher, origin: Origin) -> None:
    for start in b"", b"X: y", b"X: y\r\n", b"X: y\r\n\r":
        origin.answers["/"] = closing(OK + start)
        with pytest.raises(BrokenTransfer):
            image(hasty, origin.url())


def test_a_hundred_lines_are_read_and_not_one_more() -> None:
    line = b"Server Name: x\r\n"
    assert header.read(io.BytesIO(line * 100 + b"\r\n")) == []
    with pytest.raises(HTTPException):
        header.read(io.BytesIO(line * 101 + b"\r\n"))


# In a process of its own: a pattern that tries each blank with each other holds all threads.
BLANKS = """
import io, resource
from app.fetch import header
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
blanks = b" " * 60_000
for start, end in (b"X:", b"\\0"), (b"X", b"\\0"), (b"X: a", b"b"), (b"X: a", b""):
    line = start + blanks + end
    print(len(header.read(io.BytesIO(line + b"\\r\\n\\r\\n"))))
"""


def test_a_line_of_blanks_costs_little() -> None:
    ended = subprocess.run([sys.executable, "-c", BLANKS], capture_output=True, text=True)
    assert ended.stdout.split() == ["0", "0", "1", "1"], ended.stderr


PIECES = [
    *("Content-Length", "content-length", "Transfer-Encoding", "X", "Content-Type", "Server Name"),
    *(":", ":", " :", ": ", "\t:", "5", "4", "05", "+5", "5, 5", "5, 4", "5,", "chunked"),
    *("gzip", "chunked, chunked", "\r\n", "\n", "\r", "\0", " ", "\t", "\r\n ", "\n\t", "\r\n\r\n"),
    *("\x0b", "\x85", "\xa0", "é"),
]
LINES = st.lists(st.sampled_from(PIECES) | st.text("\r\n\0 :a5,", max_size=3), max_size=12)
BODY = b"5\r\nhello\r\n0\r\n\r\n"


class Near(socket.socket):
    """Our end of a connection that nobody else waits for."""

    def begin_response(self) -> None:
        pass

    def rest(self) -> None:
        pass


def outcome(block: bytes) -> bytes | None:
    """Return the body that a response with this header has; None when it is refused."""
    plain, far = socket.socketpair()
    near: Any = Near(fileno=plain.detach())
    session = Session(lambda *_: near, public_tls, "x", Cookies())
    with far, contextlib.closing(session):
        far.sendall(OK + block + BODY)
        far.shutdown(socket.SHUT_WR)
        watch = Watch(lambda: False)
        watch.start(30)
        try:
            response = session.fetch(Url.parse("http://a.test/"), "*/*")
            with response:
                return b"".join(body.read(response, 1000, watch))
        except Failure:
            return None


def framing(block: bytes) -> tuple[set[bytes], set[bytes], bool, bytes]:
    """Read lengths and transfer codings by RFC 9112; whether it could be misread; what follows."""
    whole = re.match(rb"(?s)((?:.*?\n)??)\r?\n", block)
    assert whole
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", b"\r\n" + whole[1])
    values: dict[bytes, set[bytes]] = {b"content-length": set(), b"transfer-encoding": set()}
    unclear = False
    for line in re.split(rb"\r?\n", unfolded):
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t").lower()
        if name in values and colon and not re.search(rb"[\r\0]", line):
            values[name] |= {part.strip(b" \t").lower() for part in value.split(b",")}
        elif re.search(rb"(?i)content-length|transfer-encoding", line):
            unclear |= not re.fullmatch(rb"[A-Za-z-]+[ \t]*:[^\r\0]*", line)
    return (*values.values(), unclear, block[whole.end() :])


@settings(max_examples=500)
@given(LINES.map("".join).map(str.encode))
@example(b"Content-Length: 5\r\nContent-Length: 4\r\n")
@example(b"Content-Length: 5\r\n 4\r\n")
@example(b"X: y\rContent-Length: 5\r\n")
@example(b"Content-Length: 5\0\r\n")
@example(b"Transfer-Encoding:\r\n chunked\r\n")
def test_no_header_hides_where_the_body_ends(block: bytes) -> None:
    block = (block + b"\r\n" if block and not block.endswith(b"\n") else block) + b"\r\n"
    lengths, codings, unclear, rest = framing(block)
    sent = rest + BODY
    found = outcome(block)
    if unclear or len(lengths) > 1 or not codings - {b""} <= {b"chunked"}:
        assert found is None
    elif found is not None and codings:
        size = int(sent.partition(b"\r\n")[0].partition(b";")[0], 16)
        assert found[:size] == sent.partition(b"\n")[2][:size]
    elif found is not None and lengths:
        assert found == sent[: int(next(iter(lengths)))]
    elif found is not None:
        assert found == sent


@given(st.binary(max_size=200))
def test_a_clean_header_is_read_in_one_way_only(block: bytes) -> None:
    stream = io.BytesIO(block + b"\r\n\r\nrest")
    try:
        clean = header.read(stream)
    except HTTPException:
        return
    assert b"rest" in stream.read(), "nothing behind the empty line is taken"
    for name, value in clean:
        assert re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
        assert re.fullmatch(rb"[^\r\n\0]*", value)
