"""Workers that Redis wakes: nothing depends on a message."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from flask import Flask

from app import jobs
from app.database.models import Image
from app.errors import ConfigurationError
from app.settings import Settings
from app.worker.messages import ENOUGH, MessageEngine
from tests.queue_server import RedisServer
from tests.samples import add_image, picture
from tests.site import Reply, Site
from tests.worker.test_pool import until

pytestmark = pytest.mark.cluster


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def queued(settings: Settings, server: RedisServer) -> Settings:
    return replace(settings, queue_url=server.url, job_threads=2)


@pytest.fixture
def web(app: Flask, queued: Settings) -> Iterator[MessageEngine]:
    engine = MessageEngine(queued, app.extensions["storage"])
    yield engine
    engine.stop()


@pytest.fixture
def worker(app: Flask, queued: Settings) -> Iterator[MessageEngine]:
    engine = MessageEngine(queued, app.extensions["storage"], works=True)
    yield engine
    engine.stop()


def finished(image: Image) -> bool:
    return jobs.get(Image, image.id).status == "finished"


def add(site: Site) -> Image:
    return add_image(site.file("/a.png", picture()))


def looks(client: redis.Redis) -> int:
    """Return how often somebody asked how many messages wait."""
    return client.info("commandstats").get("cmdstat_llen", {"calls": 0})["calls"]


def test_a_worker_does_what_another_process_tells_of(
    web: MessageEngine, worker: MessageEngine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "watch", lambda: None)  # it would find the job by itself
    worker.start()
    image = add(site)
    web.submit()

    until(lambda: finished(image))
    assert web.turning()


def test_a_process_without_seats_does_nothing_but_tell(
    web: MessageEngine, server: RedisServer, site: Site
) -> None:
    image = add(site)
    web.submit()
    with redis.Redis.from_url(server.url) as client:
        until(lambda: client.llen("dramatiq:jobs") == 1)
    assert jobs.get(Image, image.id).status == "queued"
    assert {thread.name for thread in threading.enumerate()}.isdisjoint({"watch"})


def test_jobs_that_no_message_tells_of_are_done(worker: MessageEngine, site: Site) -> None:
    image = add(site)
    worker.start()

    until(lambda: finished(image))


def test_the_same_work_is_told_of_once(
    queued: Settings, web: MessageEngine, server: RedisServer, site: Site
) -> None:
    add(site)
    with redis.Redis.from_url(server.url) as client:
        for _ in range(5):
            web.fill_seats()  # nobody takes the messages
            until(lambda: client.llen("dramatiq:jobs") > 0)
        assert client.llen("dramatiq:jobs") <= queued.job_threads


def test_no_more_is_told_while_enough_messages_wait(
    web: MessageEngine, server: RedisServer
) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.lpush("dramatiq:jobs", *range(ENOUGH))
        web.submit()
        until(lambda: looks(client) > 1)
        assert client.lrange("dramatiq:jobs", 0, 0) == [b"%d" % (ENOUGH - 1)]
        client.delete("dramatiq:jobs")

        until(lambda: client.llen("dramatiq:jobs") == 1)


def test_nobody_waits_for_a_queue_that_is_away_and_the_work_goes_on_when_it_is_back(
    web: MessageEngine, worker: MessageEngine, server: RedisServer, site: Site
) -> None:
    worker.start()
    first = add(site)
    until(lambda: finished(first))
    assert web.queue() == "ok"
    server.kill()
    assert web.queue() == "away"
    began = time.monotonic()
    images = [add(site) for _ in range(5)]
    for _ in range(500):
        web.submit()
    assert time.monotonic() - began < 1
    server.start()

    until(lambda: all(map(finished, images)))


def test_a_worker_that_ends_hands_back_and_lets_others_go_on(
    app: Flask, queued: Settings, worker: MessageEngine, site: Site
) -> None:
    hold = threading.Event()
    reply = site.replies[site.file("/slow.png", picture()).removeprefix(site.url(""))]
    site.replies["/slow.png"] = lambda: hold.wait(30) and reply
    image = add_image(site.url("/slow.png"))
    worker.start()
    until(lambda: site.asked("/slow.png") == 1)
    worker.stop()
    hold.set()
    waiting = jobs.get(Image, image.id)
    assert (waiting.status, waiting.crashes) == ("queued", 0)

    other = MessageEngine(queued, app.extensions["storage"], works=True)
    other.start()
    until(lambda: finished(image))
    other.stop()


def test_a_worker_ends_while_the_queue_is_away(
    worker: MessageEngine, server: RedisServer, site: Site
) -> None:
    hold = threading.Event()
    site.replies["/slow.png"] = lambda: hold.wait(30) and Reply()  # type: ignore[return-value]
    image = add_image(site.url("/slow.png"))
    worker.start()
    until(lambda: site.asked("/slow.png") == 1)
    server.kill()
    ender = threading.Thread(target=worker.stop)
    ender.start()
    ender.join(60)
    hold.set()

    assert not ender.is_alive()
    assert jobs.get(Image, image.id).status == "queued"
    server.start()  # for the threads that still wait to acknowledge


def test_an_address_keeps_its_password(
    queued: Settings, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(queued, queue_url="redis://:hush@127.0.0.1:1/0")
    engine = MessageEngine(settings, app.extensions["storage"])
    engine.submit()
    until(lambda: "queue not reached" in caplog.text)
    engine.stop()

    assert "hush" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hush#1@host/0",
        "redis://host/0?hush=hush",
        "redis://host/0?db=hush",
        "rediss://host/0?ssl_cert_reqs=hush",
    ],
)
def test_an_address_that_redis_cannot_read_is_told_without_it(
    app: Flask, queued: Settings, url: str
) -> None:
    wrong = replace(queued, queue_url=url)

    with pytest.raises(ConfigurationError, match='"DOWNLOADER_QUEUE_URL"') as raised:
        MessageEngine(wrong, app.extensions["storage"])
    assert raised.value.__suppress_context__
    assert "hush" not in str(raised.value)
