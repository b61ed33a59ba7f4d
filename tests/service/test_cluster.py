"""Web and workers on PostgreSQL, Redis and an S3 server: all are real, and each is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.object_store import KEYS, SeaweedFS
from tests.postgresql import Postgresql
from tests.queue_server import RedisServer
from tests.service.conftest import ROOT, SECONDS, Service
from tests.service.test_crashes import Crowd
from tests.site import Site

pytestmark = pytest.mark.cluster

TAKEN_OVER_SECONDS = 10  # after the death of a worker


class Cluster:
    """One web process, and workers."""

    def __init__(self, folder: Path, objects: SeaweedFS) -> None:
        self.objects = objects
        self.queue = RedisServer(folder / "queue", append_only=True)
        self.rows = Postgresql(folder / "rows")
        self.web = Service(
            folder,
            **KEYS,
            DOWNLOADER_DATABASE_URL=self.rows.url,
            DOWNLOADER_QUEUE_URL=self.queue.url,
            DOWNLOADER_STORAGE_URL=objects.url(folder.name),
            DOWNLOADER_RATE_LIMIT="1000000/hour",
        )
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self) -> subprocess.Popen[bytes]:
        with self.web.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "app", "work"],
                cwd=ROOT,
                env=self.web.environment,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

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
            cluster.add_worker()
            cluster.add_worker()
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
    for told in crowd.downloads:
        web.delete(told["download_url"])
        assert web.get(told["download_url"]).status_code == 404
    web.delete(image)
    assert web.get(f"{image}/content").status_code == 404


def test_what_a_killed_worker_leaves_is_taken_over_soon(
    cluster: Cluster, crowd: Crowd, site: Site
) -> None:
    victim = cluster.workers.pop()
    os.kill(victim.pid, signal.SIGSTOP)  # the other one takes all that is asked now
    busy = cluster.workers[0]
    slow = site.replies["/0.png"]
    site.replies["/0.png"] = lambda: time.sleep(0.5) or slow  # type: ignore[func-returns-value]
    crowd.ask(12, 12)
    cluster.web.wait(lambda: site.asked("/0.png") >= 6)
    os.kill(victim.pid, signal.SIGCONT)
    cluster.workers.append(victim)
    busy.kill()
    busy.wait()
    killed_at, asked = time.monotonic(), site.asked("/0.png")
    cluster.web.wait(lambda: site.asked("/0.png") > asked)
    assert time.monotonic() - killed_at < TAKEN_OVER_SECONDS
    cluster.workers.remove(busy)
    cluster.add_worker()
    crowd.check()
    assert max(attempts(cluster).values()) <= 2


def test_the_queue_may_die_and_come_back_without_its_messages(
    cluster: Cluster, crowd: Crowd, site: Site
) -> None:
    slow = site.replies["/0.png"]
    site.replies["/0.png"] = lambda: time.sleep(0.2) or slow  # type: ignore[func-returns-value]
    crowd.ask(6, 6)
    cluster.queue.kill()
    began = time.monotonic()
    crowd.ask(6, 6)
    assert time.monotonic() - began < 5
    cluster.queue.start()
    crowd.check()


def test_the_bucket_may_die_in_the_middle_and_no_job_fails(
    cluster: Cluster, crowd: Crowd, site: Site
) -> None:
    slow = site.replies["/0.png"]
    site.replies["/0.png"] = lambda: time.sleep(0.2) or slow  # type: ignore[func-returns-value]
    crowd.ask(6, 6)
    cluster.web.wait(lambda: site.asked("/1.png") >= 2)
    cluster.objects.kill()
    crowd.ask(2, 2)
    assert cluster.web.get("/readyz").status_code == 503
    cluster.objects.start()
    crowd.check()


def test_all_workers_may_be_replaced_one_by_one(cluster: Cluster, crowd: Crowd, site: Site) -> None:
    slow = site.replies["/0.png"]
    site.replies["/0.png"] = lambda: time.sleep(0.2) or slow  # type: ignore[func-returns-value]
    crowd.ask(10, 10)
    for old in list(cluster.workers):
        cluster.add_worker()
        old.terminate()
        assert old.wait(SECONDS) == 0
        cluster.workers.remove(old)
    crowd.check()
    assert "died with its process" not in cluster.web.log.read_text()
