"""Errors, told to people as pages and to programs as problem documents."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.jobs.capacity import Capacity

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
UNKNOWN = "01a1f882-94ec-7569-8cff-cd211d2c85f9"
PROGRAMS = [
    *("*/*", "application/json", "application/problem+json", "application/json, text/html;q=0", ""),
    *("application/json, text/html;q=0.9", "text/html;q=0.5, */*"),
]
PATHS = ["/nowhere", f"/downloads/{UNKNOWN}", f"/gallery/{UNKNOWN}", f"/download/{UNKNOWN}"]


@pytest.mark.parametrize("path", PATHS)
def test_people_get_a_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": BROWSER})

    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")
    assert "<h1>not found</h1>" in answer.text.lower()
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("accept", PROGRAMS)
@pytest.mark.parametrize("path", PATHS)
def test_programs_get_a_problem_document(client: FlaskClient, path: str, accept: str) -> None:
    answer = client.get(path, headers={"Accept": accept})

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json["status"] == 404


def test_people_are_told_when_to_come_again(client: FlaskClient, app: Flask) -> None:
    app.extensions["capacity"] = Capacity(1)
    form = {"urls": "https://example.com/a\nhttps://example.com/b"}
    answer = client.post("/", data=form, headers={"Accept": BROWSER})

    assert (answer.status_code, answer.content_type) == (503, "text/html; charset=utf-8")
    assert "No more than 1 jobs may wait" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
