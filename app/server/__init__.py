"""gunicorn's gthread worker, with bounds on clients that are slow or have stopped."""

import errno
import select
import selectors
import socket
import struct
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import (  # type: ignore[import-untyped]
    PollableMethodQueue,
    TConn,
    ThreadWorker,
)

from app.http.bad_requests import TooManySlowClients, refuse

# As client_body_timeout and send_timeout of deploy/nginx: a slow client may take its time, but one
# that has stopped must not keep a thread.
READ_SECONDS = 15  # between two pieces of a request
SEND_SECONDS = 30  # between two pieces of a response
REQUEST_SECONDS = 60  # for a whole request, however steadily its bytes trickle in

FREE_THREADS = 8  # never wait for a client's bytes: /healthz answers during uploads

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


class RequestSocket:
    """The reading end of a connection, as gunicorn's parser uses it.

    A read that has to wait for the client takes one of the `places` meanwhile.
    """

    def __init__(self, sock: socket.socket, places: threading.Semaphore) -> None:
        self._sock = sock
        self._places = places
        self._deadline = 0.0
        self._timeout: float | None = None

    def start(self) -> None:
        """Begin the time of a request."""
        self._deadline = time.monotonic() + REQUEST_SECONDS

    def gettimeout(self) -> float | None:
        """Return the seconds that one read may wait; None stands for READ_SECONDS."""
        return self._timeout

    def settimeout(self, seconds: float | None) -> None:
        """Set the seconds that one read may wait."""
        self._timeout = seconds

    def recv(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end.

        Raises:
            TooManySlowClients: as many reads wait already as may.
            BlockingIOError: the client took too long to send.
            ConnectionResetError: it took too long to read what was sent before.
        """
        if not self._is_ready(0):
            self._wait()
        try:
            return self._sock.recv(size)
        except TimeoutError as error:  # SEND_SECONDS
            raise ConnectionResetError(errno.ECONNRESET, "the client stopped reading") from error

    def _wait(self) -> None:
        if not self._places.acquire(blocking=False):
            raise TooManySlowClients
        try:
            timeout = READ_SECONDS if self._timeout is None else self._timeout
            left = self._deadline - time.monotonic()
            if left <= 0 or not self._is_ready(min(timeout, left)):
                raise BlockingIOError(errno.EAGAIN, "the client takes too long")
        finally:
            self._places.release()

    def _is_ready(self, seconds: float) -> bool:
        if getattr(self._sock, "pending", int)():  # decrypted already, where gunicorn does TLS
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))


class Connection(TConn):  # type: ignore[misc]
    """gunicorn's, which reads requests through a `RequestSocket`."""

    def __init__(self, places: threading.Semaphore, *args: Any) -> None:
        super().__init__(*args)
        self._places = places
        self._requests: RequestSocket | None = None

    def init(self) -> None:
        """Prepare for the first request, or for the next."""
        super().init()
        if not self._requests and not self.is_http2:
            self._requests = self.parser.unreader.sock = RequestSocket(self.sock, self._places)
        if self._requests:
            self._requests.start()


class Worker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker whose threads no client holds for long, nor all of them at once."""

    alive: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.method_queue = MethodQueue()
        self._lingering: deque[TConn] = deque()
        self._warn_at = 0.0
        free = min(FREE_THREADS, self.cfg.threads // 2)
        self._places = threading.BoundedSemaphore(self.cfg.threads - free)

    def run(self) -> None:
        """Answer requests until the end."""
        for listener in self.sockets:
            _limit(listener)  # and so each connection, which inherits it
        super().run()

    def is_parent_alive(self) -> bool:
        """Tell whether the master lives; without it, begin to end."""
        self.alive = self.alive and super().is_parent_alive()
        return self.alive

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, or leave it to wait while the system gives no file for it.

        gthread would have a thread wait for the first byte; the poller can.
        """
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._starve(error)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        conn = Connection(self._places, self.cfg, client, address, listener.getsockname())
        conn.timeout = time.monotonic() + READ_SECONDS
        self.pending_conns.append(conn)
        ready = partial(self.on_pending_socket_readable, conn)
        self.poller.register(client, selectors.EVENT_READ, ready)

    def _starve(self, error: OSError) -> None:
        if time.monotonic() > self._warn_at:
            self.log.warning("no connection can be accepted: %s; raise `ulimit -n`", error)
            self._warn_at = time.monotonic() + WARNING_SECONDS
        time.sleep(STARVED_SECONDS)  # the poller reports the listener again at once

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

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Tell whether the connection goes on, for which the rest of a body has to come soon."""
        with suppress(TooManySlowClients):  # the response has been sent
            return bool(super()._keepalive_after(conn, keepalive))
        return False

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what went wrong with a request, and log it."""
        refusal = refuse(exc, addr[0] if addr else "")
        if refusal is None:
            super().handle_error(req, client, addr, exc)
            return
        with suppress(OSError):
            client.sendall(refusal)

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


def _limit(listener: socket.socket) -> None:
    """Set how long the system waits for a client; gthread would wait without end."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        # Not SO_SNDTIMEO, which socket.sendfile() passes over.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SEND_SECONDS * 1000)
