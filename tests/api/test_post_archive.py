"""POST /download/<id>/archive: a zip of some stored pictures of a download."""

import io
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.database.models import Download
from app.jobs.capacity import Capacity
from tests.samples import picture
from tests.site import Site


@pytest.fixture
def path(client: FlaskClient, site: Site, work: Callable[[], int]) -> str:
    """A finished download of three pictures and one that failed."""
    for number in range(3):
        site.file(f"/{number}.png", picture("png", number))
    page = site.page("/", "".join(f"<img src={number}.png>" for number in range(4)))
    path = client.post("/download", json={"url": page}).headers["Location"]
    work()
    return path


@pytest.fixture
def ids(client: FlaskClient, path: str) -> list[str]:
    return [image["id"] for image in client.get(f"{path}/status").json["images"]]


def test_it_accepts_a_new_download(
    client: FlaskClient, app: Flask, path: str, ids: list[str], work: Callable[[], int]
) -> None:
    answer = client.post(f"{path}/archive", json={"images": [ids[2], ids[0]]})

    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.json["download_url"] != path
    assert answer.json["status"] == "queued"
    assert app.extensions["engine"].count == 2
    work()
    with zipfile.ZipFile(io.BytesIO(client.get(answer.headers["Location"]).data)) as archive:
        got = {name: archive.read(name) for name in archive.namelist()}
    assert got == {"001-2.png": picture("png", 2), "002-0.png": picture("png", 0)}
    status = client.get(answer.json["status_url"]).json
    assert status["url"] == client.get(f"{path}/status").json["url"]


def test_it_is_asked_once_for_a_key(client: FlaskClient, path: str, ids: list[str]) -> None:
    def post(images: list[str], key: str = "k1") -> Any:
        headers = {"Idempotency-Key": key}
        return client.post(f"{path}/archive", json={"images": images}, headers=headers)

    first = post(ids[:2])
    client.delete(path)

    assert post(ids[:2]).data == first.data
    assert post(ids[1::-1]).status_code == 422
    assert post(ids[:2], "k2").status_code == 404
    assert Download.select().count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"images": []},
        {"images": None},
        {"images": "all"},
        {"images": [1]},
        {"images": ["x"]},
        {"images": [str(uuid.uuid4())] * 10_001},
    ],
)
def test_it_names_the_field_that_is_wrong(client: FlaskClient, path: str, body: Any) -> None:
    answer = client.post(f"{path}/archive", json=body)

    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["images"]


def test_it_names_the_pictures_that_are_not_stored(
    client: FlaskClient, path: str, ids: list[str]
) -> None:
    answer = client.post(f"{path}/archive", json={"images": [ids[0], ids[3], str(uuid.uuid4())]})

    why = ["Not the id of a picture that is stored for a download."]
    assert answer.json["errors"] == {"images": {"1": why, "2": why}}
    assert Download.select().count() == 1


def test_it_takes_pictures_of_other_downloads_but_no_image_that_stands_alone(
    client: FlaskClient, site: Site, path: str, ids: list[str], work: Callable[[], int]
) -> None:
    page = site.page("/other", "<img src=/1.png>")
    other = client.post("/download", json={"url": page}).json["status_url"]
    alone = client.post("/images", json={"url": site.url("/0.png")}).json["id"]
    work()
    [theirs] = client.get(other).json["images"]
    answer = client.post(f"{path}/archive", json={"images": [theirs["id"], ids[0]]})
    work()

    assert client.get(answer.json["status_url"]).json["progress"]["done"] == 2
    answer = client.post(f"{path}/archive", json={"images": [ids[0], alone]})
    assert list(answer.json["errors"]["images"]) == ["1"]


def test_it_refuses_a_picture_given_twice(client: FlaskClient, path: str, ids: list[str]) -> None:
    answer = client.post(f"{path}/archive", json={"images": [ids[0], ids[0].upper()]})

    assert answer.json["errors"] == {"images": ["An entry is there more than once."]}


def test_a_full_queue_takes_none(
    client: FlaskClient, app: Flask, path: str, ids: list[str]
) -> None:
    app.extensions["capacity"] = Capacity(1, lambda most: 1)

    assert client.post(f"{path}/archive", json={"images": ids[:1]}).status_code == 503
