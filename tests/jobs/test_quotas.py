"""What one client may have: jobs that wait, and stored bytes."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, jobs
from app.database.connection import db
from app.database.ids import now
from app.database.models import JOB_KINDS, Download, Image, Usage
from app.errors import TooManyWaiting
from app.jobs import cleanup, quotas
from app.jobs.quotas import Quotas
from app.settings import Settings
from app.storage import Storage
from app.worker.processes import ProcessRegistry
from app.worker.tasks import Tasks
from tests.conftest import Nudges
from tests.samples import add_image, picture
from tests.site import Reply, Site

Work = Callable[[], int]
ME, OTHER = "192.0.2.1", "192.0.2.2"
ROOM = 1000  # bytes


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, quota_jobs=3, quota_bytes=ROOM)


def post(client: FlaskClient, path: str, body: Any, address: str = ME) -> Any:
    return client.post(path, json=body, environ_base={"REMOTE_ADDR": address})


def of_size(size: int, seed: int = 1) -> bytes:
    return picture("png", seed).ljust(size, b"x")


def used(client: str = ME) -> int:
    return quotas.stored_bytes(client)


def test_the_jobs_of_one_client_are_bounded_and_others_are_not_refused(
    client: FlaskClient,
) -> None:
    one = {"url": "https://example.com/"}
    assert post(client, "/download", one).status_code == 202
    assert post(client, "/images", {"urls": ["https://example.com/"] * 2}).status_code == 202
    for path, body in ("/download", one), ("/images", one), ("/images", {"urls": [one["url"]]}):
        refused = post(client, path, body)
        assert (refused.status_code, refused.json["type"]) == (429, "/problems/quota-jobs")
        assert "3 jobs of yours wait" in refused.json["detail"]
        assert "DOWNLOADER_QUOTA_JOBS (3)" in refused.json["detail"]
        assert refused.headers["Retry-After"]

    assert post(client, "/images", one, OTHER).status_code == 202
    cleanup.cancel(Download.get(), client.application.extensions["storage"])
    assert post(client, "/images", one).status_code == 202


def test_a_batch_counts_its_urls(client: FlaskClient) -> None:
    batch = {"urls": ["https://example.com/"] * 2}
    assert post(client, "/images", batch).status_code == 202
    refused = post(client, "/images", batch)

    assert (refused.status_code, refused.json["type"]) == (429, "/problems/quota-jobs")
    assert Image.select().count() == 2


def test_a_batch_that_never_fits_is_told_how_many_would(client: FlaskClient) -> None:
    refused = post(client, "/images", {"urls": ["https://example.com/"] * 4})

    assert refused.status_code == 422
    assert "Retry-After" not in refused.headers
    [why] = refused.json["errors"]["urls"]
    assert "At most 3" in why
    assert "DOWNLOADER_QUOTA_JOBS" in why
    document = client.get("/openapi.json").json
    assert document["components"]["schemas"]["NewImage"]["properties"]["urls"]["maxItems"] == 3
    assert post(client, "/images", {"urls": ["https://example.com/"] * 3}).status_code == 202


@pytest.mark.parametrize("kind", ["pages", "images"])
def test_so_are_people(client: FlaskClient, kind: str) -> None:
    form = {"kind": kind, "urls": "https://example.com/\n" * 4}
    answer = client.post("/", data=form, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 422
    assert "At most 3 at once; these are 4." in answer.text


def test_a_list_that_becomes_one_download_is_one_job(client: FlaskClient) -> None:
    form = {"kind": "images", "choose": "", "urls": "https://example.com/\n" * 4}
    answer = client.post("/", data=form, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 303
    assert Download.select().count() == 1


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_jobs_that_wait_for_a_pause_count(kind: type[Download] | type[Image], app: Flask) -> None:
    if kind is Download:
        jobs.add_download(url="https://a/", limit=1, client=ME)
    else:
        add_image("https://a/", client=ME)
    job = jobs.claim(kind, "me")
    assert job
    assert quotas.waiting_jobs(ME, 9) == 0
    jobs.pause(job, "a", now())

    assert quotas.waiting_jobs(ME, 9) == 1
    assert quotas.waiting_jobs(OTHER, 9) == 0


def test_what_is_not_yet_written_counts_until_it_is(app: Flask) -> None:
    allowed = Quotas(3, 0)
    allowed.admit(ME, 2)
    with pytest.raises(TooManyWaiting):
        allowed.admit(ME, 2)
    allowed.admit(OTHER, 3)
    allowed.release(ME, 2)
    allowed.admit(ME, 3)


def test_an_image_that_does_not_fit_fails_and_leaves_nothing(
    client: FlaskClient, site: Site, work: Work, storage: Storage
) -> None:
    first = post(client, "/images", {"url": site.file("/a", of_size(ROOM - 1))}).json["id"]
    second = post(client, "/images", {"url": site.file("/b", of_size(2))}).json["id"]
    work()

    assert client.get(f"/images/{first}/content").status_code == 200
    answer = client.get(f"/images/{second}/content")
    assert (answer.status_code, answer.json["type"]) == (507, "/problems/quota-bytes")
    assert f"{ROOM - 1} bytes of yours are stored" in answer.json["detail"]
    assert f"DOWNLOADER_QUOTA_BYTES is {ROOM}" in answer.json["detail"]
    assert len(list(storage.walk("images"))) == 1
    assert used() == ROOM - 1


def test_who_has_used_it_up_is_refused_until_something_is_deleted(
    client: FlaskClient, site: Site, work: Work
) -> None:
    body = {"url": site.file("/a", of_size(ROOM))}
    image = post(client, "/images", body).json["id"]
    work()
    for path in "/images", "/download":
        refused = post(client, path, body)
        assert (refused.status_code, refused.json["type"]) == (507, "/problems/quota-bytes")
    assert post(client, "/images", body, OTHER).status_code == 202

    client.delete(f"/images/{image}")
    assert used() == 0
    assert post(client, "/images", body).status_code == 202


def show(site: Site, *sizes: int) -> str:
    for number, size in enumerate(sizes):
        site.file(f"/{number}.png", of_size(size, number))
    return site.page("/", "".join(f"<img src={number}.png>" for number in range(len(sizes))))


def test_a_download_ends_with_what_fits_with_its_archive(
    client: FlaskClient, site: Site, work: Work, storage: Storage
) -> None:
    path = post(client, "/download", {"url": show(site, 300, 200, 100, 100)}).json["status_url"]
    work()

    document = client.get(path).json
    assert document["status"] == "finished"
    states = [(each["status"], (each["error"] or {}).get("type")) for each in document["images"]]
    assert states[:2] == [("finished", None), ("finished", None)]
    assert {kind for _, kind in states[2:]} == {"/problems/quota-bytes"}
    assert len(list(storage.walk("images"))) == 2
    assert used() == ROOM


def test_what_a_client_had_before_counts_for_its_next_download(
    client: FlaskClient, site: Site, work: Work
) -> None:
    post(client, "/images", {"url": site.file("/a", of_size(500))})
    work()
    path = post(client, "/download", {"url": show(site, 200, 100)}).json["status_url"]
    work()

    document = client.get(path).json
    assert [each["status"] for each in document["images"]] == ["finished", "failed"]
    why = document["images"][1]["error"]["detail"]
    assert f"900 bytes of yours are stored, and DOWNLOADER_QUOTA_BYTES is {ROOM}" in why
    assert used() == 900


def test_what_fails_takes_no_room(client: FlaskClient, site: Site, work: Work) -> None:
    page = site.page("/", "<img src=gone.png><img src=full.png>")
    site.file("/full.png", of_size(ROOM // 2))
    path = post(client, "/download", {"url": page}).json["status_url"]
    work()

    assert [each["status"] for each in client.get(path).json["images"]] == ["failed", "finished"]
    assert used() == ROOM


def test_what_is_stored_counts_and_not_what_came_over_the_wire(
    client: FlaskClient, site: Site, work: Work, storage: Storage
) -> None:
    page = show(site, *[ROOM // 4] * 10)
    for number in range(10):
        packed = gzip.compress(of_size(ROOM // 4, number))
        assert len(packed) < ROOM // 8
        packing = {"Content-Encoding": "gzip"}
        site.replies[f"/{number}.png"] = Reply(packed, "image/png", headers=packing)
    path = post(client, "/download", {"url": page}).json["status_url"]
    work()

    assert client.get(path).json["status"] == "finished"
    assert len(list(storage.walk("images"))) == 2
    assert used() == ROOM


def test_a_download_of_which_nothing_fits_fails(
    client: FlaskClient, site: Site, work: Work
) -> None:
    path = post(client, "/download", {"url": show(site, ROOM // 2 + 1)}).json["download_url"]
    work()

    answer = client.get(path)
    assert (answer.status_code, answer.json["type"]) == (507, "/problems/quota-bytes")
    assert used() == 0


@pytest.mark.parametrize("picture_first", [True, False])
def test_what_is_removed_counts_no_longer(
    client: FlaskClient, site: Site, work: Work, storage: Storage, picture_first: bool
) -> None:
    post(client, "/download", {"url": show(site, 100, 200)})
    work()
    assert used() == 600
    if picture_first:
        cleanup.remove(Image.get(Image.position == 2), storage)
        assert used() == 400
    cleanup.remove(Download.get(), storage)
    assert used() == 0


def test_a_download_that_fails_or_is_cancelled_keeps_no_room_for_its_archive(app: Flask) -> None:
    for end in (lambda job: jobs.fail(job, TooManyWaiting("")), jobs.cancel):
        jobs.add_download(url="https://a/", limit=1, client=ME)
        job = jobs.claim(Download, "me")
        assert job
        jobs.end_pictures(job, [])
        Download.update(archive_bytes=70).where(Download.id == job.id).execute()
        quotas.add_bytes(ME, 70)
        end(jobs.get(Download, job.id))
        assert used() == 0
        assert jobs.get(Download, job.id).archive_bytes is None


def test_the_metrics_name_those_who_have_most(client: FlaskClient, site: Site, work: Work) -> None:
    post(client, "/images", {"url": site.file("/a", of_size(500))})
    work()
    post(client, "/images", {"url": "https://example.com/"}, OTHER)

    text = client.get("/metrics").get_data(as_text=True)
    assert f'image_downloader_client_stored_bytes{{client="{ME}"}} 500.0' in text
    assert f'image_downloader_client_jobs_queued{{client="{OTHER}"}} 1.0' in text


def test_without_quotas_nothing_is_refused(
    settings: Settings, site: Site, storage: Storage, processes: ProcessRegistry
) -> None:
    db.close()
    free = replace(settings, quota_jobs=0, quota_bytes=0)
    app = create_app(free)
    app.extensions["engine"] = Nudges()
    tasks = Tasks(free, storage, processes, lambda: False)
    body = {"urls": [site.file("/a", of_size(2 * ROOM))] * 5}
    assert post(app.test_client(), "/images", body).status_code == 202
    while tasks.turn(tasks.kinds):
        pass

    assert {image.status for image in Image.select()} == {"finished"}
    assert used() == 10 * ROOM
    assert Usage.select().count() == 1


def test_what_fails_keeps_its_reason_where_there_is_no_room_left(
    client: FlaskClient, site: Site, work: Work
) -> None:
    post(client, "/images", {"url": site.file("/a", of_size(ROOM - 1))})
    work()
    page = site.page("/", "<img src=gone.png>")
    path = post(client, "/download", {"url": page}).json["status_url"]
    work()

    [picture] = client.get(path).json["images"]
    assert picture["error"]["type"] == "/problems/origin-status"
