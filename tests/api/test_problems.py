"""Faults of ours, as clients meet them."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import OperationalError

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


def test_a_full_disk_is_507(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch, OperationalError("database or disk is full"))
    answer = client.get(PATH)

    assert answer.status_code == 507
    assert answer.json["type"] == "/problems/storage-full"


def test_a_request_is_one_line_of_json(
    capsys: pytest.CaptureFixture[str], client: FlaskClient
) -> None:
    client.get("/healthz?secret=1")
    lines = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    [line] = [line for line in lines if line["message"] == "request"]

    assert (line["method"], line["path"], line["status"]) == ("GET", "/healthz", 200)
    assert line["level"] == "INFO"
    assert line["seconds"] >= 0
