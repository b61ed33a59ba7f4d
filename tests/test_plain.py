"""Plain requests are read as gunicorn reads them; what gunicorn would refuse is not plain."""

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app import plain

ADDRESS = ("127.0.0.1", 8000)
LIKE_THE_CONNECTION = {
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "8000",
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
}
BODY = b'{"url": "https://example.com/a.png"}'
POST = (
    b"POST /images HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
GET = b"GET /images/019aa0f6-6a5b-7d0e-8f00-aaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n"


def by_gunicorn(data: bytes) -> dict[str, Any]:
    """Return the environment that gunicorn makes, and the body with it."""
    config = Config()
    config.set("forwarded_allow_ips", "")
    parser = RequestParser(config, iter([data]), ADDRESS)
    request = next(parser)
    environ = create(request, None, ADDRESS, ADDRESS, config)[1]
    body = environ["wsgi.input"].read()
    assert parser.unreader.take_buffered() == b"", "something follows"
    return comparable(environ, body)


def comparable(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    told = {name: value for name, value in environ.items() if name.isupper()}
    told.pop("SERVER_SOFTWARE", None)
    return told | {"scheme": environ["wsgi.url_scheme"], "body": body}


def check(data: bytes) -> bool:
    """Compare, where a request is plain; tell whether it is."""
    try:
        environ = plain.read(data, LIKE_THE_CONNECTION)
    except plain.Incomplete:
        return False
    if environ is None:
        return False
    assert comparable(environ, environ["wsgi.input"].read()) == by_gunicorn(data)
    return True


@pytest.mark.parametrize("data", [POST, GET, GET.replace(b"X-Empty:", b"Connection: close")])
def test_what_programs_send_is_plain(data: bytes) -> None:
    assert check(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"POST", b"PUT"),
        (b"POST", b"post"),
        (b"/images", b"/images?a=b"),
        (b"/images", b"//images"),
        (b"/images", b"/%69mages"),
        (b"/images", b"http://localhost/images"),
        (b"/images", b"/images#a"),
        (b"1.1", b"1.0"),
        (b"1.1\r\n", b"1.1\n"),
        (b"Accept", b"Acc_ept"),
        (b"Accept:", b"Accept :"),
        (b"Accept", b" Accept"),
        (b"Accept: */*", b"Host: another"),
        (b"Accept: */*", b"host: another"),
        (b"Accept: */*", b"Content-Length: 5"),
        (b"Accept: */*", b"Transfer-Encoding: chunked"),
        (b"Accept: */*", b"Expect: 100-continue"),
        (b"Accept: */*", b"Upgrade: h2c"),
        (b"Accept: */*", b"Connection: Upgrade"),
        (b"Accept: */*", b"A: \xff"),
        (b"Accept: */*", b"A: b\r\n c"),
        (b"Accept: */*", b"A: b\rc"),
        (b"Accept: */*", b"A: b\nB: c"),
        (b"Accept: */*", b"A: b\0"),
        (b"Accept: */*", b"\r\n".join(b"A%d: b" % number for number in range(100))),
        (b"Length: ", b"Length: +"),
        (b"Length: ", b"Length: 0x"),
        (b"Length: ", b"Length: \xb2"),
        (BODY, BODY + b"more"),
        (BODY, BODY + GET),
    ],
)
def test_what_is_unusual_is_not(old: bytes, new: bytes) -> None:
    assert old in POST
    assert plain.read(POST.replace(old, new, 1), LIKE_THE_CONNECTION) is None


@pytest.mark.parametrize("length", range(len(POST)))
def test_the_rest_may_come_later(length: int) -> None:
    with pytest.raises(plain.Incomplete):
        plain.read(POST[:length], LIKE_THE_CONNECTION)


def test_what_is_too_long_is_not_waited_for() -> None:
    assert plain.read(b"GET /" + b"a" * plain.MAX_BYTES, LIKE_THE_CONNECTION) is None


PIECES = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b"\0", b"_", b"-", b"0", b"9", b"/"),
        *(b"?", b"#", b"%41", b"\x85", b"\xa0", b"\xff", b"\r\n\r\n", b"GET", b"HTTP/1.1"),
        *(b"Host: a\r\n", b"Content-Length: 3\r\n", b"Connection: close\r\n"),
        b"Transfer-Encoding: chunked\r\n",
        *(b"Script-Name: /a\r\n", b"Path-Info: /a\r\n", b"X-Forwarded-Proto: https\r\n"),
    ]
)
CHANGES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3), PIECES), max_size=4)


@given(st.sampled_from([GET, POST]), CHANGES)
@example(POST, [])
@settings(max_examples=2000, deadline=None)
def test_whatever_is_plain_gunicorn_reads_alike(
    data: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    for place, length, piece in changes:
        data = data[:place] + piece + data[place + length :]
    check(data)


def test_an_answer_is_a_status_headers_and_a_body() -> None:
    told = plain.answer("200 OK", [("Content-Length", "2"), ("X-A", "\xe9")], b"ok")

    assert told == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: \xe9\r\n\r\nok"
