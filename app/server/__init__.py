"""gunicorn's gthread worker, with bounds on clients that are slow or have stopped."""

import errno
import selectors
import socket
import ssl
import struct
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http import get_parser
from gunicorn.sock import is_http2_negotiated, ssl_context
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

from app.http.bad_requests import TooManySlowClients, refuse
from app.http.rate_limit import network_of
from app.server import slow_clients
from app.server.slow_clients import ClientSocket, Places

FREE_THREADS = 8  # never wait for a client: /healthz answers during uploads
SLOW_THREADS = 32  # may wait for clients, even if those who wait for jobs may take the rest
IDLE_SECONDS = 1  # to begin a request, while there are as many connections as may be

LINGER_SECONDS = 2  # for a client to close its end
DRAINED_BYTES = 65536  # at a time

STARVED_SECONDS = 0.1  # until a file may be free again
WARNING_SECONDS = 60
HANDSHAKE = object()  # what is done of a request whose client has to go on with that of TLS


class MethodQueue(PollableMethodQueue):  # type: ignore[misc]
    """gunicorn's, whose pipe stays open until the process has ended.

    Threads that are late with an answer still write to it, when the worker has ended its run. The
    number of a pipe that is closed would be that of another file by then, such as the database.
    """

    def close(self) -> None:
        """Leave the pipe to the kernel."""


class Connection(TConn):  # type: ignore[misc]
    """gunicorn's, which reads and writes through a `ClientSocket`."""

    sock: Any
    parser: Any

    def __init__(self, places: Places, *args: Any) -> None:
        super().__init__(*args)
        self._places = places
        self._requests: ClientSocket | None = None
        self._deadline = time.monotonic() + slow_clients.REQUEST_SECONDS

    def shake_hands(self) -> bool:
        """Do what can be done of a handshake without waiting; tell whether the client is next.

        Raises:
            OSError: the client does not speak TLS, or took too long to.
        """
        if self.parser or not self.cfg.is_ssl:
            return False
        if not isinstance(self.sock, ssl.SSLSocket):
            self.sock = ssl_context(self.cfg).wrap_socket(
                self.sock,
                server_side=True,
                suppress_ragged_eofs=self.cfg.suppress_ragged_eofs,
                do_handshake_on_connect=False,
            )
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            if time.monotonic() > self._deadline:
                raise TimeoutError("the client takes too long") from None
            return True
        self.is_http2 = is_http2_negotiated(self.sock)
        self.parser = get_parser(self.cfg, self.sock, self.client, http2_connection=self.is_http2)
        if self.is_http2:
            self.parser.initiate_connection()
        return False

    def init(self) -> None:
        """Prepare for the first request, or for the next."""
        super().init()
        if not self._requests and not self.is_http2:
            client = network_of(self.client[0] if self.client else "")
            self._requests = ClientSocket(self.sock, self._places, client)
            self.sock = self._requests
            self.parser.unreader.sock = self._requests
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

    def run(self) -> None:
        """Answer requests until the end."""
        left = self.cfg.threads - min(FREE_THREADS, self.cfg.threads // 2)
        waiting = self.wsgi.extensions["settings"].max_waiting
        self._places = Places(max(left - waiting, min(left, SLOW_THREADS)))
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
        self._expect(Connection(self._places, self.cfg, client, address, listener.getsockname()))

    def _expect(self, conn: Connection) -> None:
        """Wait for a client without a thread."""
        conn.timeout = time.monotonic() + slow_clients.READ_SECONDS
        self.pending_conns.append(conn)
        ready = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, ready)

    def handle(self, conn: Connection) -> object:
        """Answer a request; no thread waits for the handshake before the first."""
        try:
            if conn.shake_hands():
                return HANDSHAKE
        except OSError as error:
            self.log.info("no handshake: %s", error)
            return False
        return super().handle(conn)

    def _starve(self, error: OSError) -> None:
        if time.monotonic() > self._warn_at:
            self.log.warning("no connection can be accepted: %s; raise `ulimit -n`", error)
            self._warn_at = time.monotonic() + WARNING_SECONDS
        time.sleep(STARVED_SECONDS)  # the poller reports the listener again at once

    def finish_request(self, conn: TConn, fs: "Future[object]") -> None:
        """Do with a connection what its last answer has said."""
        if not fs.cancelled() and not fs.exception() and fs.result() is HANDSHAKE:
            self._expect(conn)
        elif fs.cancelled() or fs.exception() or fs.result():
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
        if self.nr_conns >= self.worker_connections:
            latest = time.monotonic() + slow_clients.READ_SECONDS - IDLE_SECONDS
            while self.pending_conns and self.pending_conns[0].timeout < latest:
                conn = self.pending_conns.popleft()
                self.poller.unregister(conn.sock)
                self._close(conn)
        while self._lingering and self._lingering[0].timeout < time.monotonic():
            conn = self._lingering.popleft()
            self.poller.unregister(conn.sock)
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


def _limit(listener: socket.socket) -> None:
    """Set how long the system waits for a client; gthread would wait without end."""
    listener.setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", slow_clients.READ_SECONDS, 0)
    )
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        # Not SO_SNDTIMEO, which socket.sendfile() passes over.
        listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, slow_clients.SEND_SECONDS * 1000
        )
