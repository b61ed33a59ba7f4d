"""`callback_url` of both POSTs: who wants to be told of the end, and where."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from app.database.models import JOB_KINDS, Download, Image
from app.settings import Settings
from tests.samples import fail_next

HOOK = "https://hooks.example.com/a?key=s3cret"
CALLS = [("/download", "https://example.com/"), ("/images", "https://example.com/a.png")]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, webhook_secret=(b"x" * 24,), allow_networks=())


@pytest.mark.parametrize(("call", "url"), CALLS)
def test_it_is_kept_and_not_shown(client: FlaskClient, call: str, url: str) -> None:
    answer = client.post(call, json={"url": url, "callback_url": HOOK})

    assert answer.status_code == 202
    [job] = [job for kind in JOB_KINDS for job in kind.select()]
    assert job.callback_url == HOOK
    answers = [answer, client.get(call), client.get(answer.headers["Location"])]
    assert not any("s3cret" in one.text for one in answers)


def test_each_image_of_many_has_it(client: FlaskClient) -> None:
    urls = [f"https://example.com/{number}.png" for number in range(3)]
    answer = client.post("/images", json={"urls": urls, "callback_url": HOOK})

    assert answer.status_code == 202
    assert [image.callback_url for image in Image.select()] == [HOOK] * 3


@pytest.mark.parametrize(("call", "url"), CALLS)
def test_nobody_has_to_be_told(client: FlaskClient, call: str, url: str) -> None:
    assert client.post(call, json={"url": url, "callback_url": None}).status_code == 202
    assert client.post(call, json={"url": url}).status_code == 202


@pytest.mark.parametrize(("call", "url"), CALLS)
@pytest.mark.parametrize(
    "bad",
    [
        5,
        "",
        "hook",
        "ftp://example.com/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://10.1.2.3/hook",
        "http://169.254.169.254/",
        "http://2130706433/",
        "https://user:password@example.com/",
        "https://example.com:25/",
        "https://example.com/" + "a" * 8192,
    ],
)
def test_it_is_judged_like_every_url(client: FlaskClient, call: str, url: str, bad: Any) -> None:
    answer = client.post(call, json={"url": url, "callback_url": bad})

    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["callback_url"]
    assert not any(kind.select().exists() for kind in JOB_KINDS)


@pytest.mark.parametrize(("call", "url"), CALLS)
def test_without_a_secret_it_is_refused_with_the_way_out(
    client: FlaskClient, app: Flask, settings: Settings, call: str, url: str
) -> None:
    app.extensions["settings"] = replace(settings, webhook_secret=())
    answer = client.post(call, json={"url": url, "callback_url": HOOK})

    assert answer.status_code == 422
    [told] = answer.json["errors"]["callback_url"]
    assert "DOWNLOADER_WEBHOOK_SECRET" in told


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_a_retry_keeps_it(client: FlaskClient, kind: type[Download] | type[Image]) -> None:
    call, url = CALLS[JOB_KINDS.index(kind)]
    location = client.post(call, json={"url": url, "callback_url": HOOK}).headers["Location"]
    fail_next(kind)

    again = client.post(f"{location}/retry").headers["Location"]
    assert jobs.get(kind, again.rpartition("/")[2]).callback_url == HOOK
