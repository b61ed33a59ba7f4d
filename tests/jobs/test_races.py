"""Two processes at the same jobs in PostgreSQL: one of them does it, and it is done once."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from app import jobs
from app.database.connection import db
from app.database.models import Delivery, Download, Image, Status, Usage
from app.pictures.picture import Picture
from tests.jobs.racer import IMAGE_BYTES, QUOTA_BYTES
from tests.postgresql import ON_POSTGRESQL

pytestmark = [
    pytest.mark.skipif(not ON_POSTGRESQL, reason="runs by `make test-cluster`"),
    pytest.mark.usefixtures("app"),
]

JOBS = 300
HOOK = "https://hook/"


def race(url: str, acts: tuple[str, str], ids: Iterable[UUID], threads: int = 8) -> list[list[Any]]:
    """Have two processes act on the same ids, each in an order of its own; return the outcomes."""
    db.disconnect()
    found = list(map(str, ids))
    orders = [random.Random(seed).sample(found, len(found)) for seed in (1, 2)]
    command = [sys.executable, "-m", "tests.jobs.racer", url]
    racers = [
        subprocess.Popen(
            [*command, act, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for act in acts
    ]
    for racer, order in zip(racers, orders, strict=True):
        assert racer.stdin
        racer.stdin.write(json.dumps(order) + "\n")
        racer.stdin.flush()
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("\n")
        racer.stdin.flush()
    told = [json.loads(racer.communicate(timeout=120)[0]) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    return [
        [outcome for _, outcome in sorted(zip(order, outcomes, strict=True))]
        for order, outcomes in zip(orders, told, strict=True)
    ]


def running(count: int = JOBS, hook: str | None = HOOK) -> list[UUID]:
    """Add images that a process runs."""
    images = jobs.add_images(["https://a/"] * count, hook)
    Image.update(status=Status.RUNNING, attempts=1, claimed_by="dead").execute()
    return sorted(image.id for image in images)


def claimed(pictures: int) -> UUID:
    """Add a download that a process runs, and has found pictures for."""
    jobs.add_download(url="https://a/", limit=pictures, callback_url=HOOK)
    download = jobs.claim(Download, "me")
    assert download
    found = [Picture((f"https://a/{n}",), "img.src") for n in range(pictures)]
    jobs.add_found(download, pictures, found)
    return download.id


def ends() -> dict[tuple[str, str], int]:
    return {(each.kind, each.state): each.count for each in jobs.ended()}


def test_sixteen_seats_claim_each_job_once(database_url: str) -> None:
    images = jobs.add_images([f"https://{n % 7}/" for n in range(2000)], client="a")
    began = time.monotonic()
    outcomes = race(database_url, ("claim", "claim"), [uuid4() for _ in range(8)])
    claims = [image for seats in outcomes for seat in seats for image in seat]

    assert sorted(claims) == sorted(str(image.id) for image in images)
    assert {image.attempts for image in Image.select()} == {1}
    assert all(any(seats) for seats in outcomes), "one of them had it all"
    assert time.monotonic() - began < 60


def test_a_job_that_two_cancel_is_cancelled_once(database_url: str) -> None:
    outcomes = race(database_url, ("cancel", "cancel"), running())

    assert [sum(each) for each in zip(*outcomes, strict=True)] == [1] * JOBS
    assert ends() == {("image", "cancelled"): JOBS}
    assert Delivery.select().count() == JOBS


def test_a_job_ends_once_whether_it_is_finished_or_withdrawn_first(database_url: str) -> None:
    finished, withdrawn = race(database_url, ("finish", "withdraw"), running())
    won = sum(finished)

    assert Counter(withdrawn) == Counter({"finished": won, "cancelled": JOBS - won})
    assert sum(ends().values()) == JOBS
    assert Delivery.select().count() == JOBS
    assert {image.status for image in Image.select()} <= {"cancelled"}


def test_a_download_that_ends_while_it_is_removed_leaves_no_picture_waiting(
    database_url: str,
) -> None:
    downloads = [claimed(3) for _ in range(60)]
    settled, dropped = race(database_url, ("settle", "drop"), downloads)

    assert None not in dropped
    assert sum(settled) == Counter(dropped)["finished"]
    assert sum(ends().values()) == len(downloads)
    assert not Image.select().exists()
    assert Delivery.select().count() == len(downloads)


def stored() -> int:
    return sum(usage.bytes for usage in Usage.select())


def test_images_of_a_client_that_end_at_once_keep_to_its_quota(database_url: str) -> None:
    images = running(hook=None)
    kept, others = race(database_url, ("store", "store"), images)

    assert sum(kept) + sum(others) == QUOTA_BYTES // IMAGE_BYTES
    assert stored() == QUOTA_BYTES


def test_pictures_of_a_client_that_end_at_once_keep_to_its_quota(database_url: str) -> None:
    downloads = [claimed(3) for _ in range(60)]
    gathered, others = race(database_url, ("gather", "gather"), downloads)

    assert sum(gathered) + sum(others) == QUOTA_BYTES // (2 * IMAGE_BYTES)  # the zip counts, too
    assert stored() == QUOTA_BYTES


def test_what_two_recover_has_crashed_once(database_url: str) -> None:
    running()
    outcomes = race(database_url, ("recover", "recover"), [uuid4() for _ in range(4)])

    assert sum(sum(each) for each in outcomes) == JOBS
    assert {(image.status, image.crashes) for image in Image.select()} == {("queued", 1)}


def test_a_request_that_comes_twice_at_once_adds_one_job(database_url: str) -> None:
    outcomes = race(database_url, ("answer", "answer"), [uuid4() for _ in range(100)])

    assert [sum(each) for each in zip(*outcomes, strict=True)] == [1] * 100
    assert Image.select().count() == 100


def test_a_host_gets_one_callback_at_a_time(database_url: str) -> None:
    for host in range(5):
        for image in jobs.add_images(["https://a/"] * 20, f"https://hook{host}/"):
            jobs.cancel(image)
    outcomes = race(database_url, ("deliver", "deliver"), [uuid4() for _ in range(4)], threads=4)
    calls = sorted(tuple(call) for seats in outcomes for seat in seats for call in seat)

    assert len(calls) == 100
    assert not Delivery.select().where(Delivery.status != Status.FINISHED).exists()
    for (host, _, end), (next_host, begin, _) in pairwise(calls):
        assert host != next_host or end <= begin
