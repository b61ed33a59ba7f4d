"""GET /images/<id>/thumbnail: a small WebP for galleries."""

import io
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image as Pillow

from app.database.models import Image
from app.storage import image_key
from app.worker.thumbnails import ThumbnailQueue
from tests.conftest import Nudges
from tests.samples import picture

Keep = Callable[[bytes], str]


@pytest.fixture
def queue(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThumbnailQueue]:
    queue = ThumbnailQueue(app.extensions["storage"], stopping=lambda: False)
    monkeypatch.setattr(Nudges, "make_thumbnail", lambda _, *wanted: queue.request(*wanted))
    yield queue
    queue.close()


@pytest.fixture
def keep(keep_image: Keep) -> Keep:
    """Have a copy of some bytes kept; return the path of its thumbnail."""
    return lambda body: f"{keep_image(body)}/thumbnail"


def test_it_is_made_in_the_background_when_first_asked_for(
    client: FlaskClient, keep: Keep, queue: ThumbnailQueue
) -> None:
    path = keep(picture("png", size=(640, 320)))
    first = client.get(path)
    assert (first.status_code, first.headers["Retry-After"]) == (202, "2")
    assert first.json["status"] == "finished"

    queue.run_next()
    answer = client.get(path)

    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert Pillow.open(io.BytesIO(answer.data)).size == (320, 160)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.headers["X-Accel-Expires"] == "1"  # for nginx, which keeps no file of its own


def test_it_sends_ranges_and_knows_its_etag(
    client: FlaskClient, keep: Keep, queue: ThumbnailQueue
) -> None:
    path = keep(picture())
    client.get(path)
    queue.run_next()
    whole = client.get(path)

    part = client.get(path, headers={"Range": "bytes=-4"})
    known = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})

    assert (part.status_code, part.data) == (206, whole.data[-4:])
    assert known.status_code == 304


def test_it_answers_202_while_the_image_is_not_finished(client: FlaskClient, app: Flask) -> None:
    path = client.post("/images", json={"url": "https://example.com/a"}).headers["Location"]
    answer = client.get(f"{path}/thumbnail")

    assert (answer.status_code, answer.json["status"]) == (202, "queued")
    assert app.extensions["engine"].wanted == []


def test_it_tells_why_the_image_failed(client: FlaskClient, keep: Keep) -> None:
    answer = client.get(keep(b"%PDF-1.7"))

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/not-an-image")


def test_it_tells_why_there_is_none_without_trying_again(
    client: FlaskClient, keep: Keep, queue: ThumbnailQueue
) -> None:
    path = keep(picture("png", size=(400, 400))[:40])
    client.get(path)
    queue.run_next()

    for _ in range(2):
        answer = client.get(path)
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/no-thumbnail")
        assert "damaged" in answer.json["detail"]
    assert not queue.run_next()


def test_there_is_none_of_a_drawing(client: FlaskClient, keep: Keep, queue: ThumbnailQueue) -> None:
    answer = client.get(keep(picture("svg")))

    assert (answer.status_code, answer.json["type"]) == (404, "/problems/no-thumbnail")
    assert "svg" in answer.json["detail"]


def test_it_is_gone_with_the_image(client: FlaskClient, keep: Keep, queue: ThumbnailQueue) -> None:
    path = keep(picture())
    client.get(path)
    queue.run_next()
    client.delete(path.removesuffix("/thumbnail"))

    assert client.get(path).status_code == 404
    assert Image.select().count() == 0


def test_it_says_each_time_that_the_copy_is_gone(
    client: FlaskClient, keep: Keep, app: Flask, queue: ThumbnailQueue
) -> None:
    path = keep(picture())
    image = Image.get()
    app.extensions["storage"].remove(image_key(image.id, image.attempts))

    for _ in range(3):
        answer = client.get(path)
        assert (answer.status_code, answer.json["type"]) == (410, "/problems/gone")
        assert not queue.run_next()
