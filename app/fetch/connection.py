"""The way out: one lookup, every answer judged, the judged address dialled, every byte counted.

TLS runs over a `Wire` through memory buffers (`SSLTransport`), so that handshakes, session
tickets and empty records pass the watch like any other byte.
"""

import contextlib
import math
import queue
import select
import socket
import threading
from collections import Counter
from collections.abc import Callable
from errno import EINPROGRESS
from typing import Any

from app.addresses import Address, judge, judge_host, literal
from app.errors import DeadlineExceeded, RefusedAddress, Unreachable
from app.fetch.budget import SLICE_SECONDS, Watch
from app.fetch.host_limit import HostLimit
from app.settings import Settings

CONNECT_SECONDS = 10.0
MAX_ADDRESSES = 8
MAX_MISSES = 3

Resolve = Callable[..., Any]  # takes and gives what socket.getaddrinfo does


class Wire(socket.socket):
    """A TCP connection whose every wait is sliced and whose every byte is counted."""

    def __init__(self, address: Address, watch: Watch, host: str, limit: HostLimit) -> None:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        super().__init__(family, socket.SOCK_STREAM)
        self.address = address
        self._watch = watch
        self._host = host
        self._limit = limit
        self.setblocking(False)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def enter(self, most: int) -> None:
        """Wait until the host may have one connection more; that is no time of the fetch."""
        began = self._watch.clock()
        while not self._limit.enter(self._host, self, most, SLICE_SECONDS):
            now = self._watch.clock()
            self._watch.extend(now - began)
            began = now
            self._watch.check()
        self._watch.extend(self._watch.clock() - began)

    def take(self) -> bool:
        """Use an idle connection again; return False if it had to give way to another job's."""
        return self._limit.take(self._host, self)

    def rest(self) -> None:
        """Note that no request is on the way: the connection may give way to another."""
        self._limit.rest(self)

    def _real_close(self) -> None:
        super()._real_close()  # type: ignore[misc]  # what `close` comes to, if nobody reads
        self._limit.leave(self._host, self)

    def dial(self, port: int, patience: float) -> bool:
        """Connect to the judged address, which a numeric string names without a lookup."""
        error = self.connect_ex((str(self.address), port))
        if error == EINPROGRESS and self._ready(select.POLLOUT, patience):
            error = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return error == 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read for TLS."""
        data: bytes = self._patiently(select.POLLIN, super().recv, size, flags)
        self._watch.spend(len(data))
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Read for http.client."""
        size: int = self._patiently(select.POLLIN, super().recv_into, buffer, nbytes, flags)
        self._watch.spend(size)
        return size

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Write for both."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._patiently(select.POLLOUT, super().send, rest, flags) :]

    def begin_response(self) -> None:
        """Note that a response has begun: it has to go on."""
        self._watch.expect_pace(True)

    def _patiently(self, event: int, call: Callable[..., Any], *arguments: Any) -> Any:
        while True:
            try:
                return call(*arguments)
            except BlockingIOError:
                self._ready(event)

    def _ready(self, event: int, patience: float = math.inf) -> bool:
        poll = select.poll()
        poll.register(self, event)
        began = self._watch.clock()
        until = began + patience
        while True:
            ready = poll.poll(self._watch.check() * 1000)
            now = self._watch.clock()
            self._watch.count_wait(min(now - began, SLICE_SECONDS))
            if ready or began >= until:
                return bool(ready)
            began = now


class Dialler:
    """Opens wires to hosts; the only place where the product reaches out."""

    def __init__(
        self,
        watch: Watch,
        settings: Settings,
        resolve: Resolve,
        misses: Counter[tuple[str, int]],
        limit: HostLimit,
    ) -> None:
        self._watch = watch
        self._allow = settings.allow_networks
        self._most = settings.host_connections
        self._resolve = resolve
        self._misses = misses
        self._limit = limit

    def dial(self, host: str, port: int) -> Wire:
        """Connect to the first judged address of a host that takes the connection.

        Raises:
            RefusedAddress: no address of the host may be dialled.
            Unreachable: the host has no address, or none of them answers; after three times
                it is left alone for the rest of the job.
        """
        if self._misses[host, port] >= MAX_MISSES:
            raise Unreachable(_no_connection(host, port))
        try:
            return self._dial(host, port)
        except (Unreachable, DeadlineExceeded):
            self._misses[host, port] += 1
            raise

    def _dial(self, host: str, port: int) -> Wire:
        addresses = self.judged(host)
        for place, address in enumerate(addresses):
            share = self._watch.left() / (len(addresses) - place)
            with contextlib.ExitStack() as stack:
                wire = stack.enter_context(Wire(address, self._watch, host, self._limit))
                wire.enter(self._most)
                if wire.dial(port, min(share, CONNECT_SECONDS)):
                    stack.pop_all()
                    return wire
        raise Unreachable(_no_connection(host, port), transient=True)

    def judged(self, host: str) -> list[Address]:
        """Return those addresses of a host that may be dialled."""
        judge_host(host, self._allow)
        if address := literal(host):
            return [address]
        public, refusals = [], []
        for found in self._look_up(host)[:MAX_ADDRESSES]:
            try:
                judge(found, self._allow)
                public.append(found)
            except RefusedAddress as refused:
                refusals.append(refused)
        if refusals and not public:
            raise refusals[0]
        return public

    def _look_up(self, host: str) -> list[Address]:
        """Ask in a thread of its own: getaddrinfo knows no deadline."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._ask, args=(host, answers), daemon=True).start()
        while True:
            try:
                answer = answers.get(timeout=self._watch.check())
                break
            except queue.Empty:
                continue
        if isinstance(answer, Exception):
            again = getattr(answer, "errno", None) == socket.EAI_AGAIN
            raise Unreachable(f"unreachable: no address for {host}", transient=again) from answer
        found = [literal(info[4][0]) for info in answer]
        return list(dict.fromkeys(address for address in found if address))

    def _ask(self, host: str, answers: "queue.SimpleQueue[Any]") -> None:
        try:
            answers.put(self._resolve(host, None, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)


def _no_connection(host: str, port: int) -> str:
    return f"unreachable: no connection to {host} port {port}"
