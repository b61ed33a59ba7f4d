"""Lanes: threads that answer the plainest requests as they come, all that are there at a time.

A thread a request, as gunicorn's gthread has it, is right for what may take its time. For a request
of 100 µs, finding it a thread costs as much again, and so do the threads that then fight for the
interpreter. A lane polls its connections and answers those that have asked, in two steps: first the
application is called for each, then the answers are iterated and sent. What was begun together can
so be written to the disk together.

There is one lane for reading and one for writing, so that who reads waits for no disk. What is not
for a lane goes to gunicorn's threads, with the bytes that have come.
"""

import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from gunicorn import SERVER  # type: ignore[import-untyped]
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.wsgi import base_environ  # type: ignore[import-untyped]
from gunicorn.util import http_date  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]

from app import plain

log = logging.getLogger(__name__)

Takes = Callable[[WSGIEnvironment], bool]
Headers = list[tuple[str, str]]

SECOND = 1.0
ASKING_SECONDS = 15  # as client_header_timeout of deploy/nginx


class Server(Protocol):
    """What a lane asks of gunicorn's worker."""

    alive: bool
    cfg: Config
    wsgi: WSGIApplication

    def pass_on(self, conn: TConn, received: bytes) -> None:
        """Have a thread answer a request that has begun like this."""

    def take_back(self, conn: TConn, keep: bool) -> None:
        """Look after a connection that asks for nothing now, or close it."""

    def count(self, requests: int) -> None:
        """Count what is answered."""


class Line:
    """A connection in a lane, and what has come on it."""

    __slots__ = ("conn", "ended", "environ", "received", "since")

    def __init__(self, conn: TConn) -> None:
        self.conn = conn
        self.environ = {
            **base_environ(conn.cfg),
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "SCRIPT_NAME": "",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "QUERY_STRING": "",
            "REMOTE_ADDR": conn.client[0],
            "REMOTE_PORT": str(conn.client[1]),
            "SERVER_NAME": conn.server[0],
            "SERVER_PORT": str(conn.server[1]),
        }
        self.received = b""
        self.ended = False
        self.since = time.monotonic()
        conn.sock.setblocking(False)

    def receive(self) -> None:
        """Take what has come, and note whether that was all."""
        try:
            came = self.conn.sock.recv(plain.MAX_BYTES)
        except BlockingIOError:
            return
        except OSError:  # the client has gone, however it went
            self.received, self.ended = b"", True
            return
        if not self.received:
            self.since = time.monotonic()
        self.received += came
        self.ended = not came


