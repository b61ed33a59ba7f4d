"""PostgreSQL is killed, and comes back: no job is lost, and no thread is left without it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from app.database.connection import db
from app.database.models import Image
from app.settings import Settings
from app.worker.pool import PoolEngine
from tests.postgresql import ON_POSTGRESQL, Postgresql
from tests.samples import add_image, picture
from tests.site import Reply, Site
from tests.worker.test_pool import until

pytestmark = pytest.mark.skipif(not ON_POSTGRESQL, reason="runs by `make test-cluster`")

JOBS = 60
ANSWERS_SECONDS = 5  # until every thread answers again


@pytest.fixture
def engine(app: Flask, settings: Settings) -> Iterator[PoolEngine]:
    engine = PoolEngine(replace(settings, job_threads=4), app.extensions["storage"])
    app.extensions["engine"] = engine
    yield engine
    engine.stop()


def test_a_server_that_is_killed_loses_no_job_and_no_thread(
    app: Flask, engine: PoolEngine, database_server: Postgresql, site: Site
) -> None:
    pause, stopping = threading.Event(), threading.Event()

    def slowly() -> Reply:
        pause.wait(0.05)
        return Reply(picture(), "image/png")

    site.replies["/a.png"] = slowly
    accepted = [str(add_image(site.url("/a.png")).id) for _ in range(JOBS)]
    answers: list[tuple[float, int]] = []

    def ask() -> None:
        client = app.test_client()
        while not stopping.is_set():
            answer = client.post("/images", json={"url": site.url("/a.png")})
            answers.append((time.monotonic(), answer.status_code))
            if answer.status_code == 202:
                accepted.append(answer.json["id"])
            pause.wait(0.1)

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    engine.submit()
    until(lambda: Image.select().where(Image.status == "finished").count() > 5)
    db.close()
    try:
        database_server.kill()
        pause.wait(1)
    finally:
        database_server.start()
    back = time.monotonic()
    pause.wait(ANSWERS_SECONDS + 1)
    stopping.set()
    for client in clients:
        client.join()

    assert {status for _, status in answers} == {202, 503}
    assert {status for moment, status in answers if moment > back + ANSWERS_SECONDS} == {202}
    until(lambda: Image.select().where(Image.status != "finished").count() == 0)
    assert {str(image.id) for image in Image.select()} >= set(accepted)
    assert {image.crashes for image in Image.select()} == {0}
