"""A disk that is full, and has room again; or read-only: a small real one, as root may mount."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import OperationalError

import app as service
from app import create_app, jobs
from app.database.connection import db
from app.database.models import JOB_KINDS, Image
from app.errors import ConfigurationError
from app.settings import Settings
from app.storage import Storage
from app.worker.tasks import Tasks
from tests.disk import SmallDisk
from tests.samples import add_image, picture
from tests.site import Reply, Site

Work = Callable[[], int]


@pytest.fixture
def settings(settings: Settings, small_disk: SmallDisk) -> Settings:
    return replace(settings, storage_dir=small_disk.path / "storage", min_free_bytes=0)


def test_a_full_disk_refuses_what_is_new_and_serves_what_is_there(
    small_disk: SmallDisk, site: Site, client: FlaskClient, work: Work
) -> None:
    body = {"url": site.file("/a.png", picture())}
    kept = client.post("/images", json=body).json["id"]
    assert work() == 1
    small_disk.fill()

    for path in "/images", "/download":
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json["type"]) == (507, "/problems/storage-full")
    assert client.get(f"/images/{kept}/content").data == picture()
    assert len(client.get("/images").json["images"]) == 1

    small_disk.free()
    assert client.post("/images", json=body).status_code == 202
    assert work() == 1


def test_a_service_without_room_is_not_ready(
    small_disk: SmallDisk, app: Flask, settings: Settings
) -> None:
    app.extensions["settings"] = replace(settings, min_free_bytes=1_000_000)
    small_disk.fill(but=200_000)
    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert set(answer.json["errors"]) == {"space"}


def test_an_image_without_room_fails_with_that_reason(
    small_disk: SmallDisk, site: Site, client: FlaskClient, work: Work, storage: Storage
) -> None:
    image = add_image(site.file("/a.png", picture() + bytes(500_000)))
    small_disk.fill(but=200_000)
    work()

    answer = client.get(f"/images/{image.id}/content")
    assert (answer.status_code, answer.json["type"]) == (507, "/problems/storage-full")
    assert [*storage.walk("images", "archives"), *storage.root.glob("parts/*/*")] == []

    small_disk.free()
    retried = client.post(f"/images/{image.id}/retry").json["id"]
    work()
    assert client.get(f"/images/{retried}/content").status_code == 200


def test_a_job_whose_end_had_no_room_is_taken_up_again_when_there_is(
    small_disk: SmallDisk, site: Site, client: FlaskClient, tasks: Tasks
) -> None:
    image = add_image(site.url("/a.png"))
    site.replies["/a.png"] = lambda: (small_disk.fill(), Reply(picture(), "image/png"))[1]
    for turn in lambda: tasks.turn(JOB_KINDS), tasks.rescue:
        with pytest.raises(OperationalError, match="full"):
            turn()
    assert jobs.get(Image, image.id).status == "running"
    assert client.get(f"/images/{image.id}/content").status_code == 202

    small_disk.free()
    site.file("/a.png", picture())
    tasks.rescue()
    assert tasks.turn(JOB_KINDS)
    assert client.get(f"/images/{image.id}/content").data == picture()
    assert jobs.get(Image, image.id).attempts == 2


def test_a_full_disk_is_no_damaged_database(small_disk: SmallDisk, settings: Settings) -> None:
    small_disk.fill()
    with pytest.raises(ConfigurationError, match="cannot be used: database or disk is full"):
        create_app(settings)
    db.close()


def test_a_read_only_storage_is_refused_at_the_start(
    small_disk: SmallDisk, app: Flask, settings: Settings
) -> None:
    db.close()
    service.prepare.cache_clear()
    assert small_disk.mount("remount,ro")

    with pytest.raises(ConfigurationError, match=r"DOWNLOADER_STORAGE_DIR: .* cannot be written"):
        create_app(settings)
