"""How many connections this process has open to a host, over all of its jobs."""

import socket
import threading
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet


class Connection(Protocol):
    """What is counted."""

    idle: bool  # open, and waiting for the next request of its job
    given_up: bool

    def shutdown(self, how: int, /) -> None:
        """End both directions."""


class HostLimit:
    """Counts connections by host; an idle one of another job gives way to one that is needed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[str, WeakSet[Connection]] = {}

    def enter(self, host: str, connection: Connection, most: int, patience: float) -> bool:
        """Count a connection to be opened; return False if there is no room within some seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._make_room(host, most), patience):
                return False
            self._open.setdefault(host, WeakSet()).add(connection)
            return True

    def take(self, connection: Connection) -> bool:
        """Use an idle connection again; return False if it has given way meanwhile."""
        with self._changed:
            connection.idle = False
            return not connection.given_up

    def rest(self, connection: Connection) -> None:
        """Note that a connection is idle."""
        with self._changed:
            connection.idle = True
            self._changed.notify_all()

    def leave(self, host: str, connection: Connection) -> None:
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
            if other.idle:
                other.given_up = True
                with suppress(OSError):  # its host was faster
                    other.shutdown(socket.SHUT_RDWR)
                others.discard(other)
                return True
        return False
