"""PostgreSQL: what it does otherwise than SQLite, and what becomes of its errors."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import OperationalError

from app import jobs
from app.database.connection import Database, db
from app.database.ids import new_id
from app.database.models import Download, Image
from app.errors import ConfigurationError
from app.pictures.picture import Picture
from tests.postgresql import ON_POSTGRESQL, use_postgresql
from tests.samples import add_image

pytestmark = pytest.mark.skipif(not ON_POSTGRESQL, reason="runs by `make test-cluster`")


@pytest.fixture
def rows(app: Flask) -> Iterator[Database]:
    yield db
    db.close()


def test_a_second_start_waits_for_the_migrations_of_the_first(database_url: str) -> None:
    started: list[int] = []

    def start() -> None:
        db.migrate()
        started.append(1)
        db.close()

    with db.atomic():
        db.lock("migration")
        other = threading.Thread(target=start)
        other.start()
        other.join(0.2)
        assert not started
    other.join(30)
    assert started


def test_text_with_a_nul_is_kept_without_it_and_found_by_nobody(
    client: FlaskClient, rows: Database
) -> None:
    download = jobs.add_download(url="https://a/", limit=50)
    claimed = jobs.claim(Download, "me")
    assert claimed
    jobs.add_found(claimed, 1, [Picture(["https://a/b"], "img", alt="a\0b")])

    assert [image.alt for image in Image.select()] == ["a\ufffdb"]
    assert client.get("/images?source_url=https://a/b%00").json["images"] == []
    assert client.get(f"/download/{download.id}/status").json["images"][0]["alt"] == "a\ufffdb"


def test_text_sorts_as_in_sqlite(rows: Database) -> None:
    sites = ["a.b", "B", "a-b", "é", "ab", "Z", "a", "\U0010ffff"]
    for site in sites:
        Image.create(source_url="https://a/", site=site)

    assert [image.site for image in Image.select().order_by(Image.site)] == sorted(sites)


def test_a_snapshot_changes_with_each_commit_of_others(rows: Database) -> None:
    before = db.version()
    assert db.version() == before

    def add() -> None:
        add_image("https://a/")
        db.close()

    other = threading.Thread(target=add)
    other.start()
    other.join()
    assert db.version() != before


def end_connections() -> None:
    """End all connections but ours, as a restart of the server does."""
    db.execute_sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


def test_connections_that_ended_while_nobody_used_them_are_replaced(
    client: FlaskClient, rows: Database
) -> None:
    together = threading.Barrier(8)

    def ask() -> None:
        db.execute_sql("SELECT 1")
        together.wait(30)  # each holds one of its own
        db.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end_connections()

    assert {client.get("/images").status_code for _ in range(20)} == {200}


def test_a_connection_that_ends_in_the_middle_is_a_matter_of_a_moment(
    client: FlaskClient, rows: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(*_: object, **__: object) -> None:
        pid = db.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
        ender = threading.Thread(target=end, args=[pid])
        ender.start()
        ender.join()
        db.execute_sql("SELECT 1")

    def end(pid: int) -> None:
        db.execute_sql("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        db.close()

    with monkeypatch.context() as patch:
        patch.setattr("app.jobs.add_images", add)
        answer = client.post(
            "/images", json={"url": "https://a/"}, headers={"Idempotency-Key": "a"}
        )
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")

    assert client.post("/images", json={"url": "https://a/"}).status_code == 202


def test_a_connection_that_ends_before_a_shared_commit_is_a_matter_of_a_moment(
    rows: Database,
) -> None:
    def end() -> None:
        end_connections()
        db.close()

    def add() -> None:
        with db.soon():
            other = threading.Thread(target=end)
            other.start()
            other.join()
            Image.insert(id=new_id(), source_url="https://a/").execute()

    with pytest.raises(OperationalError):
        add()
    db.give_back()

    add_image("https://a/")
    assert Image.select().count() == 1


def test_a_server_that_is_not_there_is_a_matter_of_a_moment(
    client: FlaskClient, database_url: str
) -> None:
    db.disconnect()
    use_nowhere()
    try:
        answers = [client.get("/images") for _ in range(3)]
    finally:
        use_postgresql(database_url)

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"2"}


def use_nowhere() -> None:
    from app.database import postgres

    postgres.use("postgresql://u:hush@127.0.0.1:9/app", connections=4)


def test_more_threads_than_connections_wait_for_one(rows: Database, database_url: str) -> None:
    from app.database import postgres

    db.close_all()  # type: ignore[attr-defined]  # those of threads of other tests, too
    postgres.use(database_url, connections=1)
    done: list[int] = []

    def ask() -> None:
        db.execute_sql("SELECT 1")
        done.append(1)
        db.close()

    db.connect()
    other = threading.Thread(target=ask)
    other.start()
    other.join(0.2)
    assert not done
    db.close()
    other.join(30)
    assert done


@pytest.mark.parametrize(
    ("setting", "said"), [("fsync", "fsync off"), ("server_encoding", "create it with UTF8")]
)
def test_a_server_that_cannot_be_relied_on_is_refused(
    rows: Database, monkeypatch: pytest.MonkeyPatch, setting: str, said: str
) -> None:
    db.check()
    run = db.execute_sql
    monkeypatch.setattr(
        db.obj,  # type: ignore[attr-defined]
        "execute_sql",
        lambda sql, *rest: run(sql.replace(f"current_setting('{setting}')", "'off'"), *rest),
    )

    with pytest.raises(ConfigurationError, match=said):
        db.check()


def test_a_url_that_postgresql_does_not_take_is_not_repeated() -> None:
    from app.database import postgres

    with pytest.raises(ConfigurationError, match="DOWNLOADER_DATABASE_URL") as raised:
        postgres.use("postgresql://u:hush@h/a?nothing=known", connections=1)
    assert "hush" not in str(raised.value)


def test_a_read_only_server_is_told_from_a_busy_one(client: FlaskClient, rows: Database) -> None:
    db.execute_sql("SET default_transaction_read_only = on")
    try:
        with pytest.raises(OperationalError) as raised:
            add_image("https://a/")
    finally:
        db.execute_sql("SET default_transaction_read_only = off")

    assert db.is_unusable(raised.value)
    assert not db.is_full(raised.value)
