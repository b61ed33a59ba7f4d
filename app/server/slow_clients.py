"""Connections whose clients are slow, and how many threads may wait for them."""

import errno
import os
import select
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from app.http.bad_requests import TooManySlowClients

# As client_body_timeout and send_timeout of deploy/nginx: a slow client may take its time, but one
# that has stopped must not keep a thread.
READ_SECONDS = 15  # between two pieces of a request
SEND_SECONDS = 30  # between two pieces of a response
REQUEST_SECONDS = 60  # for a whole request, however steadily its bytes trickle in
TLS_BYTES = 16384  # that an encrypted connection takes at once if it takes any


class Places:
    """Threads that may wait for clients; who has most of them gives one up to who has fewer."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken: dict[socket.socket, str] = {}  # the oldest first
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, sock: socket.socket, client: str) -> Iterator[None]:
        """Take a place while a client is waited for.

        Raises:
            TooManySlowClients: there is none.
        """
        with self._lock:
            if len(self._taken) >= self._count:
                self._make_room(client)
            self._taken[sock] = client
        try:
            yield
        finally:
            with self._lock:
                self._taken.pop(sock, None)

    def _make_room(self, client: str) -> None:
        counts = Counter(self._taken.values())
        [(greedy, most)] = counts.most_common(1)
        if most <= counts[client] + 1:
            raise TooManySlowClients
        sock = next(sock for sock, who in self._taken.items() if who == greedy)
        del self._taken[sock]
        with suppress(OSError):
            # It wakes the thread; that of SSLSocket would have it go on without TLS.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class ClientSocket:
    """The socket of a connection, as gunicorn's parser and its answers use it.

    A read or a write that has to wait for the client takes one of the `places` meanwhile.
    """

    def __init__(self, sock: socket.socket, places: Places, client: str) -> None:
        self._sock = sock
        self._places = places
        self._client = client
        self._deadline = 0.0
        self._timeout: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

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
        if not self._is_ready(select.POLLIN, 0):
            self._wait()
        try:
            return self._sock.recv(size)
        except TimeoutError as error:  # SEND_SECONDS
            raise ConnectionResetError(errno.ECONNRESET, "the client stopped reading") from error

    def _wait(self) -> None:
        with self._places.taken(self._sock, self._client):
            timeout = READ_SECONDS if self._timeout is None else self._timeout
            left = self._deadline - time.monotonic()
            if left <= 0 or not self._is_ready(select.POLLIN, min(timeout, left)):
                raise BlockingIOError(errno.EAGAIN, "the client takes too long")

    def sendall(self, data: bytes) -> None:
        """Send it all.

        Raises:
            BrokenPipeError: as many threads wait for clients already as may.
        """
        sent = self._send_now(data)
        if sent < len(data):
            with self._slowly():
                self._sock.sendall(data[sent:])

    def _send_now(self, data: bytes) -> int:
        """Send what goes without waiting; return how much that was."""
        if not isinstance(self._sock, ssl.SSLSocket):
            with suppress(BlockingIOError):
                return self._sock.send(data, socket.MSG_DONTWAIT)
        elif len(data) <= TLS_BYTES and self._is_ready(select.POLLOUT, 0):
            self._sock.sendall(data)
            return len(data)
        return 0

    def sendfile(self, file: BinaryIO, offset: int, count: int) -> None:
        """Send so many bytes of a file.

        Raises: see `sendall`.
        """
        sent = 0
        self._sock.setblocking(False)
        with suppress(BlockingIOError):
            sent = os.sendfile(self._sock.fileno(), file.fileno(), offset, count)
        self._sock.setblocking(True)
        if sent < count:
            with self._slowly():
                self._sock.sendfile(file, offset + sent, count - sent)

    @contextmanager
    def _slowly(self) -> Iterator[None]:
        try:
            with self._places.taken(self._sock, self._client):
                yield
        except TooManySlowClients as error:
            raise BrokenPipeError(errno.EPIPE, f"{error}") from error

    def _is_ready(self, event: int, seconds: float) -> bool:
        if getattr(self._sock, "pending", int)():  # decrypted already, where gunicorn does TLS
            return True
        poll = select.poll()
        poll.register(self._sock, event)
        return bool(poll.poll(seconds * 1000))
