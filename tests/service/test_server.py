"""gunicorn's threads: each connection gets its answers, however many and however fast they ask."""

import re
import resource
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
import trustme
from gunicorn.workers.gthread import PollableMethodQueue

from app.server import MethodQueue
from app.server.slow_clients import Places
from tests.samples import large_picture
from tests.service.conftest import SECONDS, Service, serving
from tests.site import Reply, Site

HASTY = str(Path(__file__).with_name("hasty.conf.py"))
JSON = (
    b"POST /images HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
)
CLIENT_HELLO = b"\x16\x03\x01\x20\x00"  # its begin
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("worker"), "--keep-alive", "75") as service:
        yield service


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("hasty"), "-c", HASTY) as service:
        yield service


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of four threads."""
    with serving(tmp_path_factory.mktemp("four"), "--threads", "4") as service:
        yield service


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of two threads."""
    flags = "--threads", "2", "--keep-alive", "75"
    with serving(tmp_path_factory.mktemp("two"), *flags) as service:
        yield service


def connect(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), SECONDS)


def read(connection: socket.socket, count: int = 1) -> None:
    """Read so many answers, each of them a good one."""
    told = b""
    while len(re.findall(rb'"status": ?"ok"\}', told)) < count:
        more = connection.recv(65536)
        assert more, told
        told += more
    assert told.count(b"HTTP/1.1 200 ") == count


def test_a_connection_may_ask_again_and_again(running: Service) -> None:
    with connect(running) as connection:
        for pause in 0, 0, 0.1, 0:
            time.sleep(pause)
            connection.sendall(REQUEST)
            read(connection)


def test_requests_sent_together_are_all_answered(running: Service) -> None:
    with connect(running) as connection:
        connection.sendall(REQUEST * 5)
        read(connection, 5)


@pytest.mark.parametrize("body", [b"zz\r\n", b"2\r\n{}zz\r\n0\r\n\r\n"])
def test_what_is_not_in_chunks_is_refused_and_ends_the_connection(
    running: Service, body: bytes
) -> None:
    with connect(running) as connection:
        head = b"Host: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(b"POST /images HTTP/1.1\r\n" + head + body + REQUEST)
        told = b""
        while more := connection.recv(65536):
            told += more

    assert told.startswith(b"HTTP/1.1 400 ")
    assert b'"/problems/bad-request"' in told
    assert b'"ok"' not in told
    assert not [line for line in running.lines() if line["level"] == "ERROR"]


def test_more_connections_than_threads_take_turns(two: Service) -> None:
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(connect(two)) for _ in range(8)]
        for _ in range(5):
            for connection in connections:
                connection.sendall(REQUEST)
            for connection in connections:
                read(connection)


@pytest.mark.parametrize(
    "begun", [b"", b"G", JSON + b"{", JSON.replace(b"images", b"download") + b"{"]
)
def test_the_process_answers_while_as_many_clients_as_threads_are_slow(
    four: Service, begun: bytes
) -> None:
    with ExitStack() as connections:
        slow = [connections.enter_context(connect(four)) for _ in range(8)]
        for connection in slow:
            connection.sendall(begun)
        for _ in range(3):
            for connection in slow:
                with suppress(ConnectionError):
                    connection.sendall(b"A")
            began = time.monotonic()
            assert four.get("/healthz").ok
            assert (
                time.monotonic() - began < SECONDS / 4
            )  # threads would be free after READ_SECONDS


def test_the_process_answers_while_some_wait_for_jobs_and_more_are_slow(
    tmp_path: Path, site: Site
) -> None:
    released = threading.Event()
    site.replies["/"] = lambda: released.wait(SECONDS) and Reply()  # type: ignore[func-returns-value]
    waiting, slow = 20, 60  # as many as threads wait for no job, and then some
    with (
        serving(tmp_path, DOWNLOADER_MAX_WAITING=str(waiting)) as service,
        ExitStack() as connections,
    ):
        path = "/images/" + service.post("/images", url=site.url())["id"]
        wait = b"GET %s HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=30\r\n\r\n" % path.encode()
        for begun in [wait] * waiting + [JSON + b"{"] * slow:
            connections.enter_context(connect(service)).sendall(begun)
        began = time.monotonic()
        for _ in range(20):
            assert service.get("/healthz").ok
        released.set()
        assert time.monotonic() - began < 10  # threads would be free after READ_SECONDS


