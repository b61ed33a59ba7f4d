"""The direct path answers as the views do: both are asked the same, and their answers compared."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import OperationalError
from werkzeug.test import Client, TestResponse

from app import jobs
from app.api.direct import Direct
from app.database.models import Image
from app.jobs.capacity import Capacity
from tests.samples import picture
from tests.site import Site

URL = "https://example.com/a.png"
UNKNOWN = "01a1f882-94ec-7569-8cff-cd211d2c85f9"
JSON = "application/json"
UNLIKE = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")


class Both:
    """The views and the direct path of one application."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.left_to_views = 0
        self._views = Client(lambda *request: Flask.wsgi_app(app, *request))
        self._direct = Client(Direct(self._count, app))

    def _count(self, *request: Any) -> Any:
        self.left_to_views += 1
        return Flask.wsgi_app(self.app, *request)

    def ask(self, method: str, path: str, **request: Any) -> tuple[TestResponse, bool]:
        """Ask both and compare; return the answer, and whether it was a direct one."""
        self.left_to_views = 0
        reference = self._views.open(path, method=method, **request)
        answer = self._direct.open(path, method=method, **request)
        assert alike(answer) == alike(reference)
        return answer, not self.left_to_views


def alike(answer: TestResponse) -> tuple[int, dict[str, str], bytes]:
    """Return an answer without what differs between any two: ids and times."""
    headers = {name: UNLIKE.sub(b"?", value.encode()).decode() for name, value in answer.headers}
    headers.pop("Date", None)  # the server's to say
    return answer.status_code, headers, UNLIKE.sub(b"?", answer.data)


@pytest.fixture
def both(app: Flask) -> Both:
    return Both(app)


@pytest.mark.parametrize(
    ("body", "headers", "direct"),
    [
        ({"url": URL}, {}, True),
        ({"url": URL}, {"Accept": "*/*"}, True),
        ({"url": URL}, {"Accept": JSON, "User-Agent": "a", "X-Request-ID": "b"}, True),
        ({"url": "https://B\u00fccher.example:8080/\U0001f600?a=%20#b"}, {}, True),
        ({"url": "https://example.com/" + "a" * 2000}, {}, True),
        ({"url": "https://example.com/" + "a" * 8000}, {}, False),
        ({"url": URL}, {"Accept": "text/html"}, False),
        ({"url": URL}, {"Idempotency-Key": "a"}, False),
        ({"url": URL}, {"Prefer": "respond-async"}, False),
        ({"url": URL}, {"Content-Encoding": "gzip"}, False),
        ({"url": URL}, {"Content-Type": f"{JSON}; charset=utf-8"}, False),
        ({"url": URL}, {"Content-Type": "text/plain"}, False),
        ({"url": URL, "callback_url": URL}, {}, False),
        ({"url": URL, "limit": 5}, {}, False),
        ({"urls": [URL]}, {}, False),
        ({"url": "https://example.com/" + "a" * 20_000}, {}, False),
        ({"url": ""}, {}, False),
        ({"url": "ftp://example.com/"}, {}, False),
        ({"url": "http://10.0.0.1/"}, {}, False),
        ({"url": "http://\ud800/"}, {}, False),
        ({"url": None}, {}, False),
        ({"url": 5}, {}, False),
        ({"url": [URL]}, {}, False),
        ({}, {}, False),
        ([URL], {}, False),
        (URL, {}, False),
        (b"", {}, False),
        (b"{", {}, False),
        (b"\xff", {}, False),
        (b'{"url": "ftp://a/", "url": "https://example.com/"}', {}, True),
        (b'\xef\xbb\xbf{"url": "https://example.com/"}', {}, False),
        (json.dumps({"url": URL}).encode("utf-16"), {}, False),
        (b" " * 1000 + b'{"url": "https://example.com/"}\n', {}, True),
    ],
)
def test_a_post_is_answered_alike(both: Both, body: Any, headers: Any, direct: bool) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer, was_direct = both.ask(
        "POST", "/images", data=data, headers={"Content-Type": JSON, **headers}
    )

    assert was_direct is direct
    assert (Image.select().count() > 0) == (answer.status_code == 202)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "GET"])
def test_another_call_of_the_list_is_left_to_the_views(both: Both, method: str) -> None:
    assert not both.ask(method, "/images")[1]


@pytest.mark.parametrize(
    ("method", "headers", "direct"),
    [
        ("GET", {}, True),
        ("GET", {"Accept": "*/*", "Cookie": "a=b", "Accept-Encoding": "gzip"}, True),
        ("HEAD", {}, True),
        ("GET", {"Accept": "text/html"}, False),
        ("GET", {"Prefer": "wait=0"}, False),
        ("GET", {"If-None-Match": "*"}, False),
        ("GET", {"If-Match": '"a"'}, False),
        ("GET", {"If-Modified-Since": "Fri, 20 Nov 2026 12:00:00 GMT"}, False),
        ("GET", {"Range": "bytes=0-5"}, False),
        ("POST", {}, False),
    ],
)
def test_details_are_told_alike(
    both: Both,
    site: Site,
    work: Callable[[], int],
    method: str,
    headers: dict[str, str],
    direct: bool,
) -> None:
    site.file("/a.png", picture())
    page = site.page("/", "<img src=a.png>")
    jobs.add_image(site.url("/a.png"))
    jobs.add_image(site.url("/missing"))
    jobs.add_download(url=page, limit=5)
    work()
    jobs.add_image(URL)
    kinds = {(image.status, image.download_id is None) for image in Image.select()}
    assert len(kinds) == 4

    for image in list(Image.select()):
        assert both.ask(method, f"/images/{image.id}", headers=headers)[1] is direct


@pytest.mark.parametrize(
    "path", [f"/images/{UNKNOWN}", "/images/5", "/images/", f"/images/{UNKNOWN}/content"]
)
def test_what_there_is_not_is_left_to_the_views(both: Both, path: str) -> None:
    assert not both.ask("GET", path)[1]


def test_an_id_may_be_written_in_capitals_and_with_a_query(both: Both) -> None:
    path = f"/images/{jobs.add_image(URL).id}"

    for spelling in path, path.replace("/images/", "/IMAGES/").swapcase(), f"{path}?a=b":
        both.ask("GET", spelling)


def test_who_comes_when_too_many_wait_is_told_so_alike(both: Both) -> None:
    both.app.extensions["capacity"] = Capacity(1, count=lambda most: 1)

    answer, was_direct = both.ask("POST", "/images", json={"url": URL})

    assert (answer.status_code, was_direct) == (503, True)


@pytest.mark.parametrize(
    ("told", "status"), [("database or disk is full", 507), ("database is locked", 503)]
)
def test_a_database_in_need_is_told_alike(
    both: Both, monkeypatch: pytest.MonkeyPatch, told: str, status: int
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError(told)

    monkeypatch.setattr(jobs.submissions.db, "execute_many", fail)

    answer, was_direct = both.ask("POST", "/images", json={"url": URL})

    assert (answer.status_code, was_direct) == (status, True)


def test_the_service_answers_directly_behind_its_door(client: FlaskClient, app: Flask) -> None:
    app.view_functions = {}
    added = client.post("/images", json={"url": URL})

    assert added.status_code == 202
    assert client.get(added.headers["Location"]).json == added.json
    assert app.extensions["engine"].count == 1
    assert "X-Request-ID" in added.headers
