"""DELETE and retry: what clients take back, and what they ask for again."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, request, request_started
from flask.testing import FlaskClient

from app import jobs
from app.database.ids import first_id, new_id, now
from app.database.models import Download, Image
from tests.samples import fail_next, picture
from tests.site import Site

Work = Callable[[], int]


def files(app: Flask) -> list[Path]:
    root = app.extensions["storage"].root
    return [*root.glob("images/*/*"), *root.glob("archives/*/*")]


@pytest.fixture
def image(keep_image: Callable[[bytes], str]) -> str:
    """The path of a finished image."""
    return keep_image(picture())


@pytest.fixture
def archive(client: FlaskClient, site: Site, work: Work) -> str:
    """The path of a finished download of one picture."""
    page = site.page("/", f"<img src={site.file('/b.png', picture())}>")
    path: str = client.post("/download", json={"url": page}).json["download_url"]
    work()
    return path


def test_a_finished_download_is_removed_with_all_its_files(
    client: FlaskClient, app: Flask, archive: str
) -> None:
    assert len(files(app)) == 2

    assert client.delete(archive).status_code == 204

    assert files(app) == []
    assert client.get(archive).status_code == 404
    assert client.get("/images").json["images"] == []


@pytest.mark.parametrize("name", ["image", "archive"])
def test_only_the_version_that_is_meant_is_removed(
    client: FlaskClient, request: pytest.FixtureRequest, name: str
) -> None:
    path = request.getfixturevalue(name)
    etag = client.get(path).headers["ETag"]

    for tags in '"other"', 'W/"other"', '"other", W/"another"':
        assert client.delete(path, headers={"If-Match": tags}).status_code == 412
    assert client.get(path).status_code == 200
    assert client.delete(path, headers={"If-Match": f'"other", {etag}'}).status_code == 204
    assert client.delete(path, headers={"If-Match": "*"}).status_code == 404


def test_a_tag_that_a_proxy_weakened_is_that_of_an_image_and_not_of_an_archive(
    client: FlaskClient, image: str, archive: str
) -> None:
    for path, status in (image, 204), (archive, 412):
        etag = client.get(path).headers["ETag"]
        assert client.delete(path, headers={"If-Match": f"W/{etag}"}).status_code == status


def test_a_delete_asks_no_other_view(client: FlaskClient, app: Flask) -> None:
    path = client.post("/images", json={"url": "https://example.com/a"}).headers["Location"]
    etag = client.get(path).headers["ETag"]
    asked: list[str] = []

    def note(_: Flask) -> None:
        asked.append(request.method)

    with request_started.connected_to(note, app):
        assert client.delete(path, headers={"If-Match": etag}).status_code == 204
    assert asked == ["DELETE"]


def test_a_condition_holds_for_nothing_that_has_no_version(
    client: FlaskClient, site: Site, work: Work
) -> None:
    body = {"url": site.page("/", "<img src=a.png>"), "dry_run": True}
    path = client.post("/download", json=body).json["download_url"]
    work()

    assert client.delete(path, headers={"If-Match": '"other"'}).status_code == 412
    assert client.delete(path).status_code == 204


def test_a_download_that_has_changed_since_is_not_removed(
    client: FlaskClient, archive: str
) -> None:
    earlier = {"If-Unmodified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    later = {"If-Unmodified-Since": client.get(archive).headers["Last-Modified"]}

    assert client.delete(archive, headers=earlier).status_code == 412
    assert client.delete(archive, headers=later).status_code == 204


def test_a_queued_download_is_cancelled(client: FlaskClient, work: Work) -> None:
    path = client.post("/download", json={"url": "https://example.com/"}).json["download_url"]

    assert client.delete(path).status_code == 204

    assert client.get(path).status_code == 410
    assert client.get(f"{path}/status").json["status"] == "cancelled"
    assert work() == 0


def test_a_finished_image_is_removed(client: FlaskClient, app: Flask, image: str) -> None:
    assert client.delete(image).status_code == 204

    assert files(app) == []
    assert client.get(image).status_code == 404
    assert client.delete(image).status_code == 404


def test_a_queued_image_is_cancelled(client: FlaskClient) -> None:
    path = client.post("/images", json={"url": "https://example.com/a"}).headers["Location"]

    assert client.delete(path).status_code == 204

    assert client.get(path).json["status"] == "cancelled"
    assert client.get(f"{path}/content").status_code == 410


def test_a_failed_download_is_asked_for_again(client: FlaskClient, app: Flask) -> None:
    first = client.post(
        "/download", json={"url": "https://example.com/", "limit": 3, "types": ["gif"]}
    ).json
    fail_next(Download)

    again = client.post(f"{first['download_url']}/retry")

    assert again.status_code == 202
    assert again.headers["Location"] == again.json["download_url"] != first["download_url"]
    new = jobs.get(Download, uuid.UUID(again.json["download_id"]))
    assert (new.url, new.limit, new.types, new.status) == (
        "https://example.com/",
        3,
        ["gif"],
        "queued",
    )
    assert client.get(f"{first['download_url']}/status").json["status"] == "failed"
    assert app.extensions["engine"].count == 2


def test_a_failed_image_is_asked_for_again(client: FlaskClient) -> None:
    path = client.post("/images", json={"url": "https://example.com/a"}).headers["Location"]
    fail_next(Image)

    again = client.post(f"{path}/retry")

    assert again.status_code == 202
    assert (again.json["source_url"], again.json["status"]) == ("https://example.com/a", "queued")


def test_only_what_failed_is_tried_again(client: FlaskClient) -> None:
    path = client.post("/images", json={"url": "https://example.com/a"}).headers["Location"]
    answer = client.post(f"{path}/retry")

    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/not-failed"


def test_what_is_no_longer_kept_is_410_and_what_never_was_is_404(
    client: FlaskClient, app: Flask
) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], keep_days=7)
    week = timedelta(days=7)

    def made(moment: datetime) -> uuid.UUID:
        tail = new_id().int & ((1 << 80) - 1)
        return uuid.UUID(int=first_id(moment).int | tail)

    old = made(now() - week - timedelta(minutes=1))
    young = made(now() - week + timedelta(minutes=1))

    assert client.get(f"/download/{old}").status_code == 410
    assert client.get(f"/images/{old}").status_code == 410
    assert client.get(f"/download/{young}").status_code == 404
    assert client.get(f"/download/{uuid.UUID(int=(1 << 128) - 1)}").status_code == 404
    assert client.get(f"/download/{uuid.UUID(int=0)}").status_code == 404
