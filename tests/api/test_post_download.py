"""POST /download: what is accepted, and what every other input gets."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api import MAX_BODY_BYTES
from app.database.models import Download
from app.pictures.formats import FORMATS

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
        "min_bytes": 20_000,
        "include": ["/photos/"],
        "exclude": ["thumb", "*.gif"],
        "pattern": "{site} {position}",
        "types": ["jpeg", "png"],
        "manifest": True,
        "sources": ["seen", "icons"],
        "dry_run": True,
    }
    client.post("/download", json=wanted)

    row = Download.get()
    assert {name: getattr(row, name) for name in wanted} == wanted


def test_a_page_is_opened_in_a_browser_where_there_is_one(app: Flask, client: FlaskClient) -> None:
    refused = client.post("/download", json={"url": URL, "render": True})
    assert refused.status_code == 422
    [reason] = refused.json["errors"]["render"]
    assert "DOWNLOADER_BROWSER" in reason
    assert "bookmarklet" in reason
    assert client.post("/download", json={"url": URL, "render": False}).status_code == 202

    app.extensions["settings"] = replace(app.extensions["settings"], browser="/usr/bin/browser")
    path = client.post("/download", json={"url": URL, "render": True}).json["status_url"]
    assert Download.get(Download.render).url == URL
    told = client.get(path).json
    assert (told["rendered"], told["render_detail"]) == (None, None)
    listed = {"url": URL, "render": True, "image_urls": ["a.png"]}
    assert "render" in client.post("/download", json=listed).json["errors"]


def test_formats_have_the_names_that_people_know_them_by(client: FlaskClient) -> None:
    client.post("/download", json={"url": URL, "types": ["jpg", "TIF", "heif", "PNG"]})

    assert Download.get().types == ["jpeg", "tiff", "heic", "png"]


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
        ({"url": URL, "limit": float("nan")}, "limit"),
        ({"url": URL, "limit": 1e300}, "limit"),
        ({"url": URL, "limit": True}, "limit"),
        ({"url": URL, "limit": None}, "limit"),
        ({"url": URL, "min_width": -1}, "min_width"),
        ({"url": URL, "min_height": 10**30}, "min_height"),
        ({"url": URL, "min_bytes": -1}, "min_bytes"),
        ({"url": URL, "min_bytes": "20kB"}, "min_bytes"),
        ({"url": URL, "include": "a"}, "include"),
        ({"url": URL, "include": []}, "include"),
        ({"url": URL, "include": [""]}, "include"),
        ({"url": URL, "exclude": ["a"] * 51}, "exclude"),
        ({"url": URL, "exclude": ["\ud800"]}, "exclude"),
        ({"url": URL, "pattern": ""}, "pattern"),
        ({"url": URL, "pattern": "{colour}"}, "pattern"),
        ({"url": URL, "pattern": "a" * 101}, "pattern"),
        ({"url": URL, "types": []}, "types"),
        ({"url": URL, "types": "png"}, "types"),
        ({"url": URL, "types": ["exe"]}, "types"),
        ({"url": URL, "manifest": "yes"}, "manifest"),
        ({"url": URL, "colour": "red"}, "colour"),
        ({"url": URL, "sources": []}, "sources"),
        ({"url": URL, "sources": ["everything"]}, "sources"),
        ({"url": URL, "dry_run": 1}, "dry_run"),
        ({"url": URL, "at_once": 0}, "at_once"),
        ({"url": URL, "at_once": 2}, "at_once"),
        ({"url": URL, "at_once": "1"}, "at_once"),
        ({"url": URL, "image_urls": []}, "image_urls"),
        ({"url": URL, "image_urls": [5]}, "image_urls"),
        ({"url": URL, "image_urls": ["x" * 9000]}, "image_urls"),
        ({"url": URL, "image_urls": ["a.png", "\ud800"]}, "image_urls"),
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


def test_a_number_may_be_spelled_with_a_point(client: FlaskClient) -> None:
    body = b'{"url": "https://example.com/", "limit": 5.0, "min_width": 1e2}'
    client.post("/download", data=body, content_type="application/json")

    row = Download.get()
    assert (row.limit, row.min_width) == (5, 100)


def test_it_says_why_an_address_is_refused(client: FlaskClient) -> None:
    answer = client.post("/download", json={"url": "http://169.254.169.254/latest/meta-data"})

    assert answer.json["errors"] == {
        "url": ["refused: link-local address; DOWNLOADER_ALLOW_NETWORKS can open its network"]
    }


@pytest.mark.parametrize("path", ["/download", "/images"])
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
        (b'{"url": "' + b"x" * MAX_BODY_BYTES + b'"}', "application/json", 413),
    ],
)
def test_it_refuses_a_body_that_is_not_json(
    client: FlaskClient, path: str, body: bytes, content_type: str | None, status: int
) -> None:
    answer = client.post(path, data=body, content_type=content_type)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status


@pytest.mark.parametrize(
    ("path", "field", "most"),
    [
        ("/download", "types", len(FORMATS)),
        ("/download", "sources", 4),
        ("/download", "image_urls", 10_000),
        ("/images", "urls", 10_000),
    ],
)
def test_of_a_list_that_is_too_long_no_entry_is_looked_at(
    client: FlaskClient, path: str, field: str, most: int
) -> None:
    url = {"url": "https://example.com/"} if path == "/download" else {}
    answer = client.post(path, json={**url, field: [5] * (most + 1)})

    assert answer.json["errors"] == {field: [f"Length must be between 1 and {most}."]}


def test_unknown_fields_are_named_unless_there_are_very_many(client: FlaskClient) -> None:
    url = {"url": "https://example.com/"}
    some = client.post("/download", json=url | {f"{n}": n for n in range(99)})
    many = client.post("/download", json=url | {f"{n}": n for n in range(100)})

    assert (some.status_code, len(some.json["errors"])) == (422, 99)
    assert (many.status_code, many.json["detail"]) == (400, "the body has more than 100 fields")


def test_it_says_where_the_json_breaks_off(client: FlaskClient) -> None:
    body = b'{"url": "https://example.com/",\n  limit: 5}'
    answer = client.post("/download", data=body, content_type="application/json")

    assert answer.json["detail"] == "the body is not valid JSON: line 2, column 3"


def test_images_at_once_follow_the_setting(client: FlaskClient, app: Flask) -> None:
    answer = client.post("/download", json={"url": URL, "at_once": 2})
    assert answer.json["errors"] == {"at_once": ["Must be at most 1, which this service allows."]}
    app.extensions["settings"] = replace(app.extensions["settings"], images_at_once=6)

    assert client.post("/download", json={"url": URL, "at_once": 7}).status_code == 422
    assert client.post("/download", json={"url": URL, "at_once": 6}).status_code == 202
    assert Download.get().at_once == 6


def test_a_limit_follows_the_setting(client: FlaskClient, app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], max_images=20)

    assert client.post("/download", json={"url": URL, "limit": 21}).status_code == 422
    assert client.post("/download", json={"url": URL}).status_code == 202
    assert Download.get().limit == 20
