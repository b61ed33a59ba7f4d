"""What rows in PostgreSQL cost: claims by two processes, pages of a long list, and new jobs.

The server runs beside it, on this machine. ROWS=100000 makes a shorter list.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from statistics import median
from typing import Any
from uuid import uuid4

from app import jobs
from app.database.connection import db
from app.database.models import Download, Image, Status
from app.jobs import page
from bench.lists import OFTEN, SITE, far
from tests.postgresql import ON_POSTGRESQL, Postgresql, empty, use_postgresql

QUEUED, SEATS = 20_000, 8
ROWS = int(os.environ.get("ROWS", 1_000_000))
PAGES, CLIENTS, POSTS = 200, 16, 50
# Like those of bench.lists: in the order of their ids, a millisecond apart, each tenth one failed.
FILL = """
    INSERT INTO image (id, status, added_at, finished_at, attempts, crashes, download_id,
        source_url, site, content_type, width, height, bytes, sha256, error_code, error_detail)
    SELECT (lpad(to_hex(%(begin)s + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
        CASE n %% 10 WHEN 0 THEN 'failed' ELSE 'finished' END,
        (%(begin)s + n) * 1000, (%(begin)s + n) * 1000 + 1000, 1, 0,
        CASE n %% 10 WHEN 0 THEN %(download)s::uuid END,
        CASE n %% 10 WHEN 0 THEN %(url)s
            ELSE 'https://site-' || n %% 7 || '.example/' || n || '.png' END,
        CASE n %% 10 WHEN 0 THEN %(site)s ELSE 'site-' || n %% 7 || '.example' END,
        'image/png', 640, 480, 123456, lpad(to_hex(n), 64, '0'), NULL, NULL
    FROM generate_series(0, %(rows)s - 1) AS n
"""


def claims(url: str) -> None:
    """Have two processes with eight seats each claim what waits."""
    for number in range(20):
        urls = (f"https://{n % 7}.example/" for n in range(QUEUED // 20))
        jobs.add_images(urls, client=f"client{number}")
    db.disconnect()
    command = [sys.executable, "-m", "tests.jobs.racer", url, "claim", str(SEATS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for racer in racers:
        racer.stdin.write(json.dumps([str(uuid4()) for _ in range(SEATS)]) + "\n")
        racer.stdin.flush()
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    told = [json.loads(racer.communicate()[0]) for racer in racers]
    seconds = time.perf_counter() - began
    claimed = [job for seats in told for seat in seats for job in seat]
    print(f"\n{QUEUED:,} jobs claimed by {2 * SEATS} seats in two processes")
    print(f"  {len(claimed):,} claims, {len(claimed) - len(set(claimed))} of a job twice")
    print(f"  {len(claimed) / seconds:,.0f} claims a second   at least 500", flush=True)


def p50(act: Callable[[Any], object], arguments: list[Any]) -> float:
    """Return the median of what calls take, in milliseconds."""
    taken = []
    for argument in arguments:
        began = time.perf_counter()
        act(argument)
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def lists() -> None:
    """Ask for first and far pages by each filter."""
    download = Download.create(url="https://often.example/", limit=50)
    begin = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
    wanted = {"begin": begin, "download": download.id, "url": OFTEN, "site": SITE, "rows": ROWS}
    db.execute_sql(FILL, wanted)
    db.execute_sql("ANALYZE")
    print(f"\nGET /images of {ROWS:,}, the rows of 50{'first':>22}{'far':>10}   p50, at most 1 ms")
    for where in (
        {},
        {"status": Status.FAILED},
        {"download_id": download.id},
        {"source_url": OFTEN},
        {"site": SITE},
        {"status": Status.FAILED, "site": SITE},
        {"status": Status.FAILED, "source_url": OFTEN},
    ):

        def ask(query: dict[str, Any]) -> None:
            rows = page(Image, 50, query.pop("cursor", None), **query)
            assert len(rows) == 50

        def first(where: dict[str, Any] = where) -> list[dict[str, Any]]:
            return [dict(where) for _ in range(PAGES)]

        there = list(islice(far(where), PAGES))
        p50(ask, first())  # warm
        name = " and ".join(where) or "all"
        print(f"  {name:46}{p50(ask, first()):8.2f} ms{p50(ask, there):7.2f} ms", flush=True)


def at_once(act: Callable[[], None]) -> float:
    """Have clients act again and again; return the median of what each time takes, in ms."""

    def client(_: int) -> list[float]:
        taken = []
        for _ in range(POSTS):
            began = time.perf_counter()
            act()
            taken.append(time.perf_counter() - began)
        db.close()
        return taken

    with ThreadPoolExecutor(CLIENTS) as pool:
        return median(each for taken in pool.map(client, range(CLIENTS)) for each in taken) * 1000


def new_jobs(url: str) -> None:
    """Compare a new job with the INSERT of its row alone, each committed, in one process.

    `bench.accept` has the whole request.
    """
    import psycopg

    def add() -> None:
        jobs.add_download(url="https://often.example/", limit=50)
        db.give_back()

    row = Download.create(url="https://often.example/", limit=50)
    columns = {field.column_name: field.db_value(getattr(row, name)) for name, field in FIELDS}
    names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO download ({names}) VALUES ({places})"
    connections = [psycopg.connect(url) for _ in range(CLIENTS)]

    @contextmanager
    def connection() -> Iterator[Any]:
        taken = connections.pop()
        yield taken
        connections.append(taken)

    def insert() -> None:
        with connection() as own:
            own.execute(statement, [*(columns | {"id": uuid4()}).values()])
            own.commit()

    at_once(insert), at_once(add)  # warm
    rounds = [(at_once(insert), at_once(add)) for _ in range(7)]
    plain, row_of_job = (median(side) for side in zip(*rounds, strict=True))
    print(f"\n{CLIENTS} clients at once, each time with a commit{'p50':>17}{'ratio':>10}")
    print(f"  plain INSERT {plain:44.2f} ms")
    ratio = median(add / insert for insert, add in rounds)
    print(f"  the job of a POST {row_of_job:39.2f} ms{ratio:7.2f}", flush=True)


FIELDS = Download._meta.fields.items()


def main() -> None:
    """Print all three."""
    if not ON_POSTGRESQL:  # psycopg can be imported where that is known before the application is
        command = [sys.executable, "-m", "bench.postgresql"]
        rows = {"POSTGRESQL": "1", "DOWNLOADER_DATABASE_URL": ""}
        os.execve(command[0], command, os.environ | rows)
    with Postgresql() as server:
        use_postgresql(server.url)
        claims(server.url)
        use_postgresql(server.url)
        empty()
        new_jobs(server.url)
        use_postgresql(server.url)
        empty()
        lists()
        db.disconnect()


if __name__ == "__main__":
    main()
