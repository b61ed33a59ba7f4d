"""Stored files: conditions, ranges and names of those sent here, and those left to nginx.

tests/service/test_files.py asks the same of gunicorn and of nginx.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.samples import picture
from tests.site import Site


@pytest.fixture
def path(client: FlaskClient, site: Site, work: Callable[[], int]) -> str:
    """The path of a stored picture."""
    url = site.file("/%E5%86%99%E7%9C%9F%20m%C3%BCnchen%22%0D%0A%E2%80%AEgnp.exe", picture())
    path = client.post("/images", json={"url": url}).headers["Location"]
    work()
    return f"{path}/content"


@pytest.fixture
def accel(app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], accel="/stored/")


def file_of(answer: TestResponse) -> str:
    return answer.headers["X-Accel-Redirect"]


@pytest.mark.usefixtures("accel")
def test_nginx_is_told_where_the_file_is(client: FlaskClient, app: Flask, path: str) -> None:
    answer = client.get(path)

    root = app.extensions["storage"].root
    [kept] = root.glob("images/*/*")
    assert file_of(answer) == f"/stored/{kept.relative_to(root)}"
    assert answer.data == b""
    assert answer.mimetype == "image/png"
    assert "X-Sendfile" not in answer.headers


@pytest.mark.usefixtures("accel")
def test_nginx_is_not_asked_for_what_is_no_file(client: FlaskClient, path: str) -> None:
    etag = client.get(path).headers["ETag"]

    for headers in ({"If-None-Match": etag}, {"If-Match": '"b"'}, {"Range": "bytes=9999-"}):
        assert "X-Accel-Redirect" not in client.get(path, headers=headers).headers
    assert "X-Accel-Redirect" not in client.head(path).headers


@pytest.mark.usefixtures("accel")
def test_a_file_that_is_gone_is_told_before_nginx_looks(
    client: FlaskClient, app: Flask, path: str
) -> None:
    [kept] = app.extensions["storage"].root.glob("images/*/*")
    kept.unlink()

    answer = client.get(path)

    assert answer.status_code == 410
    assert "X-Accel-Redirect" not in answer.headers


def test_without_nginx_no_answer_names_a_file(client: FlaskClient, path: str) -> None:
    assert "X-Accel-Redirect" not in client.get(path).headers


def test_a_name_is_told_in_unicode_and_for_old_clients_in_ascii(
    client: FlaskClient, path: str
) -> None:
    assert client.get(path).headers["Content-Disposition"] == (
        "inline; filename=munchen-gnp.png; filename*=UTF-8''%E5%86%99%E7%9C%9F-m%C3%BCnchen-gnp.png"
    )


def test_anybody_may_keep_what_needs_no_key(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_what_needs_a_key_is_kept_by_its_owner_alone(client: FlaskClient, path: str) -> None:
    answer = client.get(path, environ_base={"image_downloader.key": "ab12"})

    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
