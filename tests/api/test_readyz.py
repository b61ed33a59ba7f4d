"""Whether the service can do its work, and what is not well when it cannot."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.database import sqlite
from app.database.connection import db
from app.settings import Settings
from app.storage import Storage
from app.worker.pool import LATE_SECONDS, PoolEngine


def faults(client: FlaskClient) -> dict[str, str]:
    """Return what is not well."""
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["type"] == "/problems/not-ready"
    told: dict[str, str] = answer.json["errors"]
    assert all(name in answer.json["detail"] for name in told)
    assert "/storage" not in answer.text
    return told


def test_all_is_well(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "checks": {"database": "ok", "storage": "ok", "space": "ok", "engine": "ok"},
    }


def test_it_leaves_nothing_behind(client: FlaskClient, settings: Settings) -> None:
    before = sorted(settings.storage_dir.rglob("*"))
    client.get("/readyz")

    assert {path.suffix for path in set(settings.storage_dir.rglob("*")) - set(before)} <= {
        ".db-shm",
        ".db-wal",
    }


@pytest.mark.sqlite
def test_a_database_that_is_held_up_is_not_well(
    client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PROBE_MILLISECONDS", 1)
    with closing(sqlite3.connect(settings.storage_dir / "downloader.db")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert set(faults(client)) == {"database"}

    assert client.get("/readyz").status_code == 200
    assert db.pragma("busy_timeout") == 10_000  # requests wait as long as ever


@pytest.mark.sqlite
def test_a_storage_that_is_gone_is_not_well(client: FlaskClient, settings: Settings) -> None:
    db.close()
    shutil.rmtree(settings.storage_dir)

    assert set(faults(client)) == {"database", "storage", "space"}


def test_no_room_may_be_asked_for(settings: Settings) -> None:
    none = create_app(replace(settings, min_free_bytes=0))
    much = create_app(replace(settings, min_free_bytes=1 << 60))

    with none.test_client() as client:
        assert "space" not in client.get("/readyz").json["errors"]  # but the engine stands still
    with much.test_client() as client:
        assert "space" in client.get("/readyz").json["errors"]
    db.close()


@pytest.fixture
def engine(app: Flask, settings: Settings, storage: Storage) -> Iterator[PoolEngine]:
    engine = app.extensions["engine"] = PoolEngine(settings, storage)
    yield engine
    engine.stop()


def test_an_engine_that_has_not_started_is_not_well(
    client: FlaskClient, engine: PoolEngine
) -> None:
    assert set(faults(client)) == {"engine"}


def test_an_engine_whose_watch_stands_still_is_not_well(
    settings: Settings, storage: Storage
) -> None:
    time = 0.0
    engine = PoolEngine(settings, storage, clock=lambda: time)
    engine.watch()

    time = LATE_SECONDS - 1
    assert engine.turning()
    time = LATE_SECONDS
    assert not engine.turning()
