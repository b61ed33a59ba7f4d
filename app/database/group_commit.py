"""Writers that share a commit, and so one sync of the disk.

A synced commit takes milliseconds, nearly all of them waiting for the disk, however much it
carries. A writer alone commits at once; those who come while it syncs go together after it, led
by the first of them. No writer waits for others to come.
"""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

from app.database.connection import db

T = TypeVar("T")


class Write:
    """A part of a transaction to come, and how it ended."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.outcome: Future[Any] = Future()
        self.turn = Lock()  # released when it has ended, or is to lead
        self.turn.acquire()


class GroupCommit:
    """The writers of this process; it holds nothing between calls that a fork could break."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._led = False
        self._waiting: list[Write] = []

    def commit(self, act: Callable[[], T]) -> T:
        """Run `act` in a transaction that others may share; return its result when it is synced.

        If a shared transaction fails, each act runs once more in a transaction of its own.
        """
        if db.in_transaction():  # its owner commits
            return act()
        write = Write(act)
        with self._lock:
            self._waiting.append(write)
            leads = not self._led
            self._led = True
        if not leads:
            write.turn.acquire()
        if not write.outcome.done():
            self._lead()
        outcome: T = write.outcome.result()
        return outcome

    def _lead(self) -> None:
        """Commit what waits, and leave the lead to the first that came meanwhile."""
        with self._lock:
            writes, self._waiting = self._waiting, []
        commit_together(writes)
        for write in writes:
            write.turn.release()
        with self._lock:
            self._led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].turn.release()


def commit_together(writes: list[Write]) -> None:
    """Commit all together or, if that fails, each alone: one's fault is not the others'."""
    begun = False  # a writer that has waited for the lock in vain waits no better alone
    try:
        with db.soon():
            begun = True
            outcomes = [write.act() for write in writes]
    except BaseException as error:
        if begun and len(writes) > 1 and isinstance(error, Exception):
            for write in writes:
                commit_together([write])
            return
        for write in writes:
            write.outcome.set_exception(error)
    else:
        for write, outcome in zip(writes, outcomes, strict=True):
            write.outcome.set_result(outcome)
