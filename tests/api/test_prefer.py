"""`Prefer: wait=N`: one request that waits for the end of a job."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from app.database.connection import db
from app.database.models import Image
from app.jobs.watch import JobWatcher
from tests.samples import picture
from tests.site import Site

Work = Callable[[], int]


def waiting(seconds: int) -> dict[str, str]:
    return {"Prefer": f"wait={seconds}"}


@contextmanager
def at_work(work: Work) -> Iterator[None]:
    """Do the jobs in a thread of its own as they come, until one has been done."""
    over = threading.Event()

    def do() -> None:
        with db.connection_context():
            while not work() and not over.wait(0.01):
                pass

    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def page(site: Site) -> str:
    site.file("/a.png", picture())
    return site.page("/", "<img src=a.png>")


def test_a_post_leads_to_the_archive_when_it_is_there(
    client: FlaskClient, page: str, work: Work
) -> None:
    with at_work(work):
        answer = client.post("/download", json={"url": page}, headers=waiting(30))

    assert answer.status_code == 303
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert answer.headers["Location"] == answer.json["download_url"]
    assert answer.json["status"] == "finished"
    assert "Retry-After" not in answer.headers
    assert client.get(answer.headers["Location"]).content_type == "application/zip"


def test_a_post_leads_to_the_details_of_an_image(
    client: FlaskClient, site: Site, work: Work
) -> None:
    with at_work(work):
        url = site.file("/a.png", picture())
        answer = client.post("/images", json={"url": url}, headers=waiting(30))

    assert answer.status_code == 303
    assert answer.json["status"] == "finished"
    assert client.get(answer.headers["Location"]).json == answer.json


def test_a_post_leads_to_the_reason_of_a_failure(
    client: FlaskClient, site: Site, work: Work
) -> None:
    with at_work(work):
        answer = client.post("/download", json={"url": site.url("/none")}, headers=waiting(30))

    assert answer.status_code == 303
    assert client.get(answer.headers["Location"]).json["type"] == "/problems/origin-status"


@pytest.mark.parametrize("path", ["/download/{}", "/download/{}/status"])
def test_a_get_of_a_download_waits_for_its_end(
    client: FlaskClient, page: str, work: Work, path: str
) -> None:
    added = client.post("/download", json={"url": page}).json["download_id"]
    with at_work(work):
        answer = client.get(path.format(added), headers=waiting(30))

    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=30"


@pytest.mark.parametrize("path", ["/images/{}", "/images/{}/content"])
def test_a_get_of_an_image_waits_for_its_end(
    client: FlaskClient, site: Site, work: Work, path: str
) -> None:
    added = client.post("/images", json={"url": site.file("/a.png", picture())}).json["id"]
    with at_work(work):
        answer = client.get(path.format(added), headers=waiting(30))

    assert answer.status_code == 200
    assert answer.is_json is False or answer.json["status"] == "finished"


def test_a_repeated_post_waits_for_the_end_of_the_first(
    client: FlaskClient, page: str, work: Work
) -> None:
    headers = {"Idempotency-Key": "k", **waiting(30)}
    client.post("/download", json={"url": page}, headers={"Idempotency-Key": "k"})
    with at_work(work):
        answer = client.post("/download", json={"url": page}, headers=headers)

    assert (answer.status_code, answer.json["status"]) == (303, "finished")


def test_it_waits_as_long_as_asked_and_no_longer(client: FlaskClient, app: Flask) -> None:
    seconds = count(step=4)
    app.extensions["watcher"] = JobWatcher(1, lambda: False, lambda: next(seconds))
    answer = client.post("/download", json={"url": "https://example.com"}, headers=waiting(20))

    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert 20 <= next(seconds) <= 60


@pytest.mark.parametrize(
    ("given", "applied"),
    [
        ("wait=0", "wait=0"),
        ('wait="7"', "wait=7"),
        ("WAIT = 7", "wait=7"),
        ("respond-async, wait=7", "wait=7"),
        ("wait=7; why=not, wait=8", "wait=7"),
        ("wait=31", "wait=30"),
        ("wait=99999999999999999999", "wait=30"),
        ("wait", None),
        ("wait=", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=soon", None),
        ("wait=٣", None),
        ("await=5", None),
        ('"wait=5"', None),
        ("", None),
    ],
)
def test_it_reads_the_preference(
    client: FlaskClient, work: Work, site: Site, given: str, applied: str | None
) -> None:
    path = client.post("/images", json={"url": site.url("/none.png")}).headers["Location"]
    work()
    answer = client.get(path, headers={"Prefer": given.encode().decode("latin-1")})

    assert answer.status_code == 200
    assert answer.headers.get("Preference-Applied") == applied


def test_nobody_waits_where_all_places_are_taken(client: FlaskClient, app: Flask) -> None:
    app.extensions["watcher"] = JobWatcher(0, lambda: False)
    answer = client.post("/images", json={"url": "https://example.com/"}, headers=waiting(30))

    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


def test_nobody_waits_for_what_there_is_not(client: FlaskClient) -> None:
    path = "/images/01a1f882-94ec-7569-8cff-cd211d2c85f9"

    assert client.get(path, headers=waiting(30)).status_code == 404


def test_whoever_waits_is_answered_when_the_process_stops(client: FlaskClient, app: Flask) -> None:
    app.extensions["watcher"] = JobWatcher(1, lambda: True)
    answer = client.post("/images", json={"url": "https://example.com/"}, headers=waiting(30))

    assert answer.status_code == 202


def test_an_answer_after_a_wait_in_vain_tells_where_the_job_is_by_then(
    app: Flask, client: FlaskClient
) -> None:
    class Starting:
        """An engine that takes the job and does not come to its end."""

        def submit(self) -> None:
            jobs.claim(Image, "me")

    app.extensions["engine"] = Starting()
    answer = client.post("/images", json={"url": "https://example.com/"}, headers=waiting(0))

    assert answer.status_code == 202
    assert answer.json["status"] == "running"
