"""The list of images at row 10,000,000 beside its first page, and beside raw sqlite3 and orjson.

Asked is the application itself, without a server between: request log, routing, SQL, documents and
JSON. Far pages are other ones each time, among the last hundredth of a list, so that no cache is
warm for them alone. The raw side runs the same query, makes the same documents of its rows, and
has to come to the same bytes. To insert the rows takes minutes; ROWS=100000 takes fewer.
"""

import json
import os
import random
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from app.database.connection import db
from app.database.ids import first_id
from app.database.models import Download, Image, Status
from app.jobs import page
from app.jobs.lists import END, _page
from app.settings import Settings
from bench import Cost, compare

ROWS = int(os.environ.get("ROWS", 10_000_000))
TURN = 20  # requests
ROUNDS = 15
OFTEN, SITE = "https://often.example/a.png", "often.example"
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
INSERT = """INSERT INTO image (id, status, added_at, finished_at, attempts, crashes, download_id,
    source_url, site, content_type, width, height, bytes, sha256, error_code, error_detail)
    VALUES (?, ?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
COLUMNS = (
    *("id", "status", "error_code", "source_url", "content_type", "width", "height", "bytes"),
    *("sha256", "added_at", "finished_at", "download_id", "error_detail", "due_at", "waiting_for"),
)
EQUAL = {"status", "download_id", "source_url", "site"}

Query = dict[str, Any]


def fill(download: Download) -> None:
    """Insert the rows in the order of their ids, as they come in life, a millisecond apart."""

    def row(number: int) -> tuple[Any, ...]:
        moment = BEGIN + timedelta(milliseconds=number)
        row_id = UUID(int=first_id(moment).int | 7 << 76 | 2 << 62 | number).hex
        added = Image.added_at.db_value(moment)
        if number % 10:
            site = f"site-{number % 7}.example"
            url = f"https://{site}/{number}.png"
            facts = ("image/png", 640, 480, 123456, f"{number:064x}", None, None)
            return (row_id, Status.FINISHED, added, added + 1000, None, url, site, *facts)
        facts = (None, None, None, None, None, "origin-status", "the origin answered 404")
        return (row_id, Status.FAILED, added, added + 1000, download.id.hex, OFTEN, SITE, *facts)

    connection = db.connection()
    names = "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'image' AND sql LIKE '%INDEX%'"
    indexes = connection.execute(names).fetchall()
    with db.atomic():  # indexes made at the end are the same, and sooner there
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.executemany(INSERT, map(row, range(ROWS)))
        for _, sql in indexes:
            connection.execute(sql)


class Service:
    """The application as a server would call it."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def get(self, query: Query) -> bytes:
        """Get a page of the list."""
        environ = EnvironBuilder(path="/images", query_string=urlencode(query)).get_environ()
        return self.answer(environ)

    def answer(self, environ: dict[str, Any]) -> bytes:
        """Answer a request."""
        pieces, status, _ = run_wsgi_app(self._app.wsgi_app, environ)
        body = b"".join(pieces)
        if not status.startswith("200"):
            raise SystemExit(f"{status}: {body!r}")
        return body

    def turn(self, queries: list[Query]) -> Cost:
        """Get some pages; return what one costs."""
        environs = [
            EnvironBuilder(path="/images", query_string=urlencode(query)).get_environ()
            for query in queries
        ]
        return cost(self.answer, environs)