class Lane(threading.Thread):
    """Answers the requests of one method that it `takes`; the lane `beside` it has the others."""

    beside: "Lane"

    def __init__(self, server: Server, method: str, takes: Takes) -> None:
        super().__init__(name=f"lane of {method}", daemon=True)
        self._server = server
        self._method = method
        self._takes = takes
        self._lock = threading.Lock()
        self._arrivals: deque[Line] = deque()
        self._open = True
        self._lines: dict[int, Line] = {}
        self._sweep_at = time.monotonic() + SECOND
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.epoll()
        self._poll.register(self._bell, select.EPOLLIN)

    def take(self, line: Line) -> bool:
        """Let a connection in, if there is still time; any thread may ask."""
        with self._lock:
            if self._open:
                self._arrivals.append(line)
                self.ring()
            return self._open

    def ring(self) -> None:
        """Have it look at who has arrived, and at whether the server ends."""
        os.eventfd_write(self._bell, 1)

    def run(self) -> None:
        """Answer until the server ends; then give it back who is still connected."""
        while self._server.alive:
            try:
                self._turn()
            except Exception:
                log.exception("a turn of the %s failed", self.name)
        with self._lock:
            self._open = False
        self._let_in()
        for line in list(self._lines.values()):
            self._let_go(line)

    def _turn(self) -> None:
        ready = [number for number, _ in self._poll.poll(SECOND)]
        lines = [self._lines[number] for number in ready if number != self._bell]
        if self._bell in ready:
            lines += self._let_in()
        begun = [exchange for line in lines if (exchange := self._try(self._begin, line))]
        for exchange in begun:
            self._try(self._finish, exchange)
        self._server.count(len(begun))
        if time.monotonic() > self._sweep_at:
            self._sweep()

    def _try(self, step: Callable[[Any], Any], subject: Any) -> Any:
        """Take a step with a line or an exchange; should it fail, the others go on."""
        try:
            return step(subject)
        except Exception:
            log.exception("a step of the %s failed", self.name)

    def _let_in(self) -> list[Line]:
        """Return who has arrived."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        arrived = [self._arrivals.popleft() for _ in range(len(self._arrivals))]
        for line in arrived:
            self._lines[line.conn.sock.fileno()] = line
            self._poll.register(line.conn.sock, select.EPOLLIN)
        return arrived

    def _begin(self, line: Line) -> "Exchange | None":
        """Read what has come, and begin to answer it if it is for this lane."""
        line.receive()
        try:
            environ = plain.read(line.received, line.environ)
        except plain.Incomplete:
            if line.ended:
                self._close(line)
            return None
        if environ is None or not self._takes(environ):
            self._let_go(line)
            return None
        if environ["REQUEST_METHOD"] != self._method:
            self._remove(line)
            if not self.beside.take(line):
                self._server.pass_on(line.conn, line.received)
            return None
        line.received, line.since = b"", time.monotonic()
        return Exchange(line, environ, self._server.wsgi)

    def _finish(self, exchange: "Exchange") -> None:
        """Send an answer. It fits the socket's buffer, unless the client reads none of them."""
        line = exchange.line
        keep = exchange.keeps and self._server.alive
        told = exchange.answer(plain.KEEP_ALIVE if keep else plain.CLOSE)
        try:
            sent = line.conn.sock.send(told)
        except OSError:
            sent = 0
        if sent < len(told) or not keep:
            self._close(line)

    def _sweep(self) -> None:
        """Part with those who have asked for nothing for a while, or take too long to ask."""
        now = time.monotonic()
        self._sweep_at = now + SECOND
        for line in list(self._lines.values()):
            if line.received and line.since + ASKING_SECONDS < now:
                self._close(line)
            elif not line.received and line.since + self._server.cfg.keepalive < now:
                self._let_go(line)

    def _let_go(self, line: Line) -> None:
        """Leave a connection to the server."""
        self._remove(line)
        if line.received:
            self._server.pass_on(line.conn, line.received)
        else:
            self._server.take_back(line.conn, keep=True)

    def _close(self, line: Line) -> None:
        self._remove(line)
        self._server.take_back(line.conn, keep=False)

    def _remove(self, line: Line) -> None:
        self._poll.unregister(line.conn.sock)
        del self._lines[line.conn.sock.fileno()]


class Exchange:
    """A request that is being answered (PEP 3333), and the answer."""

    __slots__ = ("_context", "_headers", "_pieces", "_status", "keeps", "line")

    def __init__(self, line: Line, environ: WSGIEnvironment, app: WSGIApplication) -> None:
        self.line = line
        self.keeps = environ.get("HTTP_CONNECTION") != plain.CLOSE
        self._context = copy_context()  # of its own: it is left, and entered again
        try:
            self._pieces = self._context.run(app, environ, self._start)
        except Exception:
            self._pieces = self._give_up()

    def answer(self, connection: str) -> bytes:
        """Return what is to be sent."""
        try:
            return self._compose(connection, self._context.run(self._drain))
        except Exception:
            return self._compose(connection, *self._give_up())

    def _compose(self, connection: str, body: bytes) -> bytes:
        common = [("Server", SERVER), ("Date", http_date()), ("Connection", connection)]
        if not any(name.lower() == "content-length" for name, _ in self._headers):
            common.append(("Content-Length", f"{len(body)}"))
        return plain.answer(self._status, common + self._headers, body)

    def _start(self, status: str, headers: Headers, exc_info: Any = None, /) -> Any:
        self._status, self._headers = status, headers

    def _drain(self) -> bytes:
        try:
            return b"".join(self._pieces)
        finally:
            if hasattr(self._pieces, "close"):
                self._pieces.close()

    def _give_up(self) -> list[bytes]:
        """Answer what broke; the application tells its own errors, so this is a fault of ours."""
        log.exception("a request could not be answered")
        self._status, self._headers = "500 Internal Server Error", []
        return [b""]
