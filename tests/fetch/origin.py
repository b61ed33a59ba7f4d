"""A foreign server that says what a test tells it to, byte by byte, on loopback addresses."""

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

Answer = bytes | Callable[["Peer"], object]


@dataclass
class Peer:
    """One connection, as the origin sees it."""

    socket: socket.socket
    closed: threading.Event
    request: bytes = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes, every: float = 0.02) -> None:
        """Send byte by byte, so that no single wait is ever long."""
        for byte in data:
            self.send(bytes([byte]))
            if self.closed.wait(every):
                return

    def flood(self, data: bytes) -> None:
        """Send the same for ever."""
        while not self.closed.is_set():
            self.send(data)

    def farewell(self) -> None:
        """End TLS as it should end."""
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.unwrap()

    def hang(self) -> None:
        """Keep the connection and say no more."""
        self.closed.wait()


@dataclass
class Origin:
    """Listens on one port of several addresses; `answers` maps a request's target to its answer."""

    addresses: tuple[str, ...] = ("127.0.0.2",)
    tls: ssl.SSLContext | None = None
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    connections: Counter[str] = field(default_factory=Counter)
    greeting: Callable[[Peer], object] | None = None
    port: int = 0

    def __enter__(self) -> Self:
        self._closed = threading.Event()
        self.ended = threading.Event()  # some client has closed its connection
        self._listeners = []
        for address in self.addresses:
            listener = socket.create_server((address, self.port), backlog=128)
            self.port = listener.getsockname()[1]
            self._listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener, address), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def url(self, target: str = "/", host: str | None = None) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{host or self.addresses[0]}:{self.port}{target}"

    def targets(self) -> list[str]:
        return [request.split(b" ")[1].decode() for request in self.requests]

    def _accept(self, listener: socket.socket, address: str) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections[address] += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.greeting:
                self.greeting(Peer(connection, self._closed))
                return
            if self.tls:
                connection = stack.enter_context(self.tls.wrap_socket(connection, server_side=True))
            while request := self._read(connection):
                self.requests.append(request)
                target = request.split(b" ")[1].decode("latin-1")
                answer = self.answers.get(target, NOT_FOUND)
                if not self._give(Peer(connection, self._closed, request), answer):
                    return
            self.ended.set()

    @staticmethod
    def _give(peer: Peer, answer: Answer) -> bool:
        """Answer, and say whether the connection goes on."""
        if callable(answer):
            answer(peer)
            return False
        peer.send(answer)
        return b"connection: close" not in answer.lower()

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        """Read a request, with its body if it says how long that is."""
        request, whole = b"", 0
        while not whole or len(request) < whole:
            data = connection.recv(65536)
            if not data:
                return b""
            request += data
            head, end, _ = request.partition(b"\r\n\r\n")
            if end:
                length = re.search(rb"(?i)content-length: ([0-9]+)", head)
                whole = len(head + end) + (int(length[1]) if length else 0)
        return request


def answer(
    content: bytes = b"", status: str = "200 OK", length: int | None = None, **headers: str
) -> bytes:
    """Write a whole answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["Content-Length"] = str(len(content) if length is None else length)
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def redirect(location: str, status: str = "302 Found") -> bytes:
    """Send elsewhere."""
    return answer(b"gone there", status, Location=location)


def closing(data: bytes) -> Answer:
    """Send, then close."""
    return lambda peer: peer.send(data)


def then(start: bytes, act: Callable[[Peer], None]) -> Answer:
    """Send a start, then do something lasting."""

    def play(peer: Peer) -> None:
        peer.send(start)
        act(peer)

    return play


NOT_FOUND = answer(b"no such thing", "404 Not Found")


def png(size: int = 100, width: int = 3, height: int = 4) -> bytes:
    """Make what has the header of a PNG and is this long."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\2\0\0\0"
    return head.ljust(size, b"x")
