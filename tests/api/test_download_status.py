"""GET /download/<id>/status: how far it is, and what became of each picture."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.models import Download
from app.pictures.picture import Picture
from tests.samples import picture
from tests.site import Site

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_it_tells_everything_about_a_finished_download(
    client: FlaskClient, site: Site, work: Callable[[], int]
) -> None:
    site.file("/a.png", picture("png", 1, (30, 20)))
    page = site.page("/", '<img src="a.png" alt="A hill"><img src="gone.png">')
    added = client.post("/download", json={"url": page}).json
    work()

    told = client.get(added["status_url"]).json

    assert told["download_id"] == added["download_id"]
    assert told["download_url"] == added["download_url"]
    assert (told["url"], told["status"], told["error"]) == (page, "finished", None)
    assert told["attempts"] == 1
    assert told["progress"] == {"found": 2, "done": 1, "failed": 1, "total": 2}
    times = [told["added_at"], told["started_at"], told["finished_at"]]
    assert all(MOMENT.fullmatch(time) for time in times)
    assert times == sorted(times)
    good, bad = told["images"]
    assert good == {
        "id": good["id"],
        "position": 1,
        "status": "finished",
        "error": None,
        "source_url": site.url("/a.png"),
        "image_url": f"/images/{good['id']}/content",
        "found_in": "img.src",
        "alt": "A hill",
        "candidates": [site.url("/a.png")],
        "file": "001-a.png",
        "content_type": "image/png",
        "width": 30,
        "height": 20,
        "bytes": len(picture("png", 1, (30, 20))),
        "sha256": good["sha256"],
    }
    assert (bad["position"], bad["status"], bad["file"]) == (2, "failed", None)
    assert bad["error"]["type"] == "/problems/origin-status"
    assert "404" in bad["error"]["detail"]
    assert bad["image_url"] is None


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_addresses_of_a_picture_are_told_whichever_it_was_stored_from(
    client: FlaskClient, work: Callable[[], int], site: Site, dry_run: bool
) -> None:
    site.file("/small.png", picture("png", 1))
    page = site.page("/page", "<img srcset='/gone.png 900w, /small.png 90w' src=/plain.png>")
    added = client.post("/download", json={"url": page, "dry_run": dry_run}).json
    work()

    [image] = client.get(added["status_url"]).json["images"]
    assert image["source_url"] == site.url("/gone.png" if dry_run else "/small.png")
    sizes = [site.url(path) for path in ("/gone.png", "/small.png", "/plain.png")]
    assert image["candidates"] == sizes


def test_style_sheets_that_failed_are_counted(
    client: FlaskClient, site: Site, work: Callable[[], int]
) -> None:
    site.file("/a.png", picture())
    site.file("/a.css", b"p{background:url(a.png)}", "text/css")
    links = "".join(f"<link rel=stylesheet href={name}>" for name in ("a.css", "b.css", "c.css"))
    added = client.post("/download", json={"url": site.page("/", f"{links}<p>")}).json
    assert client.get(added["status_url"]).json["sheets_failed"] is None
    work()

    told = client.get(added["status_url"]).json

    assert (told["status"], told["sheets_failed"]) == ("finished", 2)
    assert [image["found_in"] for image in told["images"]] == ["css"]


def test_it_shows_a_download_at_work(client: FlaskClient) -> None:
    added = client.post("/download", json={"url": "https://example.com/"}).json
    download = jobs.claim(Download, "somebody")
    assert download
    found = [Picture((f"https://example.com/{n}.png",), "img.src") for n in range(3)]
    jobs.add_found(download, 3, found)
    jobs.finish(jobs.pictures_of(download)[0])

    told = client.get(added["status_url"]).json

    assert told["status"] == "running"
    assert [image["status"] for image in told["images"]] == ["finished", "queued", "queued"]
    assert told["progress"] == {"found": 3, "done": 1, "failed": 0, "total": 3}
    assert told["finished_at"] is None


def test_it_tells_why_a_download_failed(
    client: FlaskClient, site: Site, work: Callable[[], int]
) -> None:
    added = client.post("/download", json={"url": site.url("/nowhere")}).json
    work()

    answer = client.get(added["status_url"])

    assert answer.status_code == 200
    assert answer.json["status"] == "failed"
    assert answer.json["error"]["type"] == "/problems/origin-status"
    assert answer.json["images"] == []
