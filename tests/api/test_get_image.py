"""GET /images/<id>: the details of an image."""

import hashlib
from collections.abc import Callable

from flask.testing import FlaskClient

from tests.samples import picture
from tests.site import Reply, Site

Work = Callable[[], int]


def test_it_tells_what_was_stored(client: FlaskClient, site: Site, work: Work) -> None:
    body = picture("jpeg", 1, (40, 30))
    url = site.file("/a", body, "text/plain")
    path = client.post("/images", json={"url": url}).headers["Location"]
    work()

    told = client.get(path).json

    assert told == {
        "id": told["id"],
        "status": "finished",
        "error": None,
        "source_url": url,
        "image_url": f"{path}/content",
        "content_type": "image/jpeg",
        "width": 40,
        "height": 30,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "added_at": told["added_at"],
        "completed_at": told["completed_at"],
        "due_at": None,
        "waiting_for": None,
        "download_id": None,
    }
    assert told["added_at"] <= told["completed_at"]


def test_it_tells_why_there_is_no_copy(client: FlaskClient, site: Site, work: Work) -> None:
    url = site.file("/a.png", b"<html>Sorry</html>", "image/png")
    path = client.post("/images", json={"url": url}).headers["Location"]
    work()

    told = client.get(path).json

    assert told["status"] == "failed"
    assert told["error"]["type"] == "/problems/not-an-image"
    assert told["image_url"] is None


def test_it_names_the_download_it_belongs_to(client: FlaskClient, site: Site, work: Work) -> None:
    site.file("/a.png", picture())
    page = site.page("/", "<img src=a.png>")
    download = client.post("/download", json={"url": page}).json["download_id"]
    work()

    [image] = client.get("/images").json["images"]

    assert image["download_id"] == download
    assert client.get(f"/images/{image['id']}").json == image


def test_a_redirect_is_followed(client: FlaskClient, site: Site, work: Work) -> None:
    site.file("/b.png", picture())
    site.replies["/a.png"] = Reply(status=302, headers={"Location": "/b.png"})
    path = client.post("/images", json={"url": site.url("/a.png")}).headers["Location"]
    work()

    assert client.get(path).json["source_url"] == site.url("/a.png")
    assert client.get(path).json["status"] == "finished"


def test_nginx_may_keep_it_for_a_second_when_it_no_longer_changes(
    client: FlaskClient, site: Site, work: Work
) -> None:
    url = site.file("/a.png", picture())
    path = client.post("/images", json={"url": url}).headers["Location"]

    assert "X-Accel-Expires" not in client.get(path).headers
    work()
    assert client.get(path).headers["X-Accel-Expires"] == "1"
