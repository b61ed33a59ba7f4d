"""Writers that share a commit."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from peewee import IntegrityError, OperationalError

from app.database.connection import db
from app.database.group_commit import GroupCommit, Write, commit_together
from app.database.ids import new_id
from app.database.models import Image

Act = Callable[[], Any]
DOUBLE = new_id()


class Writers:
    """Writers in threads of their own; the first holds its commit up until the others wait."""

    def __init__(self) -> None:
        self._group = GroupCommit()
        self._pool = ThreadPoolExecutor()

    def write(self, *acts: Act) -> list[Any]:
        """Return what each of the others got, or what was raised to it."""
        began, all_wait = threading.Event(), threading.Event()

        def hold() -> None:
            began.set()
            assert all_wait.wait(30)

        first = self._pool.submit(self._commit, hold)
        assert began.wait(30)
        futures = []
        for act in acts:
            futures.append(self._pool.submit(self._commit, act))
            while len(self._group._waiting) < len(futures):
                assert not futures[-1].done()
        all_wait.set()
        first.result(30)
        return [future.exception(30) or future.result() for future in futures]

    def _commit(self, act: Act) -> Any:
        with db.connection_context():
            return self._group.commit(act)

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def writers(app: Flask) -> Iterator[Writers]:
    writers = Writers()
    yield writers
    writers.close()


def add(**values: Any) -> int:
    """Add an image; return which thread did."""
    Image.create(source_url="https://a/", **values)
    return threading.get_ident()


def test_a_writer_alone_commits_at_once(app: Flask) -> None:
    assert GroupCommit().commit(add) == threading.get_ident()
    assert Image.select().count() == 1


def test_those_who_come_during_a_commit_share_the_next(writers: Writers) -> None:
    threads = writers.write(add, add, add)

    assert len(set(threads)) == 1
    assert Image.select().count() == 3


def test_a_writer_that_fails_undoes_only_its_own(writers: Writers) -> None:
    def add_twice() -> None:
        add(id=DOUBLE)
        add(id=DOUBLE)

    first, error, last = writers.write(add, add_twice, add)

    assert first == last
    assert isinstance(error, IntegrityError)
    assert Image.select().count() == 2


def test_one_whose_transaction_breaks_takes_nobody_along(writers: Writers) -> None:
    def lose() -> None:
        db.connection().rollback()  # as SQLite does when the disk is full
        raise OperationalError("database or disk is full")

    first, error, last = writers.write(add, lose, add)

    assert first == last
    assert str(error) == "database or disk is full"
    assert Image.select().count() == 2
    assert isinstance(*writers.write(add), int)


def test_a_writer_within_a_transaction_is_part_of_that(app: Flask) -> None:
    with db.atomic() as transaction:
        GroupCommit().commit(add)
        transaction.rollback()

    assert Image.select().count() == 0


def test_many_writers_at_once_all_get_their_own(app: Flask) -> None:
    group = GroupCommit()

    def write(number: int) -> int:
        with db.connection_context():
            return group.commit(lambda: (add(position=number), number)[1])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(write, range(400))) == list(range(400))
    assert Image.select().count() == 400


@pytest.mark.sqlite
def test_those_who_wait_for_a_lock_in_vain_wait_once(app: Flask) -> None:
    writes = [Write(add) for _ in range(3)]
    began: list[str] = []
    with closing(sqlite3.connect(str(db.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        db.pragma("busy_timeout", 1)
        db.connection().set_trace_callback(began.append)
        commit_together(writes)

    for write in writes:
        error = write.outcome.exception(0)
        assert isinstance(error, OperationalError)
        assert "locked" in str(error)
    assert began.count("PRAGMA busy_timeout = 0") == 1
