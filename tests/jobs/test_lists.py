"""Lists of jobs: what they hold, and that each walks an index."""

import itertools
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from app.database.connection import db
from app.database.ids import EPOCH, first_id, new_id
from app.database.models import JOB_KINDS, Download, Image, Job, Status
from tests.samples import add_image

MOMENT = EPOCH + timedelta(days=20_000)
FILTERS: dict[type[Job], dict[str, Any]] = {
    Image: {
        "status": "failed",
        "download_id": UUID(int=1),
        "source_url": "https://example.com/a.png",
        "site": "example.com",
    },
    Download: {"status": "failed"},
}
BOUNDS = {"before": UUID(int=2), "added_after": MOMENT, "added_before": MOMENT}


def combinations(names: Any) -> Any:
    return itertools.chain.from_iterable(
        itertools.combinations(names, count) for count in range(len(names) + 1)
    )


@pytest.mark.sqlite
@pytest.mark.parametrize("kind", JOB_KINDS)
def test_each_combination_of_filters_walks_an_index(app: Flask, kind: type[Job]) -> None:
    asked: list[tuple[str, Any]] = []
    db.connection().set_trace_callback(lambda sql: asked.append(("sql", sql)))
    for names in combinations([*FILTERS[kind], *BOUNDS]):
        where = {name: ({**FILTERS[kind], **BOUNDS})[name] for name in names}
        jobs.page(kind, 51, **where)
    db.connection().set_trace_callback(None)

    assert len(asked) == 2 ** (len(FILTERS[kind]) + len(BOUNDS))
    for _, sql in asked:
        plan = [row[3] for row in db.execute_sql(f"EXPLAIN QUERY PLAN {sql}")]
        assert any("SEARCH" in step for step in plan), (sql, plan)
        assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan), (sql, plan)


def test_each_combination_finds_what_a_look_at_every_row_finds(app: Flask) -> None:
    downloads = [UUID(int=number) for number in range(3)]
    for each in downloads:
        Download.create(id=each, url="https://a/", limit=50)
    rows = []
    for number in range(600):
        url = f"https://{'ab'[number % 2]}.com/{number % 6}"
        rows.append(
            {
                "id": UUID(int=first_id(MOMENT + timedelta(milliseconds=number // 2)).int + number),
                "source_url": url,
                "site": f"{'ab'[number % 2]}.com",
                "download": downloads[number % 3],
                "status": list(Status)[number % 5],
            }
        )
    for start in range(0, 600, 100):
        Image.insert_many(rows[start : start + 100]).execute()
    asked = {
        "status": "failed",
        "download_id": downloads[1],
        "source_url": "https://b.com/1",
        "site": "b.com",
        "before": rows[500]["id"],
        "added_after": MOMENT + timedelta(milliseconds=30),
        "added_before": MOMENT + timedelta(milliseconds=240, microseconds=1),
    }
    holds = {
        "before": lambda row: row["id"] < asked["before"],
        "download_id": lambda row: row["download"] == asked["download_id"],
        "added_after": lambda row: row["id"] >= first_id(asked["added_after"]),
        "added_before": lambda row: row["id"] < first_id(asked["added_before"]),
        **{
            name: lambda row, name=name: row[name] == asked[name]
            for name in ("status", "source_url", "site")
        },
    }
    for names in combinations(asked):
        where = {name: asked[name] for name in names}
        expected = [str(row["id"]) for row in rows if all(holds[name](row) for name in names)]
        found = [str(image.id) for image in jobs.page(Image, 1000, **where)]
        assert found == expected[::-1], names


def test_a_site_that_is_not_that_of_the_url_has_no_such_images(app: Flask) -> None:
    add_image("https://a.com/1")

    assert jobs.page(Image, 9, source_url="https://a.com/1", site="a.com")
    assert not jobs.page(Image, 9, source_url="https://a.com/1", site="b.com")


@pytest.mark.sqlite
def test_a_client_sees_each_survivor_once_while_another_adds_and_deletes(
    client: FlaskClient,
) -> None:
    count, step = 100_000, 200
    insert = (
        "INSERT INTO image (id, status, added_at, attempts, crashes, source_url, site)"
        " VALUES (?, 'finished', 0, 1, 0, 'https://a.com/', 'a.com')"
    )
    there = [new_id() for _ in range(count)]
    db.connection().execute("BEGIN")
    db.connection().executemany(insert, [(one.hex,) for one in there])
    db.connection().commit()
    deleted = there[:: count // 2000]
    turn, walked = threading.Semaphore(0), threading.Event()

    def come_and_go() -> None:
        for start in itertools.count():
            turn.acquire()
            if walked.is_set():
                break
            with db.atomic():
                db.connection().executemany(insert, [(new_id().hex,) for _ in range(step)])
                gone = deleted[start * 5 : start * 5 + 5]
                Image.delete().where(Image.id.in_(gone)).execute()
        db.close()

    other = threading.Thread(target=come_and_go)
    other.start()
    seen: list[str] = []
    cursor = str(UUID(int=(1 << 128) - 1))
    try:
        while cursor:
            answer = client.get(f"/images?limit={step}&cursor={cursor}").json
            turn.release()  # what the other does falls anywhere between the pages that follow
            seen += [image["id"] for image in answer["images"]]
            cursor = answer["next_cursor"]
    finally:
        walked.set()
        turn.release()
        other.join()

    survivors = {str(one) for one in there} - {str(one) for one in deleted}
    assert len(seen) == len(set(seen))
    assert survivors <= set(seen) <= {str(one) for one in there}
