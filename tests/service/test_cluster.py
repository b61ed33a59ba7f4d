"""Web and workers on PostgreSQL, Redis and an S3 server: all are real, and each is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
import requests
import urllib3

from tests.network import HERE, Host
from tests.nginx import Nginx, needs_nginx
from tests.object_store import KEYS, SeaweedFS
from tests.postgresql import Postgresql, program
from tests.queue_server import RedisServer
from tests.samples import large_picture
from tests.service.conftest import ROOT, SECONDS, Service, free_port
from tests.service.test_crashes import Crowd
from tests.site import Site

pytestmark = pytest.mark.cluster

TAKEN_OVER_SECONDS = 10  # after the death of a worker
ANSWERS_AGAIN_SECONDS = 5  # after the database is back
THREADS = 64  # of a web process, more than it has connections
HELD_SECONDS = 2  # that each of them is held by a request
SEATS = 8  # of a worker
PAGES = 40  # at work while something dies


class Cluster:
    """One web process, and workers."""

    def __init__(self, folder: Path, objects: SeaweedFS) -> None:
        self.objects = objects
        self.queue = RedisServer(folder / "queue", append_only=True)
        self.rows = Postgresql()
        self._folder = folder
        self._variables = {
            **KEYS,
            "DOWNLOADER_DATABASE_URL": self.rows.url,
            "DOWNLOADER_QUEUE_URL": self.queue.url,
            "DOWNLOADER_STORAGE_URL": objects.url(folder.name),
            "DOWNLOADER_RATE_LIMIT": "1000000/hour",
            "DOWNLOADER_HOST_CONNECTIONS": str(SEATS),
            "DOWNLOADER_ALLOW_NETWORKS": f"127.0.0.0/8,{HERE}/32",
        }
        self.web = Service(folder, **self._variables)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.metrics = f"127.0.0.1:{free_port()}"  # of the first worker

    def another_web(self, name: str, **variables: str) -> Service:
        folder = self._folder / name
        folder.mkdir()
        return Service(folder, **self._variables, **variables)

    def add_worker(self, *flags: str, host: Host | None = None) -> subprocess.Popen[bytes]:
        environment, prefix = self.web.environment, host.prefix if host else []
        if host:
            urls = {name for name in self._variables if name.endswith("_URL")}
            environment = {
                name: value.replace("127.0.0.1", HERE) if name in urls else value
                for name, value in environment.items()
            }
        with self.web.log.open("ab") as log:
            worker = subprocess.Popen(
                [*prefix, sys.executable, "-m", "app", "work", *flags],
                cwd=ROOT,
                env=environment,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def wait_for_workers(self) -> None:
        """Wait until all workers take jobs."""
        ask = [program("psql"), self.rows.url, "-tAc", "SELECT count(*) FROM process"]

        def found() -> str:
            return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()

        self.web.wait(lambda: found() == str(len(self.workers)))

    def stop(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            assert worker.wait(SECONDS) in (0, -signal.SIGTERM, -signal.SIGKILL)
        self.web.end()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, object_store: SeaweedFS) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), object_store)
    with cluster.queue, cluster.rows:
        try:
            cluster.web.start()
            cluster.add_worker("--metrics", cluster.metrics)
            cluster.add_worker()
            cluster.wait_for_workers()
            yield cluster
        finally:
            cluster.stop()


class Many(Crowd):
    """A crowd whose files are in a bucket."""

    def check_files(self) -> None:
        assert {row["status"] for row in self.service.rows("images")} == {"finished"}


@pytest.fixture
def crowd(cluster: Cluster, site: Site) -> Crowd:
    return Many(cluster.web, site)


def attempts(cluster: Cluster) -> dict[str, int]:
    """Return how often each job has run."""
    lines = [line for line in cluster.web.lines() if line["message"].startswith("job ")]
    return {line["id"]: line["attempt"] for line in lines}


def test_pages_and_images_are_fetched_shown_and_removed(cluster: Cluster, crowd: Crowd) -> None:
    crowd.ask(3, 3)
    crowd.check()
    web = cluster.web
    image = f"/images/{crowd.images[0][0]['id']}"
    assert web.end_of(f"{image}/thumbnail").headers["Content-Type"] == "image/webp"
    ranged = web.ask("GET", f"{image}/content", {"Range": "bytes=0-3"})
    assert (ranged.status_code, ranged.content) == (206, crowd.images[0][1][:4])
    assert web.get("/readyz").status_code == 200
    assert 'jobs_ended_total{kind="download",reason="",state="finished"} 3.0' in (
        web.get("/metrics").text
    )
    counted = requests.get(f"http://{cluster.metrics}/metrics", timeout=SECONDS)
    assert "image_downloader_fetch_seconds_count" in counted.text
    for told in crowd.downloads:
        web.delete(told["download_url"])
        assert web.get(told["download_url"]).status_code == 404
    web.delete(image)
    assert web.get(f"{image}/content").status_code == 404


@pytest.fixture
def held(crowd: Crowd, site: Site) -> Iterator[threading.Event]:
    """Have the first picture of each page wait until this is set."""
    released = threading.Event()
    first = site.replies["/0.png"]
    site.replies["/0.png"] = lambda: released.wait(SECONDS) and first  # type: ignore[func-returns-value]
    yield released
    released.set()


def slow(site: Site, seconds: float = 0.2) -> None:
    """Have the first picture of each page take its time."""
    first = site.replies["/0.png"]
    site.replies["/0.png"] = lambda: time.sleep(seconds) or first  # type: ignore[func-returns-value]


def fill(cluster: Cluster, crowd: Crowd, busy: subprocess.Popen[bytes]) -> None:
    """Have one worker run as many downloads as it has seats, and the others none."""
    others = [worker for worker in cluster.workers if worker is not busy]
    for other in others:
        os.kill(other.pid, signal.SIGSTOP)
    crowd.ask(SEATS, 0)
    try:
        cluster.web.wait(lambda: crowd.site.asked("/0.png") == SEATS)
    finally:
        for other in others:
            os.kill(other.pid, signal.SIGCONT)


def check_taken_over(cluster: Cluster, crowd: Crowd, held: threading.Event) -> None:
    """Check that what a worker ran until now begins again soon, and nothing else begins twice."""
    lost_at, asked = time.monotonic(), crowd.site.asked("/0.png")
    others = [cluster.web.post("/images", url=crowd.site.url("/1.png")) for _ in range(20)]
    held.set()
    cluster.web.wait(lambda: crowd.site.asked("/0.png") > asked)
    assert time.monotonic() - lost_at < TAKEN_OVER_SECONDS
    crowd.check()
    ran = attempts(cluster)
    assert {ran[told["id"]] for told in others} == {1}
    assert {ran[told["download_id"]] for told in crowd.downloads} == {2}


def test_what_a_killed_worker_leaves_is_taken_over_soon(
    cluster: Cluster, crowd: Crowd, held: threading.Event
) -> None:
    busy = cluster.workers[0]
    fill(cluster, crowd, busy)
    cluster.workers.remove(busy)
    busy.kill()
    busy.wait()
    check_taken_over(cluster, crowd, held)
    cluster.add_worker()


def test_what_runs_on_a_host_that_is_cut_off_is_taken_over_soon(
    cluster: Cluster, crowd: Crowd, site: Site, held: threading.Event
) -> None:
    servers = cluster.rows.url, cluster.queue.url, cluster.objects.endpoint, site.url("/")
    with Host(urlsplit(url).port or 0 for url in servers) as host:
        crowd.page = crowd.page.replace("127.0.0.1", HERE)
        cut_off = cluster.add_worker(host=host)
        try:
            fill(cluster, crowd, cut_off)
            host.cut()
            check_taken_over(cluster, crowd, held)
            host.repair()
            name = "removed as dead, goes on as another"
            cluster.web.wait(lambda: name in cluster.web.log.read_text())
        finally:
            host.repair()
            cluster.workers.remove(cut_off)
            cut_off.terminate()
            assert cut_off.wait(SECONDS) == 0


def test_the_other_web_answers_when_one_dies(cluster: Cluster, crowd: Crowd, site: Site) -> None:
    slow(site)
    dying = cluster.another_web("dying")
    dying.start()
    url = f"http://127.0.0.1:{dying.port}/download"
    accepted = []

    def ask() -> None:
        with suppress(requests.ConnectionError):
            while True:
                answer = requests.post(url, json={"url": crowd.page}, timeout=SECONDS)
                accepted.append(answer.json())

    client = threading.Thread(target=ask)
    client.start()
    cluster.web.wait(lambda: len(accepted) >= PAGES // 2)
    dying.signal(signal.SIGKILL)
    client.join()
    crowd.downloads += accepted
    crowd.ask(PAGES // 2, 4)
    crowd.check()


@needs_nginx
def test_nginx_may_die_in_the_middle_of_a_transfer(
    cluster: Cluster, crowd: Crowd, site: Site, tmp_path: Path
) -> None:
    slow(site)
    web = cluster.another_web("behind", DOWNLOADER_ACCEL="/objects/")
    application = f"127.0.0.1:{web.port}"
    photo = large_picture()
    try:
        web.start()
        big = web.post("/images", url=site.file("/big.png", photo))
        content = f"/images/{big['id']}/content"
        assert web.end_of(content).status_code == 200
        with Nginx(tmp_path / "nginx", application, tmp_path) as nginx:
            front = copy(web)
            front.port = int(nginx.address.rpartition(":")[2])
            crowd.service = front
            crowd.ask(PAGES // 2, 4)
            with requests.get(nginx.url + content, stream=True, timeout=SECONDS) as answer:
                assert answer.raw.read(1) == photo[:1]
                nginx.kill()
                with pytest.raises(urllib3.exceptions.ProtocolError):  # it does not pass for whole
                    answer.raw.read()
            nginx.start()
            crowd.ask(PAGES // 2, 4)
            crowd.check()
            assert front.get(content).content == photo
    finally:
        web.end()


@pytest.mark.parametrize("append_only", [True, False])
def test_the_queue_may_die_and_come_back_with_or_without_its_messages(
    cluster: Cluster, crowd: Crowd, site: Site, append_only: bool
) -> None:
    slow(site)
    cluster.queue.kill()
    cluster.queue.append_only = append_only
    cluster.queue.start()
    crowd.ask(PAGES, 4)
    cluster.web.wait(lambda: site.asked("/0.png") >= 2)
    cluster.queue.kill()
    began = time.monotonic()
    crowd.ask(6, 6)
    assert time.monotonic() - began < 5
    assert cluster.web.get("/readyz").json()["checks"]["queue"] == "away"
    cluster.queue.start()
    crowd.check()


@pytest.mark.parametrize("fault", ["full", "replica"])
def test_a_queue_that_takes_nothing_is_told_of_and_loses_nothing(
    cluster: Cluster, crowd: Crowd, fault: str
) -> None:
    with redis.Redis.from_url(cluster.queue.url) as queue:
        try:
            if fault == "full":
                queue.config_set("maxmemory", "1")
            else:
                queue.replicaof("127.0.0.1", "1")
            crowd.ask(2, 2)
            answer = cluster.web.get("/readyz")
            assert (answer.status_code, answer.json()["checks"]["queue"]) == (
                200,
                "cannot be written",
            )
        finally:
            queue.config_set("maxmemory", "0")
            queue.replicaof("NO", "ONE")
    crowd.check()


def test_a_queue_that_hangs_holds_up_neither_requests_nor_probes(
    cluster: Cluster, crowd: Crowd
) -> None:
    cluster.queue.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        crowd.ask(2, 2)
        assert cluster.web.get("/readyz").json()["checks"]["queue"] == "away"
        assert time.monotonic() - began < 5  # seconds that workers wait for an answer
    finally:
        cluster.queue.process.send_signal(signal.SIGCONT)
    crowd.check()


def test_the_database_may_die_in_the_middle(cluster: Cluster, crowd: Crowd, site: Site) -> None:
    slow(site)
    crowd.ask(PAGES, 4)
    cluster.web.wait(lambda: site.asked("/0.png") >= 2)
    cluster.rows.kill()
    assert cluster.web.get("/images").status_code == 503
    cluster.rows.start()
    cluster.web.wait(lambda: cluster.web.get("/images").ok)
    crowd.check()
    assert max(attempts(cluster).values()) <= 2


def test_every_thread_answers_again_soon_after_the_database_is_back(
    cluster: Cluster, crowd: Crowd, held: threading.Event
) -> None:
    crowd.ask(1, 0)
    path = crowd.downloads[0]["status_url"]
    web = cluster.another_web("threads", DOWNLOADER_MAX_WAITING=str(THREADS))

    def answers() -> Iterator[int]:
        """Hold each thread of the web by a request; return what they answer in the end."""

        def ask(_: int) -> int:
            return web.ask("GET", path, {"Prefer": f"wait={HELD_SECONDS}"}).status_code

        return clients.map(ask, range(THREADS))

    try:
        with ThreadPoolExecutor(THREADS) as clients:
            web.start("--threads", str(THREADS))
            assert set(answers()) == {200}
            begun = answers()
            cluster.rows.kill()
            assert set(begun) == {503}
            cluster.rows.start()
            back_at = time.monotonic()
            web.wait(lambda: web.get(path).ok)
            asked_at = time.monotonic()
            assert set(answers()) == {200}
            answered_at = time.monotonic()
        assert answered_at - back_at < ANSWERS_AGAIN_SECONDS
        assert answered_at - asked_at < 2 * HELD_SECONDS  # so no thread has answered two of them
        held.set()
        crowd.check()
    finally:
        web.end()


def test_the_bucket_may_die_in_the_middle_and_no_job_fails(
    cluster: Cluster, crowd: Crowd, site: Site
) -> None:
    slow(site)
    crowd.ask(PAGES, 6)
    cluster.web.wait(lambda: site.asked("/1.png") >= 2)
    cluster.objects.kill()
    crowd.ask(2, 2)
    assert cluster.web.get("/readyz").status_code == 503
    cluster.objects.start()
    crowd.check()


def test_all_workers_may_be_replaced_one_by_one(cluster: Cluster, crowd: Crowd, site: Site) -> None:
    slow(site, 1)
    crowd.ask(100, 10)
    for old in list(cluster.workers):
        cluster.add_worker()
        old.terminate()
        assert old.wait(SECONDS) == 0
        cluster.workers.remove(old)
    crowd.check()
    assert "died with its process" not in cluster.web.log.read_text()
