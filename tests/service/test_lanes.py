"""Lanes: what is plain is answered there, many at a time, and nobody can hold them up."""

import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.service.conftest import SECONDS, Service, serving

BODY = b'{"url": "https://example.com/a.png"}'
POST = (
    b"POST /images HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
LIST = b"GET /images?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
LEFT_TO_THREADS = b"TE: trailers\r\n"  # changes nothing, but is not plain
UNLIKE = re.compile(  # ids, moments, entity tags
    rb"[0-9a-f-]{32,36}|\w{3}, \d\d \w{3} \d{4} [\d:]{8}|\d{4}-\d\d-\d\dT[\d:.]{8,12}"
    rb"|W/\"[^\"]*\"|\"[0-9a-f]{40}\""
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("lanes"), DOWNLOADER_JOB_THREADS="0") as service:
        yield service


@pytest.fixture
def connection(running: Service) -> Iterator[socket.socket]:
    with connect(running) as connection:
        yield connection


def connect(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), SECONDS)


def details(image_id: str) -> bytes:
    return b"GET /images/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % image_id.encode()


def read(connection: socket.socket) -> bytes:
    """Read one answer whole."""
    told = b""
    while True:
        head, end, body = told.partition(b"\r\n\r\n")
        if end and len(body) == int(re.findall(rb"Content-Length: (\d+)", head)[0]):
            return told
        more = connection.recv(65536)
        assert more, told
        told += more


def added(answer: bytes) -> str:
    """Return the id of an image that was accepted."""
    assert answer.startswith(b"HTTP/1.1 202 "), answer
    return re.findall(rb"Location: /images/(\S+)", answer)[0].decode()


def missing(service: Service, told: list[str]) -> set[str]:
    """Return which of these images are not in the list."""
    assert len(set(told)) == len(told)
    return set(told) - {row["id"] for row in service.rows("images")}


def test_a_lane_answers_as_a_thread_does(connection: socket.socket) -> None:
    connection.sendall(POST)
    accepted = read(connection)
    unknown, image = details(str(uuid4())), details(added(accepted))
    refused = POST.replace(b"https:", b"gopher")

    for request in POST, image, unknown, refused, POST.replace(b'{"url', b'{"ulr'):
        answers = []
        for sent in request, request.replace(b"Host:", LEFT_TO_THREADS + b"Host:"):
            connection.sendall(sent)
            answers.append(UNLIKE.sub(b"?", read(connection)))
        assert sorted(answers[0].split(b"\r\n")) == sorted(answers[1].split(b"\r\n"))


def test_a_connection_may_change_between_lanes_and_threads(
    running: Service, connection: socket.socket
) -> None:
    told = []
    for _ in range(5):
        connection.sendall(POST)
        told.append(added(read(connection)))
        for request in details(told[-1]), LIST, details(told[-1]), details(told[-1]):
            connection.sendall(request)
            assert told[-1].encode() in read(connection)

    assert not missing(running, told)


@pytest.mark.parametrize("size", [1, 40, len(POST) - len(BODY), len(POST) - 1])
def test_a_request_may_come_in_pieces(connection: socket.socket, size: int) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for start in range(0, len(POST), size):
        connection.sendall(POST[start : start + size])
        time.sleep(0.001)  # for a packet of its own; any division is right

    assert added(read(connection))


@pytest.mark.parametrize(
    ("request_", "status"), [(POST, 202), (details(str(uuid4())), 404)], ids=["POST", "GET"]
)
def test_who_has_asked_may_close_its_half(
    connection: socket.socket, request_: bytes, status: int
) -> None:
    connection.sendall(request_)
    connection.shutdown(socket.SHUT_WR)

    assert read(connection).startswith(b"HTTP/1.1 %d " % status)
    assert connection.recv(1) == b""


def test_a_body_that_never_comes_whole_is_given_up(connection: socket.socket) -> None:
    connection.sendall(POST[:-1])
    connection.shutdown(socket.SHUT_WR)

    assert b" 202 " not in connection.recv(65536)


def test_requests_sent_together_are_answered_in_turn(
    running: Service, connection: socket.socket
) -> None:
    connection.sendall(POST * 5)
    told = b""
    while told.count(b"HTTP/1.1 202 ") < 5 or not told.endswith(b"}\n"):
        told += connection.recv(65536)

    order = [one.decode() for one in re.findall(rb"Location: /images/(\S+)", told)]
    assert order == sorted(order)
    assert not missing(running, order)


def test_who_wants_the_connection_closed_reads_to_its_end(connection: socket.socket) -> None:
    connection.sendall(POST.replace(b"Host:", b"Connection: close\r\nHost:"))
    answer = read(connection)

    assert b"\r\nConnection: close\r\n" in answer
    assert connection.recv(1) == b""


def test_those_who_write_at_once_each_get_their_own(running: Service) -> None:
    def write(_: int) -> list[str]:
        with connect(running) as connection:
            mine = []
            for _ in range(20):
                connection.sendall(POST)
                mine.append(added(read(connection)))
            return mine

    with ThreadPoolExecutor(32) as pool:
        told = [one for mine in pool.map(write, range(32)) for one in mine]

    assert len(told) == 640
    assert not missing(running, told)


def test_who_reads_waits_for_no_writer(running: Service, connection: socket.socket) -> None:
    connection.sendall(POST)
    image_id = added(read(connection))
    [database] = Path(running.environment["DOWNLOADER_STORAGE_DIR"]).glob("*.db")
    with closing(sqlite3.connect(database)) as other, connect(running) as reader:
        other.execute("BEGIN IMMEDIATE")
        connection.sendall(POST)
        connection.settimeout(0)
        for _ in range(10):
            reader.sendall(details(image_id))
            assert image_id.encode() in read(reader)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        other.rollback()
        connection.settimeout(SECONDS)
        assert added(read(connection))


def test_clients_that_read_nothing_hold_nobody_up(running: Service) -> None:
    request = details(running.post("/images", url="https://example.com/")["id"])
    with ExitStack() as open_ones:
        for _ in range(8):
            deaf = open_ones.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", running.port))
            deaf.setblocking(False)
            with suppress(BlockingIOError, ConnectionError):
                for _ in range(10_000):
                    deaf.send(request)
        connection = open_ones.enter_context(connect(running))
        for _ in range(100):
            connection.sendall(request)
            assert read(connection).startswith(b"HTTP/1.1 200 ")


def test_what_is_under_way_is_answered_at_the_end(service: Service) -> None:
    service.environment["DOWNLOADER_JOB_THREADS"] = "0"
    service.start("--keep-alive", "75")
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(connect(service)) for _ in range(8)]
        for connection in connections:
            connection.sendall(POST)
            assert added(read(connection))
        assert service.process
        service.process.terminate()
        told = []
        for connection in connections:
            connection.sendall(POST)
            told.append(added(read(connection)))
        service.process.wait(SECONDS)
    service.start()

    assert not missing(service, told)
