"""POST /download: what is accepted, and what every other input gets."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import Download

URL = "https://example.com/gallery?page=2"


def test_it_accepts_a_page(client: FlaskClient, app: Flask) -> None:
    answer = client.post("/download", json={"url": URL})

    assert answer.status_code == 202
    told = answer.json
    path = f"/download/{told['download_id']}"
    assert answer.headers["Location"] == path
    assert told == {
        "download_id": told["download_id"],
        "status": "queued",
        "status_url": f"{path}/status",
        "download_url": path,
    }
    assert app.extensions["engine"].count == 1


def test_it_keeps_what_was_asked_for(client: FlaskClient) -> None:
    wanted = {
        "url": URL,
        "limit": 7,
        "min_width": 100,
        "min_height": 50,
        "types": ["jpeg", "png"],
        "manifest": True,
        "sources": ["seen", "icons"],
        "dry_run": True,
    }
    client.post("/download", json=wanted)

    row = Download.get()
    assert {name: getattr(row, name) for name in wanted} == wanted


def test_it_asks_for_fifty_images_of_any_kind_by_default(client: FlaskClient) -> None:
    client.post("/download", json={"url": URL})

    row = Download.get()
    assert (row.limit, row.min_width, row.min_height) == (50, 0, 0)
    assert (row.types, row.manifest) == (None, False)
    assert (row.sources, row.image_urls, row.dry_run) == (None, None, False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": None}, "url"),
        ({"url": ""}, "url"),
        ({"url": 5}, "url"),
        ({"url": ["https://example.com"]}, "url"),
        ({"url": "example.com"}, "url"),
        ({"url": "not a url"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "https://example.com/\ud800"}, "url"),
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "http://[::1]/"}, "url"),
        ({"url": "http://192.168.0.1:8080/"}, "url"),
        ({"url": URL, "limit": 0}, "limit"),
        ({"url": URL, "limit": 501}, "limit"),
        ({"url": URL, "limit": "5"}, "limit"),
        ({"url": URL, "limit": 5.5}, "limit"),
        ({"url": URL, "limit": True}, "limit"),
        ({"url": URL, "limit": None}, "limit"),
        ({"url": URL, "min_width": -1}, "min_width"),
        ({"url": URL, "min_height": 10**30}, "min_height"),
        ({"url": URL, "types": []}, "types"),
        ({"url": URL, "types": "png"}, "types"),
        ({"url": URL, "types": ["exe"]}, "types"),
        ({"url": URL, "manifest": "yes"}, "manifest"),
        ({"url": URL, "colour": "red"}, "colour"),
        ({"url": URL, "sources": []}, "sources"),
        ({"url": URL, "sources": ["everything"]}, "sources"),
        ({"url": URL, "dry_run": 1}, "dry_run"),
        ({"url": URL, "image_urls": []}, "image_urls"),
        ({"url": URL, "image_urls": [5]}, "image_urls"),
        ({"url": URL, "image_urls": ["x" * 9000]}, "image_urls"),
        ({"url": URL, "image_urls": ["a.png"], "sources": ["meta"]}, "sources"),
        ([URL], "body"),
        ("text", "body"),
        (None, "body"),
    ],
)
def test_it_names_the_field_that_is_wrong(client: FlaskClient, body: Any, field: str) -> None:
    answer = client.post("/download", data=json.dumps(body), content_type="application/json")

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/invalid-input"
    assert field in answer.json["errors"]
    assert Download.select().count() == 0


def test_it_says_why_an_address_is_refused(client: FlaskClient) -> None:
    answer = client.post("/download", json={"url": "http://169.254.169.254/latest/meta-data"})

    assert answer.json["errors"] == {"url": ["refused: link-local address"]}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b'{"url": "https://example.com/"}', "text/plain", 415),
        (b"url=https://example.com/", "application/x-www-form-urlencoded", 415),
        (b"{}", None, 415),
        (b'{"url": "' + b"x" * (1 << 20) + b'"}', "application/json", 413),
    ],
)
def test_it_refuses_a_body_that_is_not_json(
    client: FlaskClient, body: bytes, content_type: str | None, status: int
) -> None:
    answer = client.post("/download", data=body, content_type=content_type)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status


def test_a_limit_follows_the_setting(client: FlaskClient, app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], max_images=20)

    assert client.post("/download", json={"url": URL, "limit": 21}).status_code == 422
    assert client.post("/download", json={"url": URL}).status_code == 202
    assert Download.get().limit == 20
