"""gunicorn's gthread worker, which leaves the plainest requests to lanes."""

import errno
import os
import select
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.workers.gthread import (  # type: ignore[import-untyped]
    PollableMethodQueue,
    TConn,
    ThreadWorker,
)

from app.http.bad_requests import refuse
from app.lanes import Lane, Line

# As client_body_timeout and send_timeout of deploy/nginx: between two pieces, for a slow client may
# take its time, but one that is dead or has stopped must not keep a thread.
BODY_SECONDS = 15
SEND_SECONDS = 30

LINGER_SECONDS = 2  # for a client to close its end
DRAINED_BYTES = 65536  # at a time

STARVED_SECONDS = 0.1  # until a file may be free again
WARNING_SECONDS = 60


class MethodQueue(PollableMethodQueue):  # type: ignore[misc]
    """gunicorn's, whose pipe stays open until the process has ended.

    Threads that are late with an answer still write to it, when the worker has ended its run. The
    number of a pipe that is closed would be that of another file by then, such as the database.
    """

    def close(self) -> None:
        """Leave the pipe to the kernel."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker; each connection that asks for something is in a lane first.

    The application says by `extensions["takes"]` what is for lanes.
    """

    alive: bool
    _lanes: Sequence[Lane] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.method_queue = MethodQueue()
        self._lingering: deque[TConn] = deque()
        self._warn_at = 0.0

    def run(self) -> None:
        """Answer requests until the end."""
        for listener in self.sockets:
            _limit(listener)  # and so each connection, which inherits it
        if _is_plain(self.cfg):
            takes = self.wsgi.extensions["takes"]
            reading, writing = (Lane(self, method, takes) for method in ("GET", "POST"))
            reading.beside, writing.beside = writing, reading
            self._lanes = reading, writing
        for lane in self._lanes:
            lane.start()
        super().run()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        self._tell_lanes()

    def is_parent_alive(self) -> bool:
        """Tell whether the master lives; without it, begin to end."""
        self.alive = self.alive and super().is_parent_alive()
        if not self.alive:
            self._tell_lanes()
        return self.alive

    def _tell_lanes(self) -> None:
        for lane in self._lanes:
            lane.ring()

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, or leave it to wait while the system gives no file for it."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            if time.monotonic() > self._warn_at:
                self.log.warning("no connection can be accepted: %s; raise `ulimit -n`", error)
                self._warn_at = time.monotonic() + WARNING_SECONDS
            time.sleep(STARVED_SECONDS)  # the poller tells of the listener again at once

    def enqueue_req(self, conn: TConn) -> None:
        """Have a connection's next request answered."""
        fits = self._lanes and isinstance(conn.client, tuple) and not _has_begun(conn)
        if not (fits and self._lanes[0].take(Line(conn))):
            super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs: "Future[object]") -> None:
        """Do with a connection what its last answer has said."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer a request; gthread knows other ends of a connection, but not this one."""
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError as error:  # SEND_SECONDS
            raise BrokenPipeError(errno.EPIPE, "the client has stopped reading") from error

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what went wrong with a request, and log it."""
        told = refuse(exc, addr[0] if addr else "")
        if told is None:
            super().handle_error(req, client, addr, exc)
            return
        with suppress(OSError):
            client.sendall(told)

    def _linger(self, conn: TConn) -> None:
        """Close a connection as RFC 9112 9.6 has it, when the client has read its answer.

        gthread waits for that in the thread that accepts, dispatches and tells the arbiter that the
        worker lives: two seconds for a client that keeps its end open, which holds up all others.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._close(conn)
            return
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self._lingering.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: TConn, sock: socket.socket) -> None:
        """Read what a client still sends; what it would make of a reset is to forget its answer."""
        try:
            ends = not sock.recv(DRAINED_BYTES)
        except OSError:
            ends = True
        if ends:
            self.poller.unregister(sock)
            self._lingering.remove(conn)
            self._close(conn)

    def murder_pending(self) -> None:
        """Close what has been open, and silent or closed by us, for too long."""
        super().murder_pending()
        while self._lingering and self._lingering[0].timeout < time.monotonic():
            conn = self._lingering.popleft()
            self.poller.unregister(conn.sock)
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def pass_on(self, conn: TConn, received: bytes) -> None:
        """Have a thread answer a request that has begun like this."""
        conn.init()
        conn.parser.unreader.unread(received)
        conn.data_ready = True
        super().enqueue_req(conn)

    def take_back(self, conn: TConn, keep: bool) -> None:
        """Look after a connection that asks for nothing now, or close it."""
        conn.init()
        ended: Future[bool] = Future()
        ended.set_result(keep)
        self.method_queue.defer(self.finish_request, conn, ended)

    def count(self, requests: int) -> None:
        """Count what is answered, for `--max-requests`."""
        self.nr += requests
        if self.alive and self.nr >= self.max_requests:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False


def _is_plain(cfg: Config) -> bool:
    """Tell whether gunicorn is asked for nothing with a request but to read and to answer it."""
    asked = (
        *(cfg.is_ssl, cfg.proxy_protocol != "off", cfg.http2_cleartext != "off"),
        *(cfg.accesslog, cfg.statsd_host, cfg.forwarded_allow_ips, os.environ.get("SCRIPT_NAME")),
    )
    return hasattr(select, "epoll") and bool(cfg.keepalive) and not any(asked)


def _limit(listener: socket.socket) -> None:
    """Set how long the system waits for a client; gthread would wait for ever."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", BODY_SECONDS, 0))
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        # Not SO_SNDTIMEO, which socket.sendfile() passes over.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SEND_SECONDS * 1000)


def _has_begun(conn: TConn) -> bool:
    """Tell whether the next request came with the last."""
    return bool(conn.parser and conn.parser.unreader.buf.getvalue())
