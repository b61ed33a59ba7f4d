"""The busiest calls beside the same ones of Express, Bull and Redis without persistence.

Each server has one core to itself and wrk, with 32 connections, another; the two take turns. Ours
is gunicorn as it ships, its log written to a file, each row synced before its 202. Details of
images are also asked for through nginx as it ships, on the same core: it keeps them for a second,
in memory as in its container.
(Its limit for one client is lifted, since wrk is one.) Neither server works at the jobs meanwhile:
Bull leaves that to other processes, and so does DOWNLOADER_JOB_THREADS=0. Any number of them may
wait. CPU is that of all processes of a server: node and Redis, or gunicorn and nginx. SECONDS=2
makes the turns shorter.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from app import create_app
from app.database.connection import db
from app.database.ids import now
from app.database.models import Image, Status
from app.jobs import add_images
from app.settings import Settings
from bench import on
from bench.download import children, cpu_of, service
from tests.nginx import NGINX, Nginx

PEER = Path(__file__).parent / "peer"
REQUESTS = PEER / "requests.lua"
CONNECTIONS = 32
ROUNDS = 5
SECONDS = int(os.environ.get("SECONDS", 5))  # a turn
FINISHED = 1000  # images to get the details of
NEEDED = ("node", "npm", "redis-server", "wrk", NGINX)
UNLIMITED = {"rate=1000r/s": "rate=1000000r/s"}
REDIS = ("redis-server", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port")
DETAILS = {
    "status": Status.FINISHED,
    "content_type": "image/png",
    "width": 640,
    "height": 480,
    "bytes": 123456,
    "sha256": "0" * 64,
}


class Server(NamedTuple):
    """A server under load: where, its processes, and its finished images."""

    url: str
    processes: list[int]
    ids: Sequence[str]


class Rate(NamedTuple):
    """Requests a second, and the CPU seconds of one."""

    rate: float
    cpu: float


def free_port() -> str:
    """Return a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


@contextmanager
def ours(folder: Path) -> Iterator[Server]:
    """Run the service, with finished images."""
    create_app(Settings(storage_dir=folder))
    images = add_images(f"https://example.com/{number}.png" for number in range(FINISHED))
    Image.update(**DETAILS, finished_at=now() + timedelta(seconds=1)).execute()
    db.close()
    with service(folder, DOWNLOADER_JOB_THREADS="0", DOWNLOADER_MAX_QUEUED="0") as running:
        processes = [running.master, *children(running.master)]
        yield Server(running.url, processes, [f"{image.id}" for image in images])


@contextmanager
def through_nginx(server: Server, folder: Path) -> Iterator[Server]:
    """Put nginx before a server."""
    application = urlsplit(server.url).netloc
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as memory,
        Nginx(Path(memory, "nginx"), application, folder, UNLIMITED) as nginx,
    ):
        while not (workers := nginx_workers(nginx.process.pid)):
            time.sleep(0.05)
        yield Server(nginx.url, [*server.processes, *workers], server.ids)


def nginx_workers(master: int) -> list[int]:
    """Return the processes of nginx that answer; one more looks after the cache, and ends."""
    titles = {child: Path(f"/proc/{child}/cmdline").read_text() for child in children(master)}
    return [child for child, title in titles.items() if "worker process" in title]


@contextmanager
def peer() -> Iterator[Server]:
    """Run the peer, with finished images."""
    with ExitStack() as running:
        port, redis_port = free_port(), free_port()
        commands = [*REDIS, redis_port], ["node", "server.js", port, redis_port, f"{FINISHED}"]
        processes = []
        for command in commands:
            process = subprocess.Popen(
                command,
                cwd=PEER,
                env=os.environ | {"NODE_ENV": "production"},
                stdout=subprocess.PIPE,
                text=True,
            )
            running.callback(process.wait)
            running.callback(process.terminate)
            processes.append(process)
        ids = [
            *iter(lambda: processes[1].stdout.readline().strip() or sys.exit("no peer"), "ready")
        ]
        yield Server(f"http://127.0.0.1:{port}", [process.pid for process in processes], ids)


def load(server: Server, core: int, seconds: int, kind: str) -> Rate:
    """Ask a server for some seconds; return what it did."""
    arguments = {"one": ["one"], "many": ["many", "1000"], "get": ["get", *server.ids]}[kind]
    wrk = ["wrk", "-t1", f"-c{4 if kind == 'many' else CONNECTIONS}", f"-d{seconds}s"]
    cpu = cpu_of(server.processes)
    with on(core):
        told = subprocess.run(
            [*wrk, "--timeout", "20s", "-s", str(REQUESTS), server.url, "--", *arguments],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    cpu = cpu_of(server.processes) - cpu
    count, microseconds, failed, _ = map(int, told.splitlines()[-1].split())
    if failed or not count:
        raise SystemExit(f"{server.url}, {kind}: {failed} requests failed\n{told}")
    return Rate(count / microseconds * 1e6, cpu / count)


def compare(title: str, rates: list[tuple[Rate, Rate]], target: str, each: int = 1) -> None:
    """Print the medians of both sides, and of the ratio in a round."""
    print(f"\n{title:56}{'per second':>12}{'CPU each':>12}   median of {len(rates)}")
    for name, side in ("Express, Bull, Redis", 0), ("service, synced", 1):
        rate = median(pair[side].rate for pair in rates) * each
        cpu = median(pair[side].cpu for pair in rates) / each * 1e6
        print(f"  {name:54}{rate:12,.0f}{cpu:9.0f} µs")
    rate = median(mine.rate / other.rate for other, mine in rates)
    cpu = median(mine.cpu / other.cpu for other, mine in rates)
    print(f"  {'ratio':54}{rate:12.2f}{cpu:12.2f}   {target}", flush=True)


def main() -> None:
    """Compare a POST of one image, of a thousand, and a GET."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    cores = sorted(os.sched_getaffinity(0))
    if missing or len(cores) < 2:
        print(f"\nfront: skipped, it needs {', '.join(missing) or 'two cores'}")
        return
    # Not `npm ci`: some platforms' optional parts may be unknown to a registry, and to the lock.
    subprocess.run(
        ["npm", "install", "--no-save", "--silent", "--ignore-scripts"], cwd=PEER, check=True
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        on(cores[0]),
        ours(Path(folder)) as mine,
        through_nginx(mine, Path(folder)) as fronted,
        peer() as other,
    ):
        for kind, us, each, title, target in (
            ("one", mine, 1, "POST /images, requests", "CPU at most 1.7"),
            ("get", mine, 1, "GET /images/<id>, requests", "CPU at most 1.7"),
            ("get", fronted, 1, "GET /images/<id> through nginx", "rate at least 4"),
            ("many", mine, 1000, "POST /images with 1,000 urls, URLs", "rate at least 1.2"),
        ):
            for server in other, us:
                load(server, cores[1], 1, kind)  # warm
            rates = [
                (load(other, cores[1], SECONDS, kind), load(us, cores[1], SECONDS, kind))
                for _ in range(ROUNDS)
            ]
            compare(title, rates, target, each)


if __name__ == "__main__":
    main()
