"""The browser's proxy: it goes where the fetcher may go, as long as its budget lasts."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.fetch.proxy import Budget, Proxy
from tests.fetch.conftest import CANARY, Fetching, Resolver
from tests.fetch.origin import Origin, Peer, answer

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SPELLINGS = [  # of places inside, as authorities
    *(CANARY, "127.1", "0x7f.0.0.9", "0177.0.0.011", "2130706441", "127.0.0.9.", "[::1]"),
    *("[::ffff:127.0.0.9]", "[::ffff:7f00:9]", "[::127.0.0.9]", "[64:ff9b::7f00:9]", "0", "[::]"),
    *("localhost", "a.localhost", "localhost.", "LOCALHOST", "10.0.0.1", "169.254.169.254"),
    *("192.168.0.1", "172.16.0.1", "100.64.0.1", "[fe80::1]", "[fc00::1]", "[2002:7f00:9::]"),
    *(
        "127\u30020\u30020\u30029",
        "\uff11\uff12\uff17.0.0.9",
        "user@127.0.0.2",
        "inside.test",
        "%31%32%37.0.0.9",
    ),
]


class Browser:
    """Connections to a proxy, as a browser has them."""

    def __init__(self, address: Any) -> None:
        self.address = address
        self.stack = ExitStack()

    def connect(self) -> socket.socket:
        return self.stack.enter_context(socket.create_connection(self.address, 10))

    def ask(self, message: str) -> bytes:
        """Send something, and return everything that comes until the end."""
        with self.connect() as connection:
            connection.sendall(message.encode())
            return read(connection)

    def tunnel(self, authority: str) -> socket.socket:
        connection = self.connect()
        connection.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        assert connection.recv(19) == b"HTTP/1.1 200 OK\r\n\r\n"
        return connection


def read(connection: socket.socket) -> bytes:
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def ends(connection: socket.socket) -> bool:
    """Wait until the other side cuts a connection."""
    read(connection)
    return True


Opening = Callable[..., tuple[Browser, Proxy]]


@pytest.fixture
def opening(fetching: Fetching) -> Iterator[Opening]:
    """Open proxies that end with the test."""
    with ExitStack() as stack:

        def open_proxy(seconds: float = 60, resolve: Any = None, **budget: int) -> Any:
            fetcher = fetching(resolve=resolve or Resolver(inside_test=[[CANARY]]))
            listener = socket.create_server(("127.0.0.1", 0))
            browser = Browser(listener.getsockname())
            proxy = stack.enter_context(fetcher.proxy(listener, seconds, Budget(**budget)))
            stack.enter_context(browser.stack)
            return browser, proxy

        yield open_proxy


@pytest.fixture
def browser(opening: Opening) -> Browser:
    return opening()[0]


def once(content: bytes, status: str = "200 OK", **headers: str) -> bytes:
    return answer(content, status, Connection="close", **headers)


def get(url: str, *lines: str) -> str:
    return "\r\n".join([f"GET {url} HTTP/1.1", "Host: elsewhere.test", *lines, "", ""])


def test_plain_http_is_asked_for_at_the_host_of_the_url(browser: Browser, origin: Origin) -> None:
    origin.answers["/a?b"] = once(b"content", X_Own="1", Keep_Alive="timeout=9")
    received = browser.ask(get(origin.url("/a?b"), "Proxy-Connection: keep-alive", "X-Mine: 2"))
    head, _, body = received.partition(b"\r\n\r\n")
    assert (head[:15], body) == (b"HTTP/1.1 200 OK", b"content")
    assert b"Connection: close" in head
    assert b"X-Own: 1" in head
    assert b"timeout=9" not in head
    sent = origin.requests[0]
    assert sent.startswith(f"GET /a?b HTTP/1.1\r\nHost: 127.0.0.2:{origin.port}\r\n".encode())
    assert b"X-Mine: 2" in sent
    assert b"elsewhere" not in sent
    assert b"keep-alive" not in sent


def test_a_body_is_passed_on(browser: Browser, origin: Origin) -> None:
    origin.answers["/"] = once(b"thanks")
    body = "x" * 200_000
    message = f"POST {origin.url()} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    assert browser.ask(message).endswith(b"thanks")
    assert origin.requests[0].endswith(body.encode())


def test_a_tunnel_passes_bytes_both_ways_until_an_end_closes(
    browser: Browser, origin: Origin
) -> None:
    origin.greeting = lambda peer: peer.send(b"hello " + peer.socket.recv(100))
    with browser.tunnel(f"127.0.0.2:{origin.port}") as tunnel:
        tunnel.sendall(b"you")
        assert read(tunnel) == b"hello you"


def test_a_tunnel_carries_much_both_ways_at_once(opening: Opening, origin: Origin) -> None:
    def echo(peer: Peer) -> None:
        while piece := peer.socket.recv(65536):
            peer.send(piece)

    origin.greeting = echo
    sent = bytes(range(256)) * 40_000
    with opening()[0].tunnel(f"127.0.0.2:{origin.port}") as tunnel:
        threading.Thread(target=tunnel.sendall, args=(sent,)).start()
        received = b""
        while len(received) < len(sent):
            received += tunnel.recv(65536)
    assert received == sent


@pytest.mark.usefixtures("canary")
@pytest.mark.parametrize("host", SPELLINGS)
def test_no_place_inside_is_reached_however_it_is_spelled(
    browser: Browser, origin: Origin, host: str
) -> None:
    port = origin.port
    assert browser.ask(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n") == REFUSAL
    assert browser.ask(get(f"http://{host}:{port}/")) == REFUSAL
    assert not origin.connections


@pytest.mark.usefixtures("canary")
def test_a_redirect_leads_no_further_than_the_page_itself(browser: Browser, origin: Origin) -> None:
    target = f"http://{CANARY}:{origin.port}/"
    origin.answers["/"] = once(b"", "302 Found", Location=target)
    assert b"Location: " + target.encode() in browser.ask(get(origin.url())).replace(
        b"location", b"Location"
    )
    assert browser.ask(get(target)) == REFUSAL


@pytest.mark.usefixtures("canary")
def test_a_name_is_judged_by_the_answer_that_is_dialled(opening: Opening, origin: Origin) -> None:
    """DNS rebinding: each connection is looked up once, and its own answer is judged."""
    origin.answers["/"] = once(b"once")
    resolver = Resolver(rebind_test=[["127.0.0.2"], [CANARY]])
    browser, _ = opening(resolve=resolver)
    url = origin.url(host="rebind.test")
    assert browser.ask(get(url)).endswith(b"once")
    assert browser.ask(get(url)) == REFUSAL
    assert resolver.asked == ["rebind.test"] * 2


@pytest.mark.parametrize(
    "message",
    [
        "CONNECT 127.0.0.2:25 HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.2 HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.2:{port}/ HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.2:{port} HTTP/1.0\r\n\r\n",
        "CONNECT http://127.0.0.2:{port}/ HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.2:{port}\r\n\r\n",
        "GET https://127.0.0.2:{port}/ HTTP/1.1\r\n\r\n",
        "GET ftp://127.0.0.2:{port}/ HTTP/1.1\r\n\r\n",
        "GET http://127.0.0.2:{port}/ HTTP/1.1 x\r\n\r\n",
        "GET http://127.0.0.2:{port}/ HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        "GET http://127.0.0.2:{port}/ HTTP/1.1\r\nupgrade : h2c\r\nConnection: upgrade\r\n\r\n",
        "DELETE http://127.0.0.2:{port}/ HTTP/1.1\r\n\r\n",
        "POST http://127.0.0.2:{port}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST http://127.0.0.2:{port}/ HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\nab",
        "POST http://127.0.0.2:{port}/ HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
        "\r\n\r\n",
        "x" * 100_000,
    ],
)
def test_what_is_neither_a_tunnel_nor_plain_http_is_refused_alike(
    browser: Browser, origin: Origin, message: str
) -> None:
    with browser.connect() as connection:
        connection.sendall(message.format(port=origin.port).encode())
        connection.shutdown(socket.SHUT_WR)
        assert read(connection) in (REFUSAL, b"")  # the latter: it was cut while it sent
    assert not origin.connections


def test_what_does_not_answer_looks_like_what_is_refused(browser: Browser, origin: Origin) -> None:
    with socket.create_server(("127.0.0.2", 0)) as closed:
        port = closed.getsockname()[1]
    assert browser.ask(f"CONNECT 127.0.0.2:{port} HTTP/1.1\r\n\r\n") == REFUSAL
    assert browser.ask(get(f"http://no-such.test:{origin.port}/")) == REFUSAL


def test_an_origin_that_switches_protocols_is_cut(browser: Browser, origin: Origin) -> None:
    origin.answers["/"] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nfree"
    assert browser.ask(get(origin.url())) == b""


def test_interim_answers_are_skipped(browser: Browser, origin: Origin) -> None:
    origin.answers["/"] = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + once(b"final")
    received = browser.ask(get(origin.url()))
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.endswith(b"final")


def test_a_second_request_on_a_connection_reaches_no_host(browser: Browser, origin: Origin) -> None:
    """It would go to the host that the first was judged for, which could answer for another."""
    origin.answers["/"] = once(b"first")
    with browser.connect() as connection:
        connection.sendall((get(origin.url()) + get(origin.url("/other"))).encode())
        connection.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            read(connection)
    assert origin.targets() == ["/"]


def test_a_browser_that_goes_away_leaves_no_connection_behind(
    opening: Opening, origin: Origin
) -> None:
    origin.answers["/"] = answer(b"and more may come")
    browser, _ = opening(connections=1)
    for _ in range(3):
        with browser.connect() as connection:
            connection.sendall(get(origin.url()).encode())
            assert connection.recv(1)
    assert origin.ended.wait(10)


def test_requests_beyond_the_budget_cut_everything(opening: Opening, origin: Origin) -> None:
    origin.answers["/"] = once(b"x")
    origin.answers["/open"] = Peer.hang
    browser, proxy = opening(requests=4)
    waiting = browser.connect()
    waiting.sendall(get(origin.url("/open")).encode())
    received = [browser.ask(get(origin.url())) for _ in range(4)]
    assert [re.sub(rb"\s.*", b"", part, flags=re.S) for part in received] == [b"HTTP/1.1"] * 3 + [
        b""
    ]
    assert ends(waiting)
    assert proxy.spent == "more than 4 requests"


@pytest.mark.parametrize("upwards", [True, False])
def test_bytes_beyond_the_budget_cut_everything(
    opening: Opening, origin: Origin, upwards: bool
) -> None:
    def take(peer: Peer) -> None:
        while peer.socket.recv(65536):
            pass

    origin.greeting = take if upwards else lambda peer: peer.flood(b"x" * 10_000)
    browser, proxy = opening(bytes=1_000_000)
    with browser.tunnel(f"127.0.0.2:{origin.port}") as tunnel:
        with contextlib.suppress(ConnectionError):
            while upwards:
                tunnel.sendall(b"x" * 10_000)
        assert len(read(tunnel)) <= 1_000_000
    assert proxy.spent == "more than 1000000 bytes"


def test_only_so_many_hosts_are_visited(opening: Opening, origin: Origin) -> None:
    origin.answers["/"] = once(b"x")
    names = {f"h{number}_test": [["127.0.0.2"]] for number in range(4)}
    browser, _ = opening(hosts=3, resolve=Resolver(**names))
    received = [browser.ask(get(origin.url(host=f"h{number}.test"))) for number in (0, 1, 2, 3, 0)]
    assert [part == REFUSAL for part in received] == [False, False, False, True, False]


def test_connections_beyond_the_budget_wait_for_their_turn(
    opening: Opening, origin: Origin
) -> None:
    origin.answers["/"] = once(b"x")
    browser, _ = opening(connections=2)
    idle = [browser.connect() for _ in range(2)]
    third = browser.connect()
    third.sendall(get(origin.url()).encode())
    third.settimeout(0.5)
    with pytest.raises(TimeoutError):
        third.recv(1)
    idle[0].close()
    third.settimeout(10)
    assert read(third).endswith(b"x")


def test_everything_is_cut_when_the_time_is_over(opening: Opening, origin: Origin) -> None:
    origin.greeting = lambda peer: peer.drip(b"x" * 10_000)
    browser, _ = opening(seconds=1)
    began = time.monotonic()
    silent = browser.connect()
    with browser.tunnel(f"127.0.0.2:{origin.port}") as tunnel:
        assert ends(tunnel)
    assert ends(silent)
    assert time.monotonic() - began < 3


def test_everything_is_cut_when_it_is_closed(opening: Opening, origin: Origin) -> None:
    origin.greeting = Peer.hang
    browser, proxy = opening()
    silent = browser.connect()
    with browser.tunnel(f"127.0.0.2:{origin.port}") as tunnel:
        proxy.close()
        assert ends(tunnel)
    assert ends(silent)


OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.3"


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one of the two addresses that may be visited for a public one."""
    kinds = {INSIDE: "private", CANARY: "loopback"}
    judged = {OUTSIDE: None, **kinds}

    def kind_of(address: Any) -> str | None:
        return judged.get(str(address), "loopback")

    monkeypatch.setattr("app.addresses.kind_of", kind_of)
    monkeypatch.setattr("app.fetch.proxy.kind_of", kind_of)


