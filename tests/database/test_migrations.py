"""What the migrations make of the rows that are there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playhouse.migrations import Runner

from app import jobs
from app.database import sqlite
from app.database.connection import MIGRATIONS, db
from app.database.models import CLAIMABLE, Delivery, Image, Usage
from app.errors import ConfigurationError

OLD = "INSERT INTO image (id, status, added_at, attempts, crashes, source_url)"


@pytest.fixture
def first_release(tmp_path: Path) -> Iterator[None]:
    """A database as the first release made it."""
    sqlite.use(tmp_path / "old.db")
    Runner(db, MIGRATIONS).up("0001_downloads_and_images")
    yield
    db.close()


@pytest.mark.usefixtures("first_release")
def test_images_of_the_first_release_get_their_site() -> None:
    urls = {
        "https://User@Example.COM:8443/a.png?b#c": "example.com",
        "data:image/png;base64,AAAA": None,
        "": None,
        "http://[::1]/": "[::1]",
    }
    for number, url in enumerate(urls):
        db.execute_sql(f"{OLD} VALUES (?, 'finished', 0, 1, 0, ?)", (f"{number:032x}", url))
    db.migrate()

    assert {image.source_url: image.site for image in Image.select()} == urls
    assert [row.site for row in jobs.page(Image, 9, site="example.com")] == ["example.com"]


@pytest.mark.usefixtures("first_release")
def test_what_the_first_release_accepted_ends_and_nobody_is_told() -> None:
    db.execute_sql(f"{OLD} VALUES (?, 'queued', 0, 0, 0, 'https://a/')", (f"{1:032x}",))
    db.migrate()
    image = jobs.claim(Image, "me")
    assert image
    jobs.finish(image)

    assert Image.get().status == "finished"
    assert not Delivery.select().exists()


def test_what_a_process_had_claimed_before_an_upgrade_is_handed_back(tmp_path: Path) -> None:
    sqlite.use(tmp_path / "old.db")
    Runner(db, MIGRATIONS).up("0005_tally")
    common = "id, status, owner, added_at, attempts, crashes"
    own = {
        "download": (
            'url, "limit", min_width, min_height, manifest, dry_run',
            "'https://a/'" + ", 0" * 5,
        ),
        "image": ("source_url", "'https://a/'"),
        "delivery": ("job_id, url, host, body, due_at", f"'{0:032x}', 'https://a/', 'a', '', 0"),
    }
    for table, (columns, values) in own.items():
        for number, claim in enumerate([("running", "dead"), ("finished", None)]):
            db.execute_sql(
                f"INSERT INTO {table} ({common}, {columns}) VALUES (?, ?, ?, 0, 1, 0, {values})",
                (f"{number:032x}", *claim),
            )
    db.migrate()

    assert [job.claimed_by for kind in CLAIMABLE for job in kind.select()] == ["dead", None] * 3
    assert jobs.recover(lambda process: False, crashes_allowed=3) == 3
    assert {job.status for kind in CLAIMABLE for job in kind.select()} == {"queued", "finished"}
    db.close()


def test_what_is_stored_already_counts_for_its_clients(tmp_path: Path) -> None:
    sqlite.use(tmp_path / "stored.db")
    Runner(db, MIGRATIONS).up("0013_receivers")
    jobs = (
        ("download", {"id": "d", "status": "finished", "client": "me", "url": "x", "limit": 1}),
        ("image", {"id": "i", "status": "finished", "client": None, "bytes": 5}),
        ("image", {"id": "j", "status": "finished", "bytes": 7, "download_id": "d"}),
        ("image", {"id": "k", "status": "failed", "client": "me", "download_id": "d"}),
    )
    needed = {"added_at": 0, "attempts": 1, "crashes": 0}
    asked = {
        "download": dict.fromkeys(
            ("min_width", "min_height", "min_bytes", "manifest", "dry_run"), 0
        ),
        "image": {"source_url": "x"},
    }
    for table, about in jobs:
        row = {**needed, **asked[table], **about}
        places = ", ".join("?" for _ in row)
        names = ", ".join(f'"{name}"' for name in row)
        db.execute_sql(f"INSERT INTO {table} ({names}) VALUES ({places})", list(row.values()))
    db.migrate()

    assert dict(Usage.select(Usage.client, Usage.bytes).tuples()) == {"": 5, "me": 14}
    db.close()


def test_a_database_of_a_newer_release_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    sqlite.use(tmp_path / "newer.db")
    Runner(db, MIGRATIONS).up("0005_tally")
    later = "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')"
    db.execute_sql(later)

    with pytest.raises(ConfigurationError, match=r"newer release.*9999_later.*install .*restore"):
        db.migrate()

    assert "owner" in {column.name for column in db.get_columns("image")}
    db.close()
