"""Changes of state: claims, fences and recovery."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from peewee import IntegrityError

from app import jobs
from app.database.connection import db
from app.database.ids import new_id, now
from app.database.models import CLAIMABLE, Download, Image, Status
from app.errors import NotFound, Unreachable
from app.jobs import claims
from app.pictures.picture import Picture
from tests.samples import add_image

pytestmark = pytest.mark.usefixtures("app")

DEAD: Callable[[str], bool] = lambda process: False  # noqa: E731
ALIVE: Callable[[str], bool] = lambda process: True  # noqa: E731


def claimed_image() -> Image:
    add_image("https://a/1")
    image = jobs.claim(Image, "me")
    assert image
    return image


def claimed_download(pictures: int = 0, **values: Any) -> Download:
    jobs.add_download(url="https://a/", limit=5, **values)
    download = jobs.claim(Download, "me")
    assert download
    found = [Picture((f"https://a/{n}",), "img.src") for n in range(pictures)]
    jobs.add_found(download, pictures, found)
    return download


def stored(job: Download | Image) -> Any:
    return jobs.get(type(job), job.id)


def test_downloads_are_accepted_together_or_not_at_all() -> None:
    page = {"url": "https://a/", "limit": 5}
    with pytest.raises(IntegrityError):
        jobs.add_downloads([page, page | {"limit": None}])
    assert Download.select().count() == 0

    first, second = jobs.add_downloads([page, page])
    assert first.id < second.id
    assert Download.select().count() == 2


def test_a_claim_takes_the_oldest() -> None:
    first, second = add_image("https://a/1"), add_image("https://a/2")

    claims = [jobs.claim(Image, "me") for _ in range(3)]

    assert [claim and claim.id for claim in claims] == [first.id, second.id, None]
    assert claims[0]
    assert (claims[0].status, claims[0].attempts, claims[0].claimed_by) == ("running", 1, "me")
    assert claims[0].started_at


def test_where_nothing_waits_a_claim_does_not_wait_for_those_who_write() -> None:
    claims: list[Image | None] = []

    def claim() -> None:
        with db.connection_context():
            claims.append(jobs.claim(Image, "me"))

    with db.atomic():  # somebody writes
        seat = threading.Thread(target=claim)
        seat.start()
        seat.join()
        assert claims == [None]


def test_a_claim_leaves_suspects_out_when_asked_to() -> None:
    suspect, innocent = add_image("https://a/1"), add_image("https://a/2")
    Image.update(crashes=1).where(Image.id == suspect.id).execute()

    claims = [jobs.claim(Image, "me", jobs.Turn(suspects=False)) for _ in range(2)]

    assert [claim and claim.id for claim in claims] == [innocent.id, None]


def test_a_claim_leaves_the_images_of_downloads_to_them() -> None:
    claimed_download(pictures=3)

    assert jobs.claim(Image, "me") is None


def test_many_threads_never_claim_the_same_job(app: Flask) -> None:
    count, threads = 120, 6
    for number in range(count):
        add_image(f"https://a/{number}")
    taken: list[Any] = []

    def take() -> None:
        with db.connection_context():
            while image := jobs.claim(Image, threading.current_thread().name):
                taken.append(image.id)

    workers = [threading.Thread(target=take) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(taken) == len(set(taken)) == count


def test_finishing_ends_a_job() -> None:
    image = claimed_image()
    jobs.finish(image, content_type="image/png")

    row = stored(image)
    assert (row.status, row.claimed_by, row.content_type) == ("finished", None, "image/png")
    assert row.finished_at >= row.started_at


def test_failing_keeps_the_reason() -> None:
    image = claimed_image()
    jobs.fail(image, Unreachable("no address for a"))

    assert stored(image).status == "failed"
    assert isinstance(stored(image).failure, Unreachable)
    assert stored(image).failure.detail == "no address for a"


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jobs.finish(image),
        lambda image: jobs.fail(image, Unreachable("gone")),
        lambda image: jobs.hand_back(image),
    ],
)
def test_who_lost_the_claim_changes_nothing(change: Callable[[Image], None]) -> None:
    image = claimed_image()
    jobs.recover(DEAD, crashes_allowed=3)
    other = jobs.claim(Image, "other")
    assert other

    with pytest.raises(jobs.LostClaim):
        change(image)

    assert (stored(other).status, stored(other).claimed_by) == ("running", "other")


def test_a_final_state_is_final() -> None:
    image = claimed_image()
    jobs.finish(image)

    with pytest.raises(jobs.LostClaim):
        jobs.fail(image, Unreachable("late"))


def test_a_job_handed_back_is_claimed_again() -> None:
    download = claimed_download(pictures=2)
    jobs.finish(jobs.pictures_of(download)[0])
    download.spent_seconds = 7
    jobs.hand_back(download)

    again = jobs.claim(Download, "other")

    assert again
    assert (again.id, again.attempts, again.crashes) == (download.id, 2, 0)
    assert again.spent_seconds == 7
    assert [image.status for image in jobs.pictures_of(again)] == ["finished", "queued"]


def test_recovery_takes_the_jobs_of_the_dead_alone() -> None:
    mine, other = claimed_image(), claimed_image()
    Image.update(claimed_by="other").where(Image.id == other.id).execute()

    assert jobs.recover(lambda process: process == "other", crashes_allowed=3) == 1
    assert (stored(mine).status, stored(mine).crashes) == ("queued", 1)
    assert stored(other).status == "running"
    assert jobs.recover(ALIVE, crashes_allowed=3) == 0


def test_a_job_that_dies_too_often_ends() -> None:
    image = claimed_image()
    for _ in range(2):
        jobs.recover(DEAD, crashes_allowed=3)
        assert jobs.claim(Image, "me")
    jobs.recover(DEAD, crashes_allowed=3)

    assert stored(image).status == "failed"
    assert stored(image).failure.detail == "its process died 3 times"
    assert stored(image).crashes == 3
    assert jobs.claim(Image, "me") is None


def test_what_crashed_before_and_runs_elsewhere_does_not_end_with_another_process() -> None:
    crashed, other = claimed_image(), claimed_image()
    Image.update(crashes=2).where(Image.id == crashed.id).execute()
    Image.update(claimed_by="other").where(Image.id == other.id).execute()

    jobs.recover(lambda process: process == "me", crashes_allowed=3)
    assert (stored(crashed).status, stored(other).status) == ("running", "queued")


def test_a_job_that_waits_for_a_pause_belongs_to_no_process() -> None:
    image = claimed_image()
    image.spent_seconds, image.paused_seconds = 7, 5
    jobs.pause(image, "a", now())

    assert (stored(image).spent_seconds, stored(image).paused_seconds) == (7, 5)
    assert jobs.recover(DEAD, crashes_allowed=1) == 0
    assert stored(image).status == "queued"


def test_pictures_left_when_the_limit_is_reached_say_so() -> None:
    download = claimed_download(pictures=2)
    jobs.finish(jobs.pictures_of(download)[0])
    download.spent_seconds = 7
    [kept] = jobs.settle(download)

    assert kept.position == 1
    assert stored(download).spent_seconds == 7
    _, left = jobs.pictures_of(download)
    assert left.finished_at
    assert left.failure.code == "cancelled"
    assert left.failure.detail == "not fetched: the limit of 5 is reached"


def test_names_in_the_zip_are_those_of_the_pictures_of_who_holds_the_download() -> None:
    download = claimed_download(pictures=2)
    first, second = jobs.pictures_of(download)
    jobs.name_members(download, [(first, "a.png"), (second, "b.png")])
    assert [first.file, second.file] == ["a.png", "b.png"]
    assert [image.file for image in jobs.pictures_of(download)] == ["a.png", "b.png"]

    jobs.recover(DEAD, crashes_allowed=3)
    with pytest.raises(jobs.LostClaim):
        jobs.name_members(download, [(first, "c.png")])
    assert [image.file for image in jobs.pictures_of(download)] == ["a.png", "b.png"]


def test_what_is_known_of_a_page_is_recorded_with_its_pictures() -> None:
    download = claimed_download()
    download.title, download.spent_seconds, download.sheets_failed = "Parks", 7, 2
    jobs.add_found(download, 0, [])

    kept = stored(download)
    assert (kept.title, kept.spent_seconds, kept.sheets_failed, kept.found) == ("Parks", 7, 2, 0)


def test_an_image_is_not_ended_by_who_lost_its_download() -> None:
    download = claimed_download(pictures=1)
    [image] = jobs.pictures_of(download)
    jobs.recover(DEAD, crashes_allowed=3)
    assert jobs.claim(Download, "other")

    with pytest.raises(jobs.LostClaim):
        jobs.finish(image)
    assert stored(image).status == "queued"


def test_the_pictures_of_a_page_are_numbered_and_the_skipped_are_not() -> None:
    download = claimed_download()
    jobs.add_found(
        download,
        2,
        [
            Picture(("https://a/1", "https://a/small"), "img.srcset", "One"),
            Picture((), "img.src", skipped="data: URI", written="data:,"),
            Picture(("https://a/2",), "css"),
        ],
    )

    rows = [(i.position, i.status, i.candidates, i.alt) for i in jobs.pictures_of(stored(download))]
    assert rows == [
        (1, "queued", ["https://a/1", "https://a/small"], "One"),
        (None, "cancelled", ["data:,"], ""),
        (2, "queued", ["https://a/2"], ""),
    ]
    first, skipped, _ = jobs.pictures_of(stored(download))
    assert skipped.failure.detail == "skipped: data: URI"
    assert skipped.finished_at
    assert (first.finished_at, first.error_detail, first.crashes) == (None, None, 0)


def test_the_end_of_a_download_ends_its_images() -> None:
    download = claimed_download(pictures=3)
    first, second, _ = jobs.pictures_of(download)
    jobs.finish(first)
    jobs.fail(second, Unreachable("no address"))
    jobs.finish(download)

    statuses = [image.status for image in jobs.pictures_of(stored(download))]
    assert statuses == [Status.FINISHED, Status.FAILED, Status.CANCELLED]


def test_waiting_work_is_seen() -> None:
    assert not jobs.any_claimable(CLAIMABLE)
    jobs.add_download(url="https://a/", limit=5)
    assert jobs.any_claimable(CLAIMABLE)
    jobs.claim(Download, "me")
    assert not jobs.any_claimable(CLAIMABLE)
    add_image("https://a/")
    assert jobs.any_claimable(CLAIMABLE)
    assert not jobs.any_claimable([Download])


def test_an_unknown_id_is_not_found() -> None:
    with pytest.raises(NotFound, match="there is no image"):
        jobs.get(Image, new_id())


def test_the_event_of_a_cancelled_download_counts_the_pictures_it_had() -> None:
    asked = jobs.add_download(url="https://a/", limit=5, callback_url="https://hooks.example/")
    download = jobs.claim(Download, "here")
    jobs.add_found(download, 2, [Picture((f"https://a/{n}",), "img.src") for n in range(2)])
    first, second = jobs.pictures_of(download)
    jobs.finish(first)

    withdrawn = jobs.withdraw(download)

    assert [job.id for job in withdrawn] == [asked.id, first.id, second.id]
    data = json.loads(jobs.delivery_of(Download, asked.id).body)["data"]
    assert data["progress"] == {"found": 2, "done": 1, "failed": 0, "total": 2}
    assert not Image.select().exists()


def test_pictures_are_recorded_with_their_number_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("no room")

    download = claimed_download()
    Download.update(found=None).execute()
    monkeypatch.setattr(claims, "insert", broken)
    with pytest.raises(RuntimeError):
        jobs.add_found(download, 1, [Picture(("https://a/1",), "img.src")])

    assert stored(download).found is None


def test_jobs_of_a_dead_process_are_recovered_together_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = [claimed_image(), claimed_image()]
    fail = claims.fail

    def fail_once(job: Any, *args: Any, **values: Any) -> None:
        if job.id == lost[1].id:
            raise RuntimeError("died again")
        fail(job, *args, **values)

    monkeypatch.setattr(claims, "fail", fail_once)
    with pytest.raises(RuntimeError):
        jobs.recover(DEAD, crashes_allowed=1)

    assert [stored(image).status for image in lost] == ["running", "running"]


def test_who_lost_a_download_leaves_none_of_its_pictures() -> None:
    lost = claimed_download(pictures=2)
    jobs.recover(DEAD, crashes_allowed=3)
    with pytest.raises(jobs.LostClaim):
        jobs.settle(lost)

    assert [picture.status for picture in jobs.pictures_of(lost)] == ["queued", "queued"]


def test_a_claim_counts_a_run_of_its_own_pictures_alone() -> None:
    download = claimed_download(pictures=1)
    [picture], other = jobs.pictures_of(download), add_image("https://a/")
    jobs.hand_back(download)
    assert jobs.claim(Download, "me")

    assert (stored(picture).attempts, stored(other).attempts) == (2, 0)
    jobs.finish(stored(picture))
    assert stored(picture).status == "finished"


@pytest.mark.parametrize(
    ("dry_run", "why"), [(True, "a dry run"), (False, "the download has ended")]
)
def test_pictures_left_when_a_download_ends_say_so(dry_run: bool, why: str) -> None:
    download = claimed_download(pictures=1, dry_run=dry_run)
    jobs.finish(download)

    [left] = jobs.pictures_of(download)
    assert (left.status, left.error_detail) == ("cancelled", f"not fetched: {why}")


def test_without_a_quota_pictures_of_any_size_are_kept() -> None:
    download = claimed_download(pictures=1)
    [image] = jobs.pictures_of(download)
    download.spent_seconds = 7

    assert jobs.end_pictures(download, [(image, {"bytes": 1 << 40})]) == []
    assert stored(image).status == "finished"
    assert stored(download).spent_seconds == 7
