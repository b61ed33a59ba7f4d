"""What the migrations make of the rows that are there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playhouse.migrations import Runner

from app import jobs
from app.database import sqlite
from app.database.models import Delivery, Image
from app.database.sqlite import db

OLD = "INSERT INTO image (id, status, added_at, attempts, crashes, source_url)"


@pytest.fixture
def first_release(tmp_path: Path) -> Iterator[None]:
    """A database as the first release made it."""
    sqlite.use(tmp_path / "old.db")
    Runner(db, sqlite.MIGRATIONS).up("0001_downloads_and_images")
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
    sqlite.migrate()

    assert {image.source_url: image.site for image in Image.select()} == urls
    assert [row.site for row in jobs.page(Image, 9, site="example.com")] == ["example.com"]


@pytest.mark.usefixtures("first_release")
def test_what_the_first_release_accepted_ends_and_nobody_is_told() -> None:
    db.execute_sql(f"{OLD} VALUES (?, 'queued', 0, 0, 0, 'https://a/')", (f"{1:032x}",))
    sqlite.migrate()
    image = jobs.claim(Image, "me")
    assert image
    jobs.finish(image)

    assert Image.get().status == "finished"
    assert not Delivery.select().exists()