def test_the_process_answers_while_as_many_clients_as_threads_read_slowly(
    four: Service, site: Site
) -> None:
    photo = large_picture()
    path = "/images/" + four.post("/images", url=site.file("/a.png", photo))["id"] + "/content"
    four.wait(lambda: four.get(path).status_code == 200)
    with ExitStack() as connections:
        for _ in range(8):
            reader = connections.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.bind(("127.0.0.2", 0))  # another client
            reader.connect(("127.0.0.1", four.port))
            reader.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
        assert four.get("/healthz").ok
        assert four.get(path).content == photo  # by a client that has fewer


@contextmanager
def serving_tls(folder: Path, *flags: str) -> Iterator[tuple[Service, Callable[[], None]]]:
    """Start a service of four threads that does TLS itself; yield what asks it, too."""
    authority, file = trustme.CA(), folder / "certificate"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(file)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    service = Service(folder)

    def ask() -> None:
        with context.wrap_socket(connect(service), server_hostname="localhost") as connection:
            for _ in range(2):
                connection.sendall(REQUEST)
                read(connection)

    try:
        service.launch("--threads", "4", "--certfile", str(file), "--keyfile", str(file), *flags)
        service.wait(service.listens)
        yield service, ask
    finally:
        service.end()
    assert not [line for line in service.lines() if line["level"] == "ERROR"]


def test_the_process_answers_while_more_clients_than_threads_begin_tls(tmp_path: Path) -> None:
    with serving_tls(tmp_path, "--keep-alive", "75") as (service, ask), ExitStack() as connections:
        ask()
        slow = [connections.enter_context(connect(service)) for _ in range(20)]
        for begun in CLIENT_HELLO:
            for connection in slow:
                with suppress(ConnectionError):
                    connection.sendall(bytes([begun]))
            began = time.monotonic()
            ask()
            assert time.monotonic() - began < 10  # threads would be free after READ_SECONDS


def test_a_handshake_that_trickles_in_ends_in_time(tmp_path: Path) -> None:
    with serving_tls(tmp_path, "-c", HASTY) as (service, _), connect(service) as connection:
        connection.sendall(CLIENT_HELLO)
        with suppress(ConnectionError):
            for _ in range(SECONDS * 10):
                if select.select([connection], [], [], 0.1)[0]:
                    break
                connection.sendall(b"A")
            assert connection.recv(1) == b""


def test_connections_that_say_nothing_keep_nobody_out_for_long(tmp_path: Path) -> None:
    flags = "--threads", "4", "--worker-connections", "20"
    with serving(tmp_path, *flags) as service, ExitStack() as connections:
        for _ in range(60):
            connections.enter_context(connect(service))
        began = time.monotonic()
        assert service.get("/healthz").ok
        assert time.monotonic() - began < 10  # they may be silent for READ_SECONDS else


