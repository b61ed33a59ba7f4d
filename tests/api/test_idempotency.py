"""`Idempotency-Key` on each POST: what is sent again is done once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import jobs
from app.database.connection import db
from app.database.ids import now
from app.database.models import JOB_KINDS, Download, Idempotency, Image
from tests.conftest import ClientWith
from tests.database.failures import failure
from tests.samples import add_image, fail_next

BODIES = {
    "/download": {"url": "https://example.com/", "limit": 5},
    "/images": {"url": "https://example.com/a.png"},
}
both = pytest.mark.parametrize("path", BODIES)


def post(client: FlaskClient, path: str, key: str = "k1", **body: Any) -> TestResponse:
    return client.post(path, json={**BODIES[path], **body}, headers={"Idempotency-Key": key})


@both
def test_the_first_answer_comes_again(client: FlaskClient, app: Flask, path: str) -> None:
    first, second = post(client, path), post(client, path)

    assert first.status_code == second.status_code == 202
    for name in ("Location", "Content-Type", "Retry-After"):
        assert first.headers[name] == second.headers[name]
    assert first.data == second.data
    assert Download.select().count() + Image.select().count() == 1
    assert app.extensions["engine"].count == 1


@both
def test_it_is_the_first_answer_whatever_became_of_the_job(client: FlaskClient, path: str) -> None:
    first = post(client, path)
    client.delete(first.headers["Location"])
    client.delete(first.headers["Location"])

    assert post(client, path).data == first.data


def test_a_list_is_taken_once(client: FlaskClient) -> None:
    urls = [f"https://example.com/{number}.png" for number in range(9_999)]
    body = {"urls": [*urls, "HTTPS://Example.com:443/b/../c.png#d"]}
    headers = {"Idempotency-Key": "k1", "Prefer": "wait=30"}
    first, second = (client.post("/images", json=body, headers=headers) for _ in range(2))

    assert first.status_code == second.status_code == 202
    assert first.data == second.data
    assert "Location" not in second.headers
    assert Image.select().count() == 10_000
    assert len(Idempotency.get().body) < len(first.data) / 3


@both
def test_another_body_is_refused(client: FlaskClient, path: str) -> None:
    post(client, path)
    answer = post(client, path, url="https://example.com/other")

    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/idempotency-key-reused"
    assert Download.select().count() + Image.select().count() == 1


def test_another_spelling_of_the_same_request_is_the_same(client: FlaskClient) -> None:
    first = post(client, "/download")
    spelled = b'{"limit":5,  "url": "https:\\/\\/example.com/"}'
    second = client.post(
        "/download",
        data=spelled,
        content_type="application/json",
        headers={"Idempotency-Key": '"k1"'},
    )

    assert second.data == first.data


def test_a_setting_that_has_changed_since_does_not_matter(
    client: FlaskClient, client_with: ClientWith
) -> None:
    body, headers = {"url": "https://example.com/"}, {"Idempotency-Key": "k1"}
    first = client.post("/download", json=body, headers=headers)
    changed = client_with(max_images=7)

    assert changed.post("/download", json=body, headers=headers).data == first.data


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_a_retry_is_done_once_too(client: FlaskClient, kind: type[Download | Image]) -> None:
    first, second = (failed(kind) for _ in range(2))
    headers = {"Idempotency-Key": "k1"}
    answers = [client.post(f"{first}/retry", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert kind.select().where(kind.status == "queued").count() == 1
    assert client.post(f"{second}/retry", headers=headers).status_code == 422


def failed(kind: type[Download | Image]) -> str:
    """Have a job that has failed; return its path."""
    if kind is Image:
        add_image("https://example.com/")
    else:
        jobs.add_download(url="https://example.com/", limit=1)
    job = fail_next(kind)
    return f"/{'images' if kind is Image else 'download'}/{job.id}"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("abc", '"abc"', True),
        ('"a b\\"c\\\\"', 'a b"c\\', True),
        ("abc", "abC", False),
        ("a" * 255, "a" * 254, False),
    ],
)
def test_a_key_may_come_with_quotes_or_bare(
    client: FlaskClient, one: str, other: str, same: bool
) -> None:
    first, second = post(client, "/images", one), post(client, "/images", other)

    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.data == second.data) is same


@pytest.mark.parametrize("key", ["", '""', '"abc', "a\tb", "é", "a" * 256, '"a\\b"', '"a";b=1'])
def test_what_is_not_a_key_is_refused(client: FlaskClient, key: str) -> None:
    answer = post(client, "/images", key)

    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/invalid-idempotency-key"
    assert Image.select().count() == 0


def test_a_refused_request_may_be_corrected_under_its_key(client: FlaskClient) -> None:
    assert post(client, "/images", url="nonsense").status_code == 422
    assert post(client, "/images").status_code == 202


def test_callers_and_calls_do_not_share_keys(client: FlaskClient) -> None:
    body = {"url": "https://example.com/a.png"}
    ids = {
        client.post(
            path,
            json=body,
            headers={"Idempotency-Key": "k"},
            environ_overrides={"image_downloader.key": caller},
        ).headers["Location"]
        for path in BODIES
        for caller in ("alice", "bob")
    }

    assert len(ids) == 4


def test_a_crash_before_the_answer_is_kept_leaves_no_job(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise failure("SQLITE_IOERR")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "keep_answer", broken)
        assert post(client, "/images").status_code == 503

    assert Image.select().count() == 0
    assert app.extensions["engine"].count == 0
    assert post(client, "/images").status_code == 202


def test_requests_at_once_with_one_key_make_one_job(app: Flask) -> None:
    together = threading.Barrier(8)
    answers: list[TestResponse] = []

    def ask() -> None:
        together.wait(timeout=30)
        answers.append(post(app.test_client(), "/images"))
        db.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.data for answer in answers}) == 1
    assert Image.select().count() == 1


def test_a_key_is_forgotten_after_a_day(client: FlaskClient) -> None:
    first = post(client, "/images")
    post(client, "/images", "young")
    old = now() - timedelta(hours=24, seconds=1)
    Idempotency.update(added_at=old).where(Idempotency.key == "k1").execute()

    assert jobs.forget_answers() == 1
    assert [kept.key for kept in Idempotency.select()] == ["young"]
    assert post(client, "/images").data != first.data


def test_a_key_that_is_too_old_counts_no_more_before_it_is_removed(client: FlaskClient) -> None:
    first = post(client, "/images")
    Idempotency.update(added_at=now() - timedelta(hours=25)).execute()
    second = post(client, "/images", url="https://example.com/other.png")

    assert second.status_code == 202
    assert second.data != first.data
    assert post(client, "/images", url="https://example.com/other.png").data == second.data
