"""Faults of ours, as clients meet them."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from tests.database.failures import failure


def breaking(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let every question for a job end in an error."""

    def get(*args: Any) -> None:
        raise error

    monkeypatch.setattr(jobs, "get", get)


PATH = "/images/01a1f882-94ec-7569-8cff-cd211d2c85f9"


def test_an_unexpected_fault_tells_nothing_about_us(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, RuntimeError("/srv/secret/path"))
    answer = client.get(PATH)

    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/internal-server-error"
    assert "secret" not in answer.text


def test_a_busy_database_asks_to_come_back(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, failure("SQLITE_BUSY"))
    answer = client.get(PATH)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert answer.json["type"] == "/problems/busy"


@pytest.mark.parametrize(
    "name",
    ["SQLITE_READONLY_DBMOVED", "SQLITE_IOERR_READ", "SQLITE_CANTOPEN"],
)
def test_a_storage_that_cannot_be_used_is_not_called_busy(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    breaking(monkeypatch, failure(name))
    answer = client.get(PATH)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["type"] == "/problems/storage-unusable"
    assert "/readyz" in answer.json["detail"]


def test_a_fault_of_the_database_is_not_called_busy(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, failure("SQLITE_ERROR"))
    answer = client.get(PATH)

    assert answer.status_code == 500
    assert "SQLite" not in answer.text


def test_a_full_disk_is_507(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch, failure("SQLITE_FULL"))
    answer = client.get(PATH)

    assert answer.status_code == 507
    assert answer.json["type"] == "/problems/storage-full"
