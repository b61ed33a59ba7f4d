"""GET /images/<id>/content: the bytes of our copy."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.samples import CONTENT_TYPES, FORMATS, picture

Keep = Callable[[bytes], str]


@pytest.fixture
def keep(keep_image: Keep) -> Keep:
    """Have a copy of some bytes kept; return the path of its content."""
    return lambda body: f"{keep_image(body)}/content"


@pytest.mark.parametrize("name", FORMATS)
def test_it_sends_the_bytes_as_they_came(client: FlaskClient, keep: Keep, name: str) -> None:
    body = picture(name)
    answer = client.get(keep(body))

    assert answer.status_code == 200
    assert answer.data == body
    assert answer.mimetype == CONTENT_TYPES[name]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_a_drawing_is_sent_as_an_attachment_only(client: FlaskClient, keep: Keep) -> None:
    body = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    headers = client.get(keep(body)).headers

    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["Content-Type"] == "image/svg+xml"  # what charset it has, it says itself


def test_other_pages_may_show_it(client: FlaskClient, keep: Keep) -> None:
    assert client.get(keep(picture())).headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_photo_is_sent_to_be_shown(client: FlaskClient, keep: Keep) -> None:
    disposition = client.get(keep(picture())).headers.get("Content-Disposition", "inline")

    assert disposition.startswith("inline")


def test_it_answers_202_while_there_is_none(client: FlaskClient) -> None:
    path = client.post("/images", json={"url": "https://example.com/a"}).headers["Location"]
    answer = client.get(f"{path}/content")

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "2"
    assert answer.json["status"] == "queued"


def test_it_tells_why_there_never_will_be_one(client: FlaskClient, keep: Keep) -> None:
    answer = client.get(keep(b"%PDF-1.7"))

    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/not-an-image"
    assert "PDF" in answer.json["detail"]


def test_a_removed_copy_is_410(client: FlaskClient, app: Flask, keep: Keep) -> None:
    path = keep(picture())
    [copy] = app.extensions["storage"].root.glob("images/*/*")
    copy.unlink()

    assert client.get(path).status_code == 410
