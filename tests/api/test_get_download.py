"""GET /download/<id>: the archive, or why there is none yet or ever."""

import io
import uuid
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import errors, jobs
from app.database.models import Download, Status
from tests.samples import fail_next, picture
from tests.site import Site

Work = Callable[[], int]


@pytest.fixture
def finished(client: FlaskClient, site: Site, work: Work) -> str:
    """The path of a finished download of one image."""
    site.file("/sunset.png", picture())
    page = site.page("/", '<img src="sunset.png">')
    path = client.post("/download", json={"url": page}).json["download_url"]
    assert work() == 1
    return path


def test_it_sends_the_archive(client: FlaskClient, finished: str) -> None:
    answer = client.get(finished)

    assert answer.status_code == 200
    assert answer.content_type == "application/zip"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=127.0.0.1-{Download.get().added_at:%Y-%m-%d}.zip"
    )
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == ["001-sunset.png"]
        assert archive.read("001-sunset.png") == picture()


@pytest.mark.parametrize("host", ["\uff4cocalhost", "LOC\uff21LHOST", "LOCALHOST"])
def test_a_host_in_other_letters_is_that_host(
    client: FlaskClient, site: Site, work: Work, host: str
) -> None:
    site.file("/sunset.png", picture())
    page = site.page("/ä", '<img src="sunset.png">').replace("127.0.0.1", host)
    site.replies["/%C3%A4"] = site.replies["/ä"]
    path = client.post("/download", json={"url": page}).json["download_url"]
    assert work() == 1

    answer = client.get(path)
    assert answer.status_code == 200
    assert "filename*=UTF-8''localhost-%C3%A4-" in answer.headers["Content-Disposition"]
    assert client.get(f"{path}/status").json["images"][0]["file"] == "001-sunset.png"


def test_it_answers_202_while_it_waits(client: FlaskClient) -> None:
    path = client.post("/download", json={"url": "https://example.com/"}).json["download_url"]
    answer = client.get(path)

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "2"
    assert answer.json["status"] == "queued"
    assert answer.json["progress"] == {"found": 0, "done": 0, "failed": 0, "total": 0}


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (errors.Unreachable("no address for example.com"), 502),
        (errors.OriginStatus("the origin answered 404"), 502),
        (errors.BrokenTransfer("ended early"), 502),
        (errors.NoneWorked("none of 3 pictures could be fetched"), 502),
        (errors.DeadlineExceeded("60 seconds"), 504),
        (errors.RefusedAddress("refused: loopback address"), 403),
        (errors.RefusedUrl("refused: scheme is not http or https"), 403),
        (errors.NotHtml("it is a PDF"), 422),
        (errors.TooLarge("too large: 9 bytes"), 422),
        (errors.Unwanted("no picture passes the filter"), 422),
        (errors.NoImages("the page shows no images"), 422),
        (errors.StorageFull("no room"), 507),
        (errors.GaveUp("its process died 3 times"), 500),
    ],
)
def test_it_tells_why_a_download_failed(
    client: FlaskClient, failure: errors.Failure, status: int
) -> None:
    jobs.add_download(url="https://example.com/", limit=1)
    download = fail_next(Download, failure)

    answer = client.get(f"/download/{download.id}")

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": f"/problems/{failure.code}",
        "title": failure.title,
        "status": status,
        "detail": failure.detail,
    }


@pytest.mark.parametrize("name", [f"{uuid.UUID(int=7)}", "5", "../etc/passwd", "%00"])
def test_an_unknown_one_is_404(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/download/{name}")

    assert answer.status_code == 404
    assert answer.json["type"] == "/problems/not-found"


def test_a_cancelled_one_is_410(client: FlaskClient) -> None:
    download = Download.create(url="https://example.com/", limit=1, status=Status.CANCELLED)
    assert client.get(f"/download/{download.id}").status_code == 410


def test_a_dry_run_has_no_archive(client: FlaskClient, site: Site, work: Work) -> None:
    page = site.page("/", '<img src="sunset.png">')
    path = client.post("/download", json={"url": page, "dry_run": True}).json["download_url"]
    work()

    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json["type"] == "/problems/no-archive"
    assert client.get(f"{path}/status").json["status"] == "finished"


def test_a_removed_archive_is_410(client: FlaskClient, app: Flask, finished: str) -> None:
    [archive] = app.extensions["storage"].root.glob("archives/*/*.zip")
    archive.unlink()

    answer = client.get(finished)

    assert answer.status_code == 410
    assert answer.json["detail"] == "the stored file is gone"