class Raw:
    """The same pages by the shortest way: sqlite3, a loop and orjson."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)

    def get(self, query: Query) -> bytes:
        """Get a page of the list."""
        where = {name: value for name, value in query.items() if name in EQUAL}
        cursor = query.get("cursor")
        last = UUID(str(cursor)) if cursor else END
        statement = _page(Image, tuple(where))
        sql = re.sub("SELECT .*? FROM", f"SELECT {', '.join(COLUMNS)} FROM", statement.sql)
        bounds = {"first": UUID(int=0), "last": last, "limit": 51}
        found = self._connection.execute(sql, statement.bind(bounds | where)).fetchall()
        images = [document(*row) for row in found[:50]]
        told = {"images": images, "next_cursor": images[-1]["id"] if len(found) > 50 else None}
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)

    def turn(self, queries: list[Query]) -> Cost:
        """Get some pages; return what one costs."""
        return cost(self.get, queries)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def document(
    image_id: str,
    status: str,
    code: str | None,
    source_url: str,
    content_type: str | None,
    width: int | None,
    height: int | None,
    size: int | None,
    sha256: str | None,
    added_at: int,
    finished_at: int,
    download_id: str | None,
    detail: str | None,
    due_at: int | None,
    waiting_for: str | None,
) -> dict[str, Any]:
    """Say what a row says, as a script would write it."""
    image_id = str(UUID(image_id))
    error = {"type": f"/problems/{code}", "title": "Origin answered with an error"}
    return {
        "due_at": due_at and written(due_at),
        "waiting_for": waiting_for,
        "status": status,
        "error": {**error, "detail": detail} if code else None,
        "id": image_id,
        "source_url": source_url,
        "image_url": f"/images/{image_id}/content" if status == "finished" else None,
        "content_type": content_type,
        "width": width,
        "height": height,
        "bytes": size,
        "sha256": sha256,
        "added_at": written(added_at),
        "completed_at": written(finished_at),
        "download_id": str(UUID(download_id)) if download_id else None,
    }


def written(microseconds: int) -> str:
    """Write a time."""
    moment = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cost(get: Callable[[Any], bytes], queries: list[Any]) -> Cost:
    """Get some pages; return what one costs."""
    cpu, wall = time.process_time(), time.perf_counter()
    for query in queries:
        get(query)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(cpu / len(queries), wall / len(queries))


def far(where: Query) -> Iterator[Query]:
    """Yield pages among the last hundredth of a list."""
    end = BEGIN + timedelta(milliseconds=ROWS // 100)
    cursors = [row.id for row in page(Image, 20_000, None, **where, added_before=end)][:-51]
    while True:
        yield where | {"cursor": random.choice(cursors)}


def main() -> None:
    """Compare the pages of the whole list, and those of each filter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = Service(create_app(Settings(storage_dir=folder)))
        download = Download.create(url="https://often.example/", limit=50)
        print(f"inserting {ROWS:,} rows", flush=True)
        fill(download)
        with closing(Raw(folder / "downloader.db")) as raw:
            for where in (
                {},
                {"status": Status.FAILED},
                {"download_id": download.id},
                {"source_url": OFTEN},
                {"site": SITE},
                {"status": Status.FAILED, "site": SITE},
                {"status": Status.FAILED, "source_url": OFTEN},
                {"added_before": "2999-01-01T00:00:00Z"},
            ):
                measure(service, raw, where)
        db.close()


def measure(service: Service, raw: Raw, where: Query) -> None:
    """Compare a far page with the first one, and with the raw way to it."""
    pages = far({name: value for name, value in where.items() if name != "added_before"})
    for query in where, where | next(pages):
        if service.get(query) != raw.get(query) or len(json.loads(raw.get(query))["images"]) != 50:
            raise SystemExit(f"not the same page: {query}")

    def side_by_side(one: tuple[str, Callable[[], Cost]], target: str) -> None:
        def turn() -> Cost:
            return service.turn([where | next(pages) for _ in range(TURN)])

        title = f"GET /images, {' and '.join(where) or 'all'}"
        compare(title, ROUNDS, one, (f"at row {ROWS:,}", turn), target)

    side_by_side(("first page", lambda: service.turn([where] * TURN)), "at most 1.2")
    side_by_side(
        ("raw, there too", lambda: raw.turn([where | next(pages) for _ in range(TURN)])),
        "at most 4",
    )


if __name__ == "__main__":
    main()