@pytest.mark.usefixtures("divided")
def test_a_public_page_reaches_no_network_that_is_open_to_the_service(
    opening: Opening, origin: Origin
) -> None:
    origin.answers["/"] = once(b"x")
    names = {"page_test": [[OUTSIDE]], "inner_test": [[INSIDE]], "other_test": [[OUTSIDE]]}
    browser, _ = opening(resolve=Resolver(**names))
    asked = ["page.test", "inner.test", INSIDE, "other.test"]
    refused = [browser.ask(get(origin.url(host=host))) == REFUSAL for host in asked]
    assert refused == [False, True, True, False]
    assert origin.connections == {OUTSIDE: 2}


@pytest.mark.usefixtures("divided")
def test_a_page_of_an_open_network_reaches_that_and_the_internet(
    opening: Opening, origin: Origin
) -> None:
    origin.answers["/"] = once(b"x")
    names = {"page_test": [[INSIDE]], "cdn_test": [[OUTSIDE]]}
    browser, _ = opening(resolve=Resolver(**names))
    for host in "page.test", "cdn.test", INSIDE, "page.test":
        assert browser.ask(get(origin.url(host=host))).endswith(b"x")


@pytest.mark.usefixtures("divided")
@pytest.mark.parametrize("addresses", [[OUTSIDE, INSIDE], [INSIDE, OUTSIDE]])
def test_a_host_does_not_move_into_an_open_network_or_out(
    opening: Opening, origin: Origin, addresses: list[str]
) -> None:
    origin.answers["/"] = once(b"x")
    names = {"page_test": [[INSIDE]], "moving_test": [[address] for address in addresses]}
    browser, _ = opening(resolve=Resolver(**names))
    asked = ["page.test", "moving.test", "moving.test", "page.test"]
    refused = [browser.ask(get(origin.url(host=host))) == REFUSAL for host in asked]
    assert refused == [False, False, True, False]


@pytest.mark.usefixtures("divided")
def test_the_page_itself_does_not_move_into_an_open_network(
    opening: Opening, origin: Origin
) -> None:
    origin.answers["/"] = once(b"x")
    browser, _ = opening(resolve=Resolver(page_test=[[OUTSIDE], [INSIDE]]))
    answers = [browser.ask(get(origin.url(host="page.test"))) for _ in range(2)]
    assert [answer == REFUSAL for answer in answers] == [False, True]
    assert origin.connections == {OUTSIDE: 1}
