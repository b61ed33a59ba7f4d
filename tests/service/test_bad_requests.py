"""What is not HTTP as we speak it is refused in the words of the API."""

import json
import socket
from collections.abc import Iterator

import pytest

from app.http.problem_types import CATALOGUE
from tests.service.conftest import SECONDS, Service, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("parsing")) as service:
        yield service


def answer(service: Service, request: bytes) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(("127.0.0.1", service.port), SECONDS) as connection:
        connection.sendall(request)
        told = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize(
    ("request_", "status", "told"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 400, "(9, 9)"),
        (b"what is this?\r\n\r\n", 400, "what"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, r"\x16\x03"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "HOST "),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "HOST"),
        (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 9000), 414, "large"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: a\r\n\r\n", 417, ""),
        (b"GET / HTTP/1.1\r\nHost: a\r\n%s\r\n" % (b"A: b\r\n" * 200), 431, "headers"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: %s\r\n\r\n" % (b"b" * 9000), 431, "size"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zip, chunked\r\n\r\n", 501, "zip"),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_it_is_a_problem_and_says_what(
    running: Service, request_: bytes, status: int, told: str
) -> None:
    got, headers, body = answer(running, request_)
    problem = json.loads(body)

    assert (got, problem["status"]) == (status, status)
    assert problem["type"].removeprefix("/problems/") in CATALOGUE
    assert told.lower() in problem["detail"].lower()
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Connection"] == "close"
    assert headers["Date"].endswith(" GMT")
    assert headers["X-Content-Type-Options"] == "nosniff"
    [line] = [line for line in running.lines() if headers["X-Request-ID"] == line.get("request_id")]
    assert (line["level"], line["client"], line["status"]) == ("WARNING", "127.0.0.1", status)


def test_the_longest_url_may_be_asked_for(running: Service) -> None:
    url = "https://example.com/" + "a" * 8000

    assert running.get(f"/images?source_url={url}").status_code == 200
