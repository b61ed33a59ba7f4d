"""A proxy for a browser that strangers lead: each connection is judged, dialled and counted here.

The browser has no other way out. It asks by CONNECT or, for plain HTTP, by an absolute URL
(RFC 9112, section 3.2); one connection serves one request, so none reaches a host that it was not
judged for. Whatever is not allowed, or does not answer, gets the same empty 403.
"""

import http.client
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import NamedTuple, Self

from app.addresses import kind_of
from app.errors import Failure, Interrupted, RefusedAddress, RefusedUrl
from app.fetch.budget import SLICE_SECONDS, Report, Watch
from app.fetch.connection import Dialler, Wire
from app.fetch.message import Message
from app.setting_values import KiB, MiB
from app.urls import Url

METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CHUNK = 64 * KiB
_AUTHORITY = re.compile(r"[^/?#@\\]+:[0-9]{1,5}")
_ENDS = (Failure, Interrupted, OSError, http.client.HTTPException, ValueError)


class Budget(NamedTuple):
    """What all connections of a proxy may use together."""

    requests: int = 400
    connections: int = 64  # at once; others wait to be accepted
    hosts: int = 60
    bytes: int = 64 * MiB  # both ways


BUDGET = Budget()


class Proxy:
    """Serves a listening socket until it is closed, its time is over or its budget is spent."""

    def __init__(
        self,
        listener: socket.socket,
        dialler: Callable[[Watch, bool], Dialler],
        seconds: float,
        budget: Budget,
        report: Report,
    ) -> None:
        self.spent: str | None = None  # what of the budget, if any
        self._listener = listener
        self._dialler = dialler
        self._began = time.monotonic()
        self._until = self._began + seconds
        self._budget = budget
        self._report = report
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._requests = 0
        self._bytes = 0
        self._page_is_inside: bool | None = None  # until it is dialled
        self._inside: dict[str, bool | None] = {}  # by host, likewise
        self._ends: set[socket.socket] = set()
        self._room = threading.Semaphore(budget.connections)
        self._accepting = threading.Thread(target=self._accept, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._listener.settimeout(SLICE_SECONDS)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._accepting.join()
        self._listener.close()
        self._report(time.monotonic() - self._began, self._bytes)

    def close(self) -> None:
        """Cut every connection, and take no more."""
        with self._lock:
            self._closed.set()
            for end in (self._listener, *self._ends):
                with suppress(OSError):  # it is closed already
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed.is_set():
            if time.monotonic() >= self._until:
                self.close()
            elif self._room.acquire(timeout=SLICE_SECONDS):
                try:
                    client, _ = self._listener.accept()
                except OSError:
                    self._room.release()
                    continue
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Judge a request and dial its host; then pass on what both sides say."""
        try:
            with ExitStack() as stack, suppress(*_ENDS):
                self._hold(client, stack)
                watch = Watch(self._closed.is_set)
                watch.start(self._until - watch.clock())
                try:
                    request = Message(client.recv)
                    self._count(requests=1)
                    method, url, length = _judged(request)
                    wire = self._dial(url, watch, stack)
                except _ENDS:
                    client.sendall(_REFUSAL)
                    return
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    self._pump(client, wire, watch, to_wire=request.rest)
                    return
                head = f"{method} {url.target} HTTP/1.1\r\nHost: {url.authority}\r\n"
                wire.sendall(head.encode("ascii") + request.end_to_end())
                self._send_body(client, wire, request.rest, length)
                self._pump(client, wire, watch, to_client=_answer(wire))
        finally:
            self._room.release()

    def _hold(self, end: socket.socket, stack: ExitStack) -> None:
        """Close the end of a connection with the stack, and cut it with the others."""
        stack.enter_context(end)
        with self._lock:
            if self._closed.is_set():
                raise Interrupted
            self._ends.add(end)
        stack.callback(self._let_go, end)

    def _let_go(self, end: socket.socket) -> None:
        with self._lock:
            self._ends.discard(end)

    def _dial(self, url: Url, watch: Watch, stack: ExitStack) -> Wire:
        """Dial a host, the first of them that of the page itself.

        A page from the public internet reaches no network that the deployer has opened, and a host
        does not move into one, or out: its scripts would read by DNS rebinding what is there.
        """
        with self._lock:
            if url.host not in self._inside and len(self._inside) >= self._budget.hosts:
                raise RefusedUrl("refused: too many hosts")
            public = self._page_is_inside is False
            may_be = self._inside.setdefault(url.host, False if public else None)
        wire = self._dialler(watch, may_be is not False).dial(url.host, url.port)
        self._hold(wire, stack)
        inside = kind_of(wire.address) is not None
        with self._lock:
            if self._page_is_inside is None:
                self._page_is_inside = inside
            if self._inside[url.host] is None:
                self._inside[url.host] = inside
            if inside != self._inside[url.host] or inside > self._page_is_inside:
                raise RefusedAddress("refused: the host has moved into a network, or out")
        return wire

    def _send_body(self, client: socket.socket, wire: Wire, begun: bytes, length: int) -> None:
        """Pass on the body of a request, of which a part may have come already."""
        piece = begun[:length]
        while piece:
            self._count(size=len(piece))
            wire.sendall(piece)
            length -= len(piece)
            piece = client.recv(min(length, _CHUNK)) if length else b""

    def _pump(
        self,
        client: socket.socket,
        wire: Wire,
        watch: Watch,
        to_client: bytes = b"",
        to_wire: bytes | None = None,
    ) -> None:
        """Pass bytes on until an end closes; those of the client only where `to_wire` is given."""
        waiting = {client: to_client, wire: to_wire or b""}  # what is to be sent to each
        others = {client: wire, wire: client}
        sources = (wire,) if to_wire is None else (wire, client)
        client.setblocking(False)
        ends = {end.fileno(): end for end in others}
        while True:
            poll = select.poll()
            for end, other in others.items():
                reads = end in sources and not waiting[other]
                poll.register(end, select.POLLIN * reads | select.POLLOUT * bool(waiting[end]))
            for number, event in poll.poll(watch.check() * 1000):
                end = ends[number]
                if event & select.POLLOUT:
                    waiting[end] = waiting[end][end.send(waiting[end]) :]
                elif event & select.POLLIN and (piece := end.recv(_CHUNK)):
                    watch.earn(len(piece))
                    self._count(size=len(piece))
                    waiting[others[end]] = piece
                else:
                    return

    def _count(self, requests: int = 0, size: int = 0) -> None:
        """Count what is used; cut everything when it is more than the budget."""
        with self._lock:
            self._requests += requests
            self._bytes += size
            if self._requests > self._budget.requests:
                self.spent = f"more than {self._budget.requests} requests"
            elif self._bytes > self._budget.bytes:
                self.spent = f"more than {self._budget.bytes} bytes"
        if self.spent:
            self.close()
            raise Interrupted


def _judged(request: Message) -> tuple[str, Url, int]:
    """Return the method of a request, where it goes, and how long its body is.

    Raises:
        RefusedUrl, ValueError, HTTPException: it is neither a tunnel nor plain HTTP.
    """
    method, target, version = request.first.decode("ascii").split(" ")
    if version != "HTTP/1.1":
        raise RefusedUrl("refused: not HTTP/1.1")
    if method == "CONNECT":
        if not _AUTHORITY.fullmatch(target):
            raise RefusedUrl("refused: not a host and port")
        return method, Url.parse(f"https://{target}/"), 0
    url = Url.parse(target)
    if url.scheme != "http" or method not in METHODS or b"upgrade" in request.fields:
        raise RefusedUrl("refused: neither a tunnel nor plain HTTP")
    return method, url, request.length()


def _answer(wire: Wire) -> bytes:
    """Return the head of the answer to a request, and what has come behind it."""
    answer = Message(wire.recv)
    while re.match(rb"HTTP/1\.[01] 1(?!01)", answer.first):  # an interim one
        answer = Message(wire.recv, answer.rest)
    if not re.match(rb"HTTP/1\.[01] [2-5][0-9][0-9]\b", answer.first):
        raise http.client.BadStatusLine("not an answer")
    return answer.first + b"\r\n" + answer.end_to_end() + answer.rest
