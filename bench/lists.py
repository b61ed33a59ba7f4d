"""The list of images, its first page beside pages in the middle of 1,000,000 rows.

Asked is the application itself, without a server between: routing, SQL, schema and JSON. Those in
the middle are other pages each time, so that no cache is warm for them alone.
"""

import random
import tempfile
import time
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from app import create_app
from app.database import db
from app.models import Download, Image, Status, new_id, now
from app.settings import Settings
from bench import Cost, compare

ROWS = 1_000_000
TURN = range(20)  # requests
URL = "https://example.com/often.png"


def fill(download: Download) -> None:
    """Insert the rows in the order of their ids, as they come in life."""
    values = "id, download_id, source_url, status, added_at, finished_at, attempts, crashes"
    moment = Image.added_at.db_value(now())
    rows = (
        (
            new_id().hex,
            None if number % 10 else download.id.hex,
            f"https://example.com/{number}.png" if number % 10 else URL,
            Status.FINISHED if number % 10 else Status.FAILED,
            moment,
            moment,
            1,
            0,
        )
        for number in range(ROWS)
    )
    with db.atomic():
        insert = f"INSERT INTO image ({values}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        db.connection().executemany(insert, rows)


def ask(client: FlaskClient, queries: list[dict[str, Any]]) -> Cost:
    """Get some pages; return what one costs."""
    cpu, wall = time.process_time(), time.perf_counter()
    for query in queries:
        answer = client.get("/images", query_string=query)
        if answer.status_code != 200 or len(answer.json["images"]) != 50:
            raise SystemExit(f"no full page: {answer.text}")
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(cpu / len(TURN), wall / len(TURN))


def main() -> None:
    """Compare the pages of the whole list, and those of each filter."""
    with tempfile.TemporaryDirectory() as folder:
        client = create_app(Settings(storage_dir=Path(folder))).test_client()
        download = Download.create(
            url="https://example.com/", limit=50, min_width=0, min_height=0, manifest=False
        )
        print(f"inserting {ROWS:,} rows", flush=True)
        fill(download)
        half = Image.select(Image.id).order_by(Image.id).offset(ROWS // 4).limit(ROWS // 2)
        cursors = [row_id for (row_id,) in half.tuples()]

        def side_by_side(**where: Any) -> None:
            def middle() -> Cost:
                return ask(client, [where | {"cursor": random.choice(cursors)} for _ in TURN])

            compare(
                f"GET /images, {' '.join(where) or 'all'}",
                15,
                ("first page", lambda: ask(client, [where for _ in TURN])),
                ("in the middle", middle),
                "near 1",
            )

        side_by_side()
        side_by_side(status=Status.FINISHED)
        side_by_side(download_id=download.id)
        side_by_side(source_url=URL)
        db.close()


if __name__ == "__main__":
    main()
