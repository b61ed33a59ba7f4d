"""Odd requests: bodies, queries and media types that nobody should send."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from app.api import RESOURCES
from app.database.ids import new_id
from app.database.models import Download, Image
from app.http.operations import Operation
from app.http.problem_types import CATALOGUE
from tests.api.test_prefer import Work
from tests.samples import picture

ODD = [
    b"\xff",
    b"\x00",
    b'{"url": "\x00"}',
    b'{"url": "\\u0000"}',
    b'{"url": "https://example.com/\\u0000"}',
    b'{"url": "https://example.com/\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"url": ' + b"1" * 5000 + b"}",
    b'{"url": 1e999}',
    b'{"url": NaN}',
    b'{"url": -0}',
    b'{"url": "https://example.com/", "limit": ' + b"9" * 4000 + b"}",
    b'{"url": "https://example.com/", "url": 5}',
    b'{"urls": [[[[{}]]]]}',
    b'{"url": [' + b"[" * 100_000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'{"url": {"url": {"url": null}}}',
    b"null",
    b'"https://example.com/"',
    b"[]",
    b"",
]


def test_nothing_is_done_that_could_not_be_told(client: FlaskClient) -> None:
    body = {"url": "https://example.com/a.png"}

    assert client.post("/images", json=body, headers={"Accept": "text/css"}).status_code == 406
    assert Image.select().count() == 0


@pytest.mark.parametrize(
    "operation",
    [one for resource in RESOURCES for one in resource.operations if "{" in one.path],
    ids=lambda one: one.name,
)
def test_of_what_there_is_not_each_operation_says_so(
    client: FlaskClient, operation: Operation
) -> None:
    path = re.sub(r"{\w+}", f"{new_id()}", operation.path)
    body = {"images": [f"{new_id()}"]} if operation.body else None
    answer = client.open(path, method=operation.method, json=body)

    assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")


def test_no_content_has_no_type(client: FlaskClient, keep_image: Callable[[bytes], str]) -> None:
    answer = client.delete(keep_image(picture()), headers={"Accept": "text/html"})

    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("path", ["/images", "/download"])
@pytest.mark.parametrize("body", ODD, ids=lambda body: body[:30].decode("latin-1"))
def test_odd_bodies_are_refused(client: FlaskClient, path: str, body: bytes) -> None:
    answer = client.post(path, data=body, content_type="application/json")

    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"
    assert Image.select().count() + Download.select().count() == 0


def test_strange_texts_are_kept_as_they_are(client: FlaskClient, work: Work) -> None:
    body = {"url": "https://example.com/", "image_urls": ["a\0b", "\U0010ffff"]}
    headers = {"Idempotency-Key": "k"}
    answer = client.post("/download", json=body, headers=headers)

    assert answer.status_code == 202
    assert client.post("/download", json=body, headers=headers).data == answer.data
    work()
    assert client.get(answer.json["status_url"]).status_code == 200
    assert client.get(answer.headers["Location"] + "/events").status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1&limit=2", 422),
        ("limit=", 422),
        ("limit=%00", 422),
        ("limit=%D9%A3", 422),
        ("limit=99999999999999999999", 422),
        ("cursor=%FF", 422),
        ("status=%00", 422),
        ("source_url=%00", 200),
        ("source_url=%FF%FE", 200),
        ("source_url=%ED%A0%80", 200),
        ("%00=%00&=&&&", 422),
    ],
)
def test_odd_queries_are_answered(client: FlaskClient, query: str, status: int) -> None:
    answer = client.get(f"/images?{query}")

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "APPLICATION/JSON; charset=utf-8"}, 202),
        ({"Content-Type": "application/vnd.api+json"}, 202),
        ({"Content-Type": "text/json"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
    ],
)
def test_bodies_have_to_be_called_json(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    body = json.dumps({"url": "https://example.com/a.png"})

    assert client.post("/images", data=body, headers=headers).status_code == status


def test_a_type_has_one_title(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError

    told = [
        client.get("/nowhere"),
        client.get("/images/01a1f882-94ec-7569-8cff-cd211d2c85f9"),
        client.put("/images"),
        client.post("/images", json={}),
        client.post("/images", data="x"),
        client.post("/images", data="x", content_type="application/json"),
    ]
    monkeypatch.setattr(jobs, "get", broken)
    told.append(client.get("/images/01a1f882-94ec-7569-8cff-cd211d2c85f9"))

    for answer in told:
        kind = CATALOGUE[answer.json["type"].removeprefix("/problems/")]
        assert (kind.title, kind.status) == (answer.json["title"], answer.status_code)
