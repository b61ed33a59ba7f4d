"""Room that is given back: that of removed rows, and that of the log."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask

from app import jobs
from app.database import sqlite
from app.database.connection import db
from app.database.models import Image
from app.database.sqlite import LOG_BYTES
from app.storage import Storage
from tests.samples import add_image

URL = "https://example.com/" + "a" * 1000


@pytest.fixture
def log_file(app: Flask, storage: Storage) -> Path:
    return Path(f"{storage.database}-wal")


@pytest.fixture
def reader(app: Flask, storage: Storage) -> Iterator[sqlite3.Connection]:
    """Another connection that reads what is there now, and so keeps all of the log that follows."""
    with closing(sqlite3.connect(storage.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM image").fetchall()
        yield reader


def write_a_long_log(log_file: Path) -> None:
    while log_file.stat().st_size <= LOG_BYTES:
        jobs.add_images([URL] * 1000)


def test_the_room_of_removed_rows_is_given_back_step_by_step(app: Flask) -> None:
    jobs.add_images([URL] * 10_000)
    full = db.pragma("page_count")
    Image.delete().execute()
    sizes = [full]
    for _ in range(full // sqlite.STEP_PAGES + 1):
        db.tidy()
        sizes.append(db.pragma("page_count"))

    steps = [before - after for before, after in pairwise(sizes)]
    assert max(steps) < 1.1 * sqlite.STEP_PAGES  # pages of pointers go, too
    assert sizes[1] <= full - sqlite.STEP_PAGES
    assert sizes[-1] < full / 4
    assert db.pragma("integrity_check") == "ok"


def test_room_that_new_rows_will_need_is_kept(app: Flask) -> None:
    jobs.add_images([URL] * 2000)
    full = db.pragma("page_count")
    Image.delete().where(Image.id.in_(Image.select(Image.id).limit(100))).execute()
    db.tidy()

    assert 0 < db.pragma("freelist_count") < full / 10
    assert db.pragma("page_count") == full


def test_a_database_of_an_earlier_release_learns_to_give_room_back(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.execute("CREATE TABLE something (id)")
    sqlite.use(path)
    assert db.pragma("auto_vacuum") == 0
    db.migrate()
    db.close()

    assert db.pragma("auto_vacuum") == sqlite.INCREMENTAL
    db.close()


def test_an_earlier_database_in_use_is_opened_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    sqlite.use(path)
    db.migrate()
    db.execute_sql("PRAGMA auto_vacuum=0")
    db.execute_sql("VACUUM")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        db.pragma("busy_timeout", 10)
        db.migrate()

    assert db.pragma("auto_vacuum") == 0
    db.close()


def test_a_log_that_a_reader_kept_is_cut_when_it_has_left(
    log_file: Path, reader: sqlite3.Connection
) -> None:
    write_a_long_log(log_file)
    started = time.monotonic()
    db.tidy()
    assert time.monotonic() - started < 2 * sqlite.PROBE_MILLISECONDS / 1000
    assert log_file.stat().st_size > LOG_BYTES

    reader.execute("ROLLBACK")
    db.tidy()

    assert log_file.stat().st_size == 0
    add_image(URL)
    assert log_file.stat().st_size < LOG_BYTES
