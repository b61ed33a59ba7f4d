"""What Prometheus is told."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app import jobs, keys
from app.database.connection import db
from app.database.models import Download, Image
from app.errors import Unreachable
from app.http.routes import Routes
from app.pictures.picture import Picture
from tests.conftest import ClientWith
from tests.samples import add_image, fail_next, picture
from tests.site import Site

Value = Callable[..., float]


@pytest.fixture
def value(client: FlaskClient) -> Value:
    """Return a number, or how much there was added to a counter since the test began."""

    def read(name: str, **labels: str) -> float:
        text = client.get("/metrics").text
        samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        name = f"image_downloader_{name}"
        return sum(one.value for one in samples if (one.name, one.labels) == (name, labels))

    begin: dict[str, float] = {}

    def since(name: str, **labels: str) -> float:
        counted = name.endswith(("_total", "_count", "_sum"))
        key = name + str(sorted(labels.items()))
        if counted and key not in begin:
            begin[key] = read(name, **labels)
        return read(name, **labels) - begin.get(key, 0)

    return since


def test_it_speaks_the_text_format(client: FlaskClient) -> None:
    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    assert list(text_string_to_metric_families(answer.text))


def test_requests_are_counted_by_method_route_and_status(client: FlaskClient, value: Value) -> None:
    labels = {"method": "GET", "route": "/images/<image_id>", "status": "404"}
    timed = {"method": "GET", "route": "/images/<image_id>"}
    assert value("requests_total", **labels) == 0
    assert value("request_seconds_count", **timed) == 0
    for _ in range(3):
        client.get("/images/01a1f882-94ec-7569-8cff-cd211d2c85f9")

    assert value("requests_total", **labels) == 3
    assert value("request_seconds_count", **timed) == 3


def test_what_hostile_clients_ask_for_is_one_label(client: FlaskClient, value: Value) -> None:
    labels = {"method": "other", "route": "other", "status": "404"}
    assert value("requests_total", **labels) == 0
    before = client.get("/metrics").text.count("\n")
    for number in range(20):
        client.open(f"/{number}/nowhere/{number}", method=f"M{number}")

    assert value("requests_total", **labels) == 20
    assert client.get("/metrics").text.count("\n") - before < 40


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/images", "/images"),
        ("/images/", "/images"),
        ("/images/1", "/images/<image_id>"),
        ("/images/1/content", "/images/<image_id>/content"),
        ("/images/1/2", "other"),
        ("/images/1/content/2", "other"),
        ("/download/1/status", "/download/<download_id>/status"),
        ("/static/style.css", "/static/<filename>"),
        ("/docs/assets/index.css", "/docs/assets/<filename>"),
        ("/metrics", "/metrics"),
        ("/*", "other"),
        ("/images/*", "/images/<image_id>"),
        ("/", "/"),
        ("*", "other"),
    ],
)
def test_a_path_is_named_by_its_route(app: Flask, path: str, name: str) -> None:
    assert Routes(app.url_map).name(path) == name


def test_jobs_that_ended_are_counted_by_state_and_reason(
    client: FlaskClient, site: Site, work: Callable[[], int], value: Value
) -> None:
    finished = {"kind": "image", "state": "finished", "reason": ""}
    failed = {"kind": "image", "state": "failed", "reason": "not-an-image"}
    picture_finished = finished | {"kind": "picture"}
    download = finished | {"kind": "download"}
    counted = (finished, failed, picture_finished, download)
    for one in counted:
        assert value("jobs_ended_total", **one) == 0
    add_image(site.file("/a.png", picture()))
    add_image(site.file("/b.png", b"<html>"))
    jobs.add_download(url=site.page("/", '<img src="a.png">'), limit=50)
    work()

    assert [value("jobs_ended_total", **one) for one in counted] == [1, 1, 1, 1]


def test_a_cancelled_job_counts_and_a_removed_one_does_not(
    client: FlaskClient, value: Value
) -> None:
    labels = {"kind": "image", "state": "cancelled", "reason": "cancelled"}
    assert value("jobs_ended_total", **labels) == 0
    image = add_image("https://example.com/a.png")
    client.delete(f"/images/{image.id}")
    client.delete(f"/images/{image.id}")

    assert value("jobs_ended_total", **labels) == 1


def test_an_end_that_is_not_committed_does_not_count(value: Value) -> None:
    labels = {"kind": "image", "state": "cancelled", "reason": "cancelled"}
    assert value("jobs_ended_total", **labels) == 0
    image = add_image("https://example.com/a.png")
    with db.atomic() as transaction:
        jobs.cancel(image)
        transaction.rollback()

    assert value("jobs_ended_total", **labels) == 0


def test_what_was_fetched_is_counted(site: Site, work: Callable[[], int], value: Value) -> None:
    assert value("fetch_bytes_total") == value("fetch_seconds_count") == 0
    add_image(site.file("/a.png", picture()))
    work()

    assert value("fetch_seconds_count") == 1
    assert len(picture()) < value("fetch_bytes_total") < len(picture()) + 1000


def test_a_fetch_that_failed_counts_too(site: Site, work: Callable[[], int], value: Value) -> None:
    assert value("fetch_bytes_total") == value("fetch_seconds_count") == 0
    add_image(site.url("/nowhere.png"))
    work()

    assert value("fetch_seconds_count") == 1
    assert value("fetch_bytes_total") > 0


def test_the_queue_is_told_as_the_database_knows_it(value: Value) -> None:
    assert value("jobs_queued", kind="image") == 0
    assert value("oldest_queued_seconds", kind="image") == 0
    for _ in range(3):
        add_image("https://example.com/a.png")
    jobs.claim(Image, "me")
    jobs.add_download(url="https://example.com/", limit=1)

    assert value("jobs_queued", kind="image") == 2
    assert value("jobs_running", kind="image") == 1
    assert value("jobs_queued", kind="download") == 1
    assert value("jobs_running", kind="download") == 0
    assert 0 < value("oldest_queued_seconds", kind="image") < 60


def test_an_image_of_a_download_waits_with_that(value: Value) -> None:
    jobs.add_download(url="https://example.com/", limit=1)
    download = jobs.claim(Download, "me")
    assert download
    jobs.add_found(download, 1, [Picture(("https://example.com/a.png",), "img")])

    assert value("jobs_queued", kind="image") == 0


def test_a_failure_after_an_end_is_not_counted_twice(value: Value) -> None:
    labels = {"kind": "image", "state": "failed", "reason": "unreachable"}
    assert value("jobs_ended_total", **labels) == 0
    add_image("https://example.com/a.png")
    image = fail_next(Image)
    with pytest.raises(jobs.LostClaim):
        jobs.fail(image, Unreachable("gone"))

    assert value("jobs_ended_total", **labels) == 1


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_operators_need_a_key_too(client_with: ClientWith, path: str) -> None:
    client = client_with(api_keys=(keys.digest("correct-horse-battery"),))
    bearer = {"Authorization": "Bearer correct-horse-battery"}

    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer).status_code in (200, 503)
