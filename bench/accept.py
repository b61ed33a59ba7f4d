"""What it takes to accept a job on several machines, beside a plain INSERT of its row.

Sixteen clients at once, all with real connections: those of the INSERT are processes with psycopg
that commit each row; those of the POST are of wrk, and ask gunicorn with as many workers as there
are cores. PostgreSQL, Redis and SeaweedFS run beside them. Whoever waits for a disk leaves the
cores to others; where all of it is on one machine, the Python of a request is what its clients
wait for.
"""

import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from bench.front import REQUESTS
from tests.object_store import KEYS, SeaweedFS
from tests.service.test_cluster import Cluster

CLIENTS, ROUNDS = 16, 5
SECONDS = int(os.environ.get("SECONDS", 4))
INSERT = """
    INSERT INTO image (id, status, added_at, attempts, crashes, source_url, site, client)
    VALUES (%s, 'queued', %s, 0, 0, 'https://example.com/a.png', 'example.com', '127.0.0.1')
"""


def insert(url: str) -> list[float]:
    """Be one client of the database; return what each row took."""
    import psycopg  # where the settings do not ask for it, the application forbids it

    from app.database.ids import new_id

    taken = []
    with psycopg.connect(url) as connection:
        until = time.monotonic() + SECONDS
        while (began := time.monotonic()) < until:
            connection.execute(INSERT, (new_id(), time.time_ns() // 1000))
            connection.commit()
            taken.append(time.monotonic() - began)
    return taken[len(taken) // 4 :]  # warm


def inserts(pool: ProcessPoolExecutor, url: str) -> float:
    """Return the median of an INSERT, in milliseconds."""
    asked = [pool.submit(insert, url) for _ in range(CLIENTS)]
    return median(one for each in asked for one in each.result()) * 1000


def posts(url: str) -> float:
    """Return the median of a POST, in milliseconds."""
    wrk = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", "-s", str(REQUESTS), url, "--", "one"]
    told = subprocess.run(wrk, check=True, capture_output=True, text=True).stdout
    _, _, failed, microseconds = map(int, told.splitlines()[-1].split())
    assert not failed, told
    return microseconds / 1000


def main() -> None:
    """Let both take turns."""
    if not shutil.which("wrk"):
        print("\naccept: skipped, it needs wrk")
        return
    os.environ.update(KEYS, DOWNLOADER_DATABASE_URL="", DOWNLOADER_MAX_QUEUED="0")
    cores = len(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory() as name,
        SeaweedFS(Path(name, "objects")) as objects,
        ProcessPoolExecutor(CLIENTS, get_context("spawn")) as pool,
    ):
        cluster = Cluster(Path(name), objects)
        del cluster.web.environment["DOWNLOADER_RATE_LIMIT"]
        with cluster.queue, cluster.rows:
            try:
                cluster.web.start("--workers", f"{cores}")
                web = f"http://127.0.0.1:{cluster.web.port}"
                inserts(pool, cluster.rows.url), posts(web)  # warm
                rounds = [(inserts(pool, cluster.rows.url), posts(web)) for _ in range(ROUNDS)]
            finally:
                cluster.web.stop()
    plain, whole = (median(side) for side in zip(*rounds, strict=True))
    print(f"\n{CLIENTS} clients at once, each time with a commit{'p50':>17}{'ratio':>10}")
    print(f"  plain INSERT {plain:44.2f} ms")
    ratio = median(post / insert for insert, post in rounds)
    print(f"  POST /images, {cores} gunicorn workers {whole:24.2f} ms{ratio:7.2f}   at most 2")


if __name__ == "__main__":
    main()
