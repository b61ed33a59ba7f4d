"""POST /images: one image to keep a copy of."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import Image

URL = "https://example.com/sunset.jpg"


def test_it_accepts_an_image(client: FlaskClient, app: Flask) -> None:
    answer = client.post("/images", json={"url": URL})

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/images/{answer.json['id']}"
    assert (answer.json["source_url"], answer.json["status"]) == (URL, "queued")
    assert app.extensions["engine"].count == 1
    assert client.get(answer.headers["Location"]).json == answer.json


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": None}, "url"),
        ({"url": "data:image/png;base64,AAAA"}, "url"),
        ({"url": "http://127.0.0.2.3/"}, "url"),
        ({"url": "http://0x0a.1/"}, "url"),
        ({"url": URL, "limit": 5}, "limit"),
        ([], "body"),
    ],
)
def test_it_names_the_field_that_is_wrong(client: FlaskClient, body: Any, field: str) -> None:
    answer = client.post("/images", json=body)

    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert Image.select().count() == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [(b"{", "application/json", 400), (b"", "application/json", 400), (b"{}", "text/html", 415)],
)
def test_it_refuses_a_body_that_is_not_json(
    client: FlaskClient, body: bytes, content_type: str, status: int
) -> None:
    assert client.post("/images", data=body, content_type=content_type).status_code == status
