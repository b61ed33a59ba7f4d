"""Writers that share a commit, and so one sync of the disk.

A synced commit takes milliseconds, nearly all of them waiting for the disk, however much it
carries. Whoever writes alone goes at once; those who come while it syncs go together after it,
led by the first of them. Nobody waits for others to come. A thread may also enter several writes
before it asks for their results: those share a commit too.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from app.database.sqlite import db

T = TypeVar("T")


class Write(Generic[T]):
    """A part of a transaction to come, and how it ended."""

    def __init__(self, act: Callable[[], T], see_to: "Callable[[Write[T]], None]") -> None:
        self.act = act
        self.ended = False
        self.outcome: Any = None
        self.error: BaseException | None = None
        self.awaited = False
        self.turn = Lock()  # let go when it has ended, or is to lead
        self.turn.acquire()
        self._see_to = see_to

    def result(self) -> T:
        """Return what the act returned, when it is synced.

        Where a transaction that others share fails, the act runs once more in one of its own.
        """
        self._see_to(self)
        if self.error:
            raise self.error
        outcome: T = self.outcome
        return outcome


class Group:
    """The writers of this process; it holds nothing between calls that a fork could break."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._led = False
        self._waiting: list[Write[Any]] = []

    def commit(self, act: Callable[[], T]) -> T:
        """Run `act` in a transaction that others may share; return its result when it is synced."""
        return self.enter(act).result()

    def enter(self, act: Callable[[], T]) -> Write[T]:
        """Have `act` run in a transaction, by the time that its result is asked for."""
        write = Write(act, self._see_to)
        if db.in_transaction():  # its owner commits
            write.outcome = act()
            write.ended = True
        else:
            with self._lock:
                self._waiting.append(write)
        return write

    def _see_to(self, write: Write[Any]) -> None:
        """Wait until a write has ended, or lead it there."""
        with self._lock:
            write.awaited = True
            leads = not (self._led or write.ended)
            self._led |= leads
        if not (leads or write.ended):
            write.turn.acquire()
        if not write.ended:
            self._lead()

    def _lead(self) -> None:
        """Commit what waits, and leave the lead to one who waits for what came meanwhile."""
        with self._lock:
            writes, self._waiting = self._waiting, []
        _commit(writes)
        for write in writes:
            write.turn.release()
        with self._lock:
            heir = next((write for write in self._waiting if write.awaited), None)
            self._led = heir is not None
        if heir:
            heir.turn.release()


def _commit(writes: list[Write[Any]]) -> None:
    """Commit all together or, when that fails, each alone: one's fault is not the others'."""
    begun = False  # who has waited for the lock in vain waits no better alone
    try:
        with db.atomic():
            begun = True
            outcomes = [write.act() for write in writes]
    except BaseException as error:
        if begun and len(writes) > 1 and isinstance(error, Exception):
            for write in writes:
                _commit([write])
            return
        for write in writes:
            write.error = error
    else:
        for write, outcome in zip(writes, outcomes, strict=True):
            write.outcome = outcome
    for write in writes:
        write.ended = True
