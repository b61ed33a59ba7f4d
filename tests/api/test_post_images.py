"""POST /images: one image to keep a copy of."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.database.models import Image

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
        ({"url": URL, "urls": [URL]}, "urls"),
        ({"urls": []}, "urls"),
        ({"urls": URL}, "urls"),
        ({"urls": None}, "urls"),
        ({"urls": [URL] * 10_001}, "urls"),
        ({"urls": [URL], "limit": 5}, "limit"),
    ],
)
def test_it_names_the_field_that_is_wrong(client: FlaskClient, body: Any, field: str) -> None:
    answer = client.post("/images", json=body)

    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert Image.select().count() == 0


def test_it_accepts_many_in_the_order_given(client: FlaskClient, app: Flask) -> None:
    urls = [f"https://example.com/{number}.png" for number in range(10_000)]

    answer = client.post("/images", json={"urls": urls})

    assert answer.status_code == 202
    told = answer.json["images"]
    assert [one["url"] for one in told] == urls
    assert app.extensions["engine"].count == 1
    stored = {str(image.id): image.source_url for image in Image.select()}
    assert stored == {one["id"]: one["url"] for one in told}
    assert client.get(told[17]["status_url"]).json["source_url"] == urls[17]


@pytest.mark.parametrize("bad", ["ftp://a/", "http://10.0.0.1/", "", None, 5, "http://\ud800/"])
def test_one_bad_url_of_many_refuses_all_and_is_named(client: FlaskClient, bad: Any) -> None:
    urls = [f"https://example.com/{number}.png" for number in range(100)]
    urls[17] = bad

    answer = client.post("/images", json={"urls": urls})

    assert answer.status_code == 422
    assert list(answer.json["errors"]["urls"]) == ["17"]
    assert Image.select().count() == 0


def test_a_body_in_another_coding_than_chunks_is_refused(client: FlaskClient) -> None:
    coded = {"Transfer-Encoding": "gzip, chunked"}
    answer = client.post("/images", json={"url": "https://example.com/"}, headers=coded)

    assert answer.status_code == 501
    assert answer.json["type"] == "/problems/not-implemented"
