"""How many connections this process has open to a host, over all of its jobs."""

import socket
import threading
from contextlib import suppress
from weakref import WeakSet


class HostLimit:
    """Counts connections by host; an idle one of another job gives way to one that is needed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[str, WeakSet[socket.socket]] = {}
        self._idle = WeakSet[socket.socket]()  # of those, waiting for the next request of their job

    def enter(self, host: str, connection: socket.socket, most: int, patience: float) -> bool:
        """Count a connection to be opened; return False if there is no room within some seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._make_room(host, most), patience):
                return False
            self._open.setdefault(host, WeakSet()).add(connection)
            return True

    def take(self, host: str, connection: socket.socket) -> bool:
        """Use an idle connection again; return False if it has given way meanwhile."""
        with self._changed:
            self._idle.discard(connection)
            return connection in self._open.get(host, ())

    def rest(self, connection: socket.socket) -> None:
        """Note that a connection is idle."""
        with self._changed:
            self._idle.add(connection)
            self._changed.notify_all()

    def leave(self, host: str, connection: socket.socket) -> None:
        """Count a connection no longer."""
        with self._changed:
            others = self._open.get(host, WeakSet())
            others.discard(connection)
            if not others:
                self._open.pop(host, None)
            self._changed.notify_all()

    def _make_room(self, host: str, most: int) -> bool:
        """Tell whether there is room, if need be after an idle connection has given way."""
        others = self._open.get(host, WeakSet())
        if len(others) < most:
            return True
        for other in others:
            if other in self._idle:
                with suppress(OSError):  # its host was faster
                    other.shutdown(socket.SHUT_RDWR)
                others.discard(other)
                return True
        return False