def test_a_connection_that_gives_its_place_up_stays_encrypted() -> None:
    places = Places(2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    near, far = socket.socketpair()
    greedy = context.wrap_socket(near, server_side=True, do_handshake_on_connect=False)
    with greedy, far, places.taken(greedy, "a"), places.taken(near, "a"), places.taken(far, "b"):
        assert far.recv(1) == b""
        with pytest.raises(OSError):  # noqa: PT011  # ValueError, were it plain by now
            greedy.unwrap()


def test_too_many_slow_clients_are_refused_with_a_reason(two: Service) -> None:
    with connect(two) as first, connect(two) as second:
        for connection in first, second:
            connection.sendall(JSON + b"{")
        connections = [first, second]
        refused, *_ = select.select(connections, [], [], SECONDS)[0]
        answer = b"".join(iter(lambda: refused.recv(65536), b""))
        connections.remove(refused)
        connections[0].sendall(b'"url":1}')

        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: " in answer
        assert b'"/problems/overloaded"' in answer
        assert b"HTTP/1.1 422 " in connections[0].recv(65536)


def test_a_request_that_trickles_in_ends_in_time(hasty: Service) -> None:
    with connect(hasty) as connection, suppress(ConnectionError):
        connection.sendall(JSON.replace(b"Length: 9", b"Length: 99999"))
        for _ in range(SECONDS * 10):
            if select.select([connection], [], [], 0.1)[0]:
                break
            connection.sendall(b" ")
        assert b"HTTP/1.1 4" in connection.recv(65536)


def test_what_is_answered_late_is_written_to_no_other_file(tmp_path: Path) -> None:
    late = MethodQueue()
    late.init()
    late.close()
    files = [tmp_path / str(number) for number in range(9)]
    with ExitStack() as open_ones:
        for path in files:
            open_ones.enter_context(path.open("wb"))  # by the lowest number that is free
        late.defer(print)

    assert {path.stat().st_size for path in files} == {0}
    PollableMethodQueue.close(late)


def test_a_connection_that_stays_open_does_not_hold_up_the_end(service: Service) -> None:
    service.start()
    with connect(service) as connection:
        connection.sendall(REQUEST)
        read(connection)
        began = time.monotonic()
        service.stop()

        assert time.monotonic() - began < 10
        assert connection.recv(1) == b""


def test_a_worker_that_has_lost_its_master_ends_soon(service: Service) -> None:
    def port_is_free() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", service.port)) != 0

    service.start("--keep-alive", "75")
    with connect(service) as connection:
        connection.sendall(b"GET /images/%s HTTP/1.1\r\n\r\n" % str(uuid4()).encode())
        assert connection.recv(1)
        assert service.process
        service.process.kill()
        began = time.monotonic()
        service.wait(port_is_free)

    assert time.monotonic() - began < 10


def test_a_worker_without_files_for_connections_lets_them_wait(service: Service) -> None:
    service.start()
    [worker] = service.workers()
    few = len(list(Path(f"/proc/{worker}/fd").iterdir())) + 8
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (few, few))
    with ExitStack() as open_ones:
        for _ in range(30):
            open_ones.enter_context(connect(service)).sendall(REQUEST[:9])
        service.wait(lambda: "no connection can be accepted" in service.log.read_text())

    assert service.get("/healthz").ok
    assert service.workers() == [worker]
    assert service.log.read_text().count("no connection can be accepted") == 1


def test_clients_that_keep_their_end_open_hold_nobody_up(running: Service) -> None:
    with ExitStack() as open_ones:
        for _ in range(100):
            connection = open_ones.enter_context(connect(running))
            connection.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            read(connection)

        assert running.get("/healthz").ok


def test_a_refused_upload_gets_its_answer_whole(running: Service) -> None:
    with connect(running) as connection:
        connection.sendall(b"POST /images HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
        connection.sendall(b"Content-Type: application/json\r\nContent-Length: 9999999\r\n\r\n")
        connection.sendall(b" " * 2_000_000)
        told = b""
        while more := connection.recv(65536):
            told += more

    assert told.startswith(b"HTTP/1.1 413 ")
    assert told.endswith(b"}")


@pytest.mark.parametrize(
    "begun",
    [
        b"G",
        REQUEST[:-1],
        REQUEST[:-2] + b"A: " + b"a" * 9000,
        REQUEST.replace(b"healthz", b"nowhere") + REQUEST[:-1],
        JSON + b"{",
        JSON.replace(b"\r\n\r\n", b"\r\nTE: a\r\n\r\n") + b"{",
        JSON.replace(b"\r\nContent-Length: 9", b"\r\nTransfer-Encoding: chunked") + b"9",
    ],
    ids=["start", "headers", "long headers", "second", "body", "body for a thread", "chunk"],
)
def test_a_request_that_stops_half_way_is_given_up(hasty: Service, begun: bytes) -> None:
    with connect(hasty) as connection:
        connection.sendall(begun)

        assert not re.search(rb"HTTP/1.1 [235]", b"".join(iter(lambda: connection.recv(999), b"")))
    assert not [line for line in hasty.lines() if line["level"] == "ERROR"]


def test_a_client_that_stops_reading_is_given_up(hasty: Service) -> None:
    with connect(hasty) as connection:
        connection.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                connection.send(REQUEST * 100)
        connection.settimeout(SECONDS)
        with pytest.raises(ConnectionError):
            connection.sendall(REQUEST * 100_000)
    assert not [line for line in hasty.lines() if line["level"] == "ERROR"]


def test_a_client_that_lets_its_answers_lie_is_given_up(hasty: Service) -> None:
    request = b"GET /images/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % str(uuid4()).encode()

    def ask_at(pause: float, times: int) -> None:
        for _ in range(times):
            connection.sendall(request)
            time.sleep(pause)

    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", hasty.port))
        with pytest.raises(ConnectionError):  # noqa: PT012  # by either
            ask_at(0.002, 100)
            ask_at(2, SECONDS)  # between two, the system has time to find it stopped

    assert not [line for line in hasty.lines() if line["level"] == "ERROR"]
