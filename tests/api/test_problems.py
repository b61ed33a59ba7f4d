"""Faults of ours, as clients meet them."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import OperationalError
from pythonjsonlogger.json import JsonFormatter

from app import jobs


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
    breaking(monkeypatch, OperationalError("database is locked"))
    answer = client.get(PATH)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert answer.json["type"] == "/problems/busy"


def test_a_fault_of_the_database_is_not_called_busy(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, OperationalError("no such column: colour"))
    answer = client.get(PATH)

    assert answer.status_code == 500
    assert "colour" not in answer.text


def test_a_full_disk_is_507(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch, OperationalError("database or disk is full"))
    answer = client.get(PATH)

    assert answer.status_code == 507
    assert answer.json["type"] == "/problems/storage-full"


def test_a_request_is_one_line_in_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client.get("/healthz?secret=1")
    [record] = [record for record in caplog.records if record.name == "app.api"]

    [line] = [json.loads(JsonFormatter("%(message)s").format(record))]
    assert line.pop("seconds") >= 0
    assert line == {
        "message": "request",
        "method": "GET",
        "path": "/healthz",
        "status": 200,
        "client": "127.0.0.1",
    }
