"""Whose turn it is: clients take turns, and no site holds up the others."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.connection import db
from app.database.ids import now
from app.database.models import JOB_KINDS, Download, Image
from app.jobs import Turn
from tests.samples import add_image

pytestmark = pytest.mark.usefixtures("app")


def add_page(url: str, client: str = "") -> Download:
    return jobs.add_download(url=url, limit=5, client=client)


def claimed(kind: type[Image] | type[Download], count: int, **turn: Any) -> list[str]:
    """Claim so many jobs, the clients in turn; return their URLs."""
    urls = []
    for _ in range(count):
        job = jobs.claim(kind, "me", Turn(**turn))
        assert job
        turn["after"] = job.client
        urls.append(job.source_url if isinstance(job, Image) else job.url)
    return urls


def test_clients_take_turns_and_each_has_its_oldest_first() -> None:
    jobs.add_images([f"https://a/{n}" for n in range(4)], client="a")
    jobs.add_images([f"https://b/{n}" for n in range(2)], client="b")
    jobs.add_images(["https://c/0"], client="c")

    assert claimed(Image, 7) == [
        *("https://a/0", "https://b/0", "https://c/0"),
        *("https://a/1", "https://b/1", "https://a/2", "https://a/3"),
    ]


def test_nobodys_hundred_thousand_jobs_delay_anothers_first() -> None:
    jobs.add_images([f"https://a/{n}" for n in range(100_000)], client="a")
    add_image("https://b/0", client="b")

    assert "https://b/0" in claimed(Image, 2)


def test_a_page_of_another_site_goes_before_those_of_a_crowded_one() -> None:
    for number in range(9):
        add_page(f"https://slow.example/{number}", client="a")
    add_page("https://quick.example/", client="a")
    add_page("https://a.example/", client="b")

    others = {"https://quick.example/", "https://a.example/"}
    assert set(claimed(Download, 2, crowded=("slow.example",))) == others
    assert claimed(Download, 1, crowded=("slow.example",)) == ["https://slow.example/0"]


def test_a_job_stands_behind_those_of_other_clients_and_then_of_other_sites() -> None:
    turn = Turn(after="b", crowded=("other.example", "slow.example"), served=("a", "d"))
    assert jobs.least_rank(turn) is None
    urls = []
    for rank, client, site in (3, "a", "slow"), (2, "a", "quick"), (1, "b", "slow"), (0, "b", "z"):
        urls.insert(0, f"https://{site}.example/")
        add_page(urls[0], client)
        assert jobs.least_rank(turn) == rank
    add_image("https://slow.example/", client="c")
    assert jobs.least_rank(turn) == 0

    crowded, served = turn.crowded, turn.served
    assert claimed(Download, 4, crowded=crowded, served=served) == urls


def test_clients_that_hold_their_share_take_turns_over_what_is_left() -> None:
    for client in "aab":
        add_page(f"https://{client}.example/", client)
    urls = claimed(Download, 3, served=("a", "b"))

    assert urls == ["https://a.example/", "https://b.example/", "https://a.example/"]


def test_a_client_with_suspects_alone_holds_nobody_up() -> None:
    add_image("https://a/", client="a")
    add_image("https://b/", client="b")
    Image.update(crashes=1).where(Image.client == "a").execute()

    assert claimed(Image, 1, suspects=False) == ["https://b/"]
    assert jobs.claim(Image, "me", Turn(suspects=False)) is None
    assert claimed(Image, 1) == ["https://a/"]


def add(kind: type[Image] | type[Download], host: str) -> Download | Image:
    url = f"https://{host}/"
    return add_page(url) if kind is Download else add_image(url)


def held(kind: type[Image] | type[Download], host: str, seconds: float) -> Download | Image:
    """Add a job whose host has asked for a pause."""
    added = add(kind, host)
    job = jobs.claim(kind, "me", Turn(crowded=()))
    assert job
    assert job.id == added.id
    jobs.pause(job, host, now() + timedelta(seconds=seconds))
    return job


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_a_job_is_not_claimed_before_the_pause_of_its_host_is_over(
    kind: type[Image] | type[Download],
) -> None:
    later, over = held(kind, "later", 60), held(kind, "over", -1)
    jobs.end_pauses()

    [url] = claimed(kind, 1)
    assert url == "https://over/"
    assert jobs.claim(kind, "me") is None
    row = jobs.get(kind, later.id)
    assert row.waiting_for == "later"
    assert row.due_at
    assert jobs.get(kind, over.id).waiting_for is None


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_a_pause_of_more_than_five_minutes_is_a_clock_that_was_set(
    kind: type[Image] | type[Download],
) -> None:
    held(kind, "a", 330)
    jobs.end_pauses()

    assert claimed(kind, 1) == ["https://a/"]


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_what_waits_for_a_pause_counts_as_waiting(kind: type[Image] | type[Download]) -> None:
    first = held(kind, "a", 60)
    second = add(kind, "b")

    assert jobs.count_queued(kind, 10) == 2
    assert jobs.count_queued(kind, 1) == 1
    assert jobs.queued_since(kind) == second.added_at
    jobs.cancel(first)
    assert jobs.count_queued(kind, 10) == 1
    jobs.end_pauses()
    assert claimed(kind, 1) == ["https://b/"]


@pytest.mark.sqlite
@pytest.mark.parametrize("kind", JOB_KINDS)
def test_a_claim_reads_along_indexes_however_much_waits(
    kind: type[Image] | type[Download], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[Any]]] = []
    run = db.execute_sql

    def execute(sql: str, parameters: Any = None, *rest: Any) -> Any:
        asked.append((sql, parameters))
        return run(sql, parameters, *rest)

    add_page("https://a/", client="a")
    add_image("https://a/", client="a")
    monkeypatch.setattr(db.obj, "execute_sql", execute)
    jobs.first_claimable(kind, Turn(after="a", crowded=("a",), served=("a", "b")))
    jobs.first_claimable(kind, Turn(suspects=False))
    Image.update(crashes=1).execute()
    Download.update(crashes=1).execute()
    jobs.first_claimable(kind, Turn(suspects=False))
    asked[:] = [ask for ask in asked if ask[0].startswith("SELECT")]
    jobs.end_pauses()

    assert len(asked) >= 10
    for sql, parameters in asked:
        steps = [row[3] for row in run(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        steps = [step for step in steps if step != "MULTI-INDEX OR"]
        assert all("INDEX " in step and "TEMP B-TREE" not in step for step in steps), (sql, steps)


def test_a_client_is_known_by_its_address_and_keeps_its_jobs_when_they_are_tried_again(
    client: FlaskClient,
) -> None:
    def add(path: str, address: str) -> None:
        body = {"url": "https://example.com/"}
        client.post(path, json=body, environ_base={"REMOTE_ADDR": address})

    for path in "/download", "/images":
        add(path, "192.0.2.1")
        add(path, "2001:db8::1")
    for kind in JOB_KINDS:
        assert [job.client for job in kind.select().order_by(kind.id)] == [
            "192.0.2.1",
            "2001:db8::/64",
        ]
    assert jobs.repeat(Download.select().order_by(Download.id).get()).client == "192.0.2.1"
