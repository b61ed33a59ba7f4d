"""Ids, times and the schema."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playhouse.schema_diff import diff_models

from app.database import models, sqlite
from app.database.connection import db
from app.database.ids import first_id, new_id, stamp
from app.database.models import TABLES, Image


def schema() -> set[tuple[object, ...]]:
    """Return columns and indexes; where in its table a column stands is of no matter."""
    columns = """
        SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
    """
    indexes = "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index'"
    rows = [*db.execute_sql(columns), *db.execute_sql(indexes)]
    return {row for row in rows if not row[0].startswith("schema_migration")}


def test_the_migrations_make_the_tables_of_the_models(app: Flask, tmp_path: Path) -> None:
    migrated = schema()
    assert not diff_models(db, TABLES)

    sqlite.use(tmp_path / "other.db")
    db.create_tables(TABLES)

    assert schema() == migrated


def test_migrating_twice_changes_nothing(app: Flask) -> None:
    before = schema()
    db.migrate()

    assert schema() == before


def test_a_commit_is_synced_before_it_returns(app: Flask) -> None:
    assert db.pragma("journal_mode") == "wal"
    assert db.pragma("synchronous") == 2
    assert db.pragma("foreign_keys") == 1


def test_ids_sort_in_the_order_they_were_made() -> None:
    ids = [new_id() for _ in range(10_000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {one.version for one in ids} == {7}
    assert {one.variant for one in ids} == {uuid.RFC_4122}


def test_ids_sort_even_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    earlier = time.time_ns() - 59_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: earlier)

    assert new_id() > before


def test_ids_are_of_the_present_again_when_a_clock_far_ahead_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: present + 2 * 86_400 * 10**9)
    ahead = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: present)
    again = [new_id() for _ in range(100)]

    assert again == sorted(again)
    assert again[-1] < ahead
    assert again[0].int >> 80 == present // 1_000_000


def test_a_time_comes_back_as_it_was(app: Flask) -> None:
    moment = datetime(2026, 2, 28, 23, 59, 59, 123456, UTC)
    image = Image.create(source_url="https://a/", added_at=moment)

    assert Image.get_by_id(image.id).added_at == moment


def test_a_claim_and_a_recovery_walk_an_index(app: Flask) -> None:
    for question in (
        f"{models.READY[Image].sql} ORDER BY id LIMIT 1",
        "claimed_by IS NOT NULL",
    ):
        plan = db.execute_sql(f"EXPLAIN QUERY PLAN SELECT * FROM image WHERE {question}")
        [step] = [row[3] for row in plan]
        assert step.startswith(("SEARCH", "SCAN image USING INDEX image_claimed_by")), (
            question,
            step,
        )


def test_the_time_of_an_id_is_when_its_job_was_added() -> None:
    moment = datetime(2026, 2, 28, 23, 59, 59, 123000, UTC)
    stamps = [stamp() for _ in range(10_000)]

    for job in stamps:
        added = job["added_at"].replace(microsecond=job["added_at"].microsecond // 1000 * 1000)
        assert first_id(added) <= job["id"]
        assert job["id"] < first_id(added + timedelta(microseconds=1))
    assert first_id(moment).int >> 80 == round(moment.timestamp() * 1000)
    assert first_id(moment + timedelta(microseconds=1)) > first_id(moment)
