"""A database that another holds, that is full, or that is damaged."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import OperationalError

from app import jobs
from app.database import sqlite
from app.database.connection import db
from app.database.models import JOB_KINDS, TABLES, Image
from app.errors import ConfigurationError
from app.storage import Storage
from app.worker.tasks import Tasks
from tests.disk import SmallDisk
from tests.samples import add_image, picture
from tests.site import Reply, Site

Work = Callable[[], int]
ASKS = [("/images", "http://example.com/a.png"), ("/download", "http://example.com/")]


class Holder:
    """Another program that writes to the database and takes its time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def hold(self, how: str = "EXCLUSIVE") -> None:
        self._connection.execute(f"BEGIN {how}")

    def let_go(self) -> None:
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def holder(storage: Storage) -> Iterator[Holder]:
    with closing(Holder(storage.database)) as holder:
        yield holder


@pytest.fixture
def impatient(app: Flask) -> None:
    """Do not wait ten seconds for another, as the service does."""
    db.pragma("busy_timeout", 20)


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
@pytest.mark.usefixtures("impatient")
def test_who_waited_too_long_is_asked_to_come_back(
    client: FlaskClient, holder: Holder, how: str
) -> None:
    holder.hold(how)
    for path, url in ASKS:
        answer = client.post(path, json={"url": url})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert client.get(path).status_code == 200
    holder.let_go()

    for path, url in ASKS:
        assert client.post(path, json={"url": url}).status_code == 202
    assert [kind.select().count() for kind in JOB_KINDS] == [1, 1]


@pytest.mark.usefixtures("app")
def test_who_has_a_client_asks_for_the_turn_each_millisecond(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            holder.let_go()

    monkeypatch.setattr("app.database.sqlite.time.sleep", pause)
    holder.hold()
    with db.soon():
        assert db.in_transaction()

    assert pauses == [0.001] * 3
    assert db.pragma("busy_timeout") == 10_000


@pytest.mark.usefixtures("impatient")
def test_who_has_a_client_does_not_ask_forever(holder: Holder) -> None:
    holder.hold()
    with pytest.raises(OperationalError), db.soon():
        pass
    holder.let_go()

    assert not db.in_transaction()
    assert db.pragma("busy_timeout") == 20


def test_a_request_waits_for_its_turn(client: FlaskClient, holder: Holder) -> None:
    holder.hold()
    timer = threading.Timer(0.2, holder.let_go)
    timer.start()
    path, url = ASKS[0]

    answer = client.post(path, json={"url": url})

    assert answer.status_code == 202
    timer.join()


@pytest.mark.usefixtures("impatient")
def test_a_job_that_cannot_be_claimed_stays_in_the_queue(
    site: Site, holder: Holder, work: Work
) -> None:
    image = add_image(site.file("/a.png", picture()))
    holder.hold()
    with pytest.raises(OperationalError, match="locked"):
        work()
    holder.let_go()

    assert work() == 1
    assert jobs.get(Image, image.id).attempts == 1
    assert site.asked("/a.png") == 1


@pytest.mark.usefixtures("impatient")
def test_a_job_whose_end_the_database_did_not_take_is_done_again(
    site: Site, holder: Holder, tasks: Tasks, storage: Storage
) -> None:
    image = add_image(site.url("/a.png"))
    site.replies["/a.png"] = lambda: (holder.hold(), Reply(picture(), "image/png"))[1]
    for turn in lambda: tasks.turn(JOB_KINDS), tasks.rescue:
        with pytest.raises(OperationalError, match="locked"):
            turn()
    assert jobs.get(Image, image.id).status == "running"

    holder.let_go()
    site.file("/a.png", picture())
    tasks.rescue()
    assert tasks.turn(JOB_KINDS)
    assert not tasks.turn(JOB_KINDS)
    assert jobs.get(Image, image.id).status == "finished"
    assert [entry[1:] for entry in storage.walk("images")] == [(image.id, 2)]


def test_a_full_database_takes_nothing_and_works_again_with_more_room(
    client: FlaskClient, app: Flask
) -> None:
    url = "http://example.com/" + "a" * 1000
    db.pragma("max_page_count", db.pragma("page_count"))
    answers = [client.post("/images", json={"url": url}) for _ in range(9)]

    accepted = [answer.status_code for answer in answers].count(202)
    assert answers[-1].status_code == 507
    assert answers[-1].json["type"] == "/problems/storage-full"
    assert len(client.get("/images").json["images"]) == accepted

    db.pragma("max_page_count", 1 << 30)
    assert client.post("/images", json={"url": url}).status_code == 202


def spoil(path: Path) -> None:
    """Write over a page in the middle."""
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xa5" * 4096)


@pytest.mark.parametrize("damage", [spoil, lambda path: path.write_bytes(b"no database" * 999)])
def test_a_damaged_database_is_refused_with_what_to_do(
    app: Flask, storage: Storage, damage: Callable[[Path], None]
) -> None:
    for number in range(100):
        add_image(f"http://example.com/{number}")
    db.close()
    damage(storage.database)

    with pytest.raises(ConfigurationError, match=r"is damaged \(.*\): restore a backup"):
        db.check()


RECOVER = """
import sys
from pathlib import Path
from app import jobs
from app.database import sqlite
from app.database.connection import db

sqlite.use(Path(sys.argv[1]))
for temp_store in sys.argv[2:]:
    db.pragma("temp_store", int(temp_store))
print(jobs.recover(lambda name: False, 3))
"""


def test_a_full_folder_for_temporary_files_stops_nothing(
    app: Flask, storage: Storage, small_disk: SmallDisk
) -> None:
    """To hand back 5,000 jobs, SQLite keeps the old rows aside until the last has changed."""
    jobs.add_images(["https://a.example/"] * 5000)
    Image.update(status="running", claimed_by="dead").execute()
    small_disk.fill()

    def recover(*temp_store: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", RECOVER, str(storage.database), *temp_store]
        environment = os.environ | {"SQLITE_TMPDIR": str(small_disk.path)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert "database or disk is full" in recover("0").stderr  # as SQLite would have it
    assert recover().stdout == "5000\n"


def test_a_database_that_ends_with_its_process_writes_no_log_and_undoes_all_the_same(
    tmp_path: Path,
) -> None:
    sqlite.use(tmp_path / "rows.db", durable=False)
    with db.connection_context():
        db.create_tables(TABLES)
        with db.atomic() as transaction:
            add_image("http://example.com/a.png")
            assert [path.name for path in tmp_path.iterdir()] == ["rows.db"]
            transaction.rollback()

        assert Image.select().count() == 0
