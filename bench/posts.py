"""A thousand POSTs from 32 clients while the service fetches: three workers beside one.

Each POST adds an image of an origin that answers at once, so the jobs write rows all the while.
Every worker has eight threads for jobs. CPU is that of the workers, until the last answer.
"""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import requests

from bench import Cost, rank
from bench.download import Service, children, cpu_of, service
from bench.site import site

POSTS, CLIENTS, ROUNDS = 1000, 32, 5


def post_all(url: str, image: str) -> tuple[float, list[float], Counter[int]]:
    """Send the POSTs; return how long all took, how long each took, and the answers."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        began = time.perf_counter()
        answers = list(pool.map(post_some, [url] * CLIENTS, [image] * CLIENTS))
    wall = time.perf_counter() - began
    waits = [wait for client in answers for _, wait in client]
    return wall, waits, Counter(status for client in answers for status, _ in client)


def post_some(url: str, image: str) -> list[tuple[int, float]]:
    """Be one client; return the status and the seconds of each answer."""
    answers = []
    with requests.Session() as session:
        for _ in range(POSTS // CLIENTS):
            began = time.perf_counter()
            status = session.post(f"{url}/images", json={"url": image}).status_code
            answers.append((status, time.perf_counter() - began))
    return answers


class Workers:
    """A service with some workers, and how long its answers took."""

    def __init__(self, running: Service, image: str, clients: ProcessPoolExecutor) -> None:
        self._running = running
        self._image = image
        self._clients = clients
        self._slow: list[float] = []
        self._answers: Counter[int] = Counter()

    def turn(self) -> Cost:
        """Take the POSTs; the jobs end before the next turn."""
        workers = children(self._running.master)
        cpu = cpu_of(workers)
        wall, waits, answers = self._clients.submit(
            post_all, self._running.url, self._image
        ).result()
        cost = Cost(cpu_of(workers) - cpu, wall)
        self._slow.append(sorted(waits)[len(waits) * 99 // 100])
        self._answers += answers
        self._running.rest()
        return cost

    def __str__(self) -> str:
        slow = f"median {median(self._slow):.3f} s, at most {max(self._slow):.3f} s"
        return f"99 of 100 answers within: {slow}; answers: {dict(self._answers)}"


@contextmanager
def workers(count: int, image: str, clients: ProcessPoolExecutor) -> Iterator[Workers]:
    """Run the service with so many workers."""
    flags = f"{os.environ.get('GUNICORN_CMD_ARGS', '')} --workers {count}"
    with tempfile.TemporaryDirectory() as folder:
        variables = {"DOWNLOADER_MAX_QUEUED": "0", "GUNICORN_CMD_ARGS": flags}
        with service(Path(folder), **variables) as running:
            yield Workers(running, image, clients)


def main() -> None:
    """Compare them."""
    with ExitStack() as stack:
        image = stack.enter_context(site()) + "0/001.png"
        clients = stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
        one = stack.enter_context(workers(1, image, clients))
        three = stack.enter_context(workers(3, image, clients))
        rank(
            f"{POSTS} POST /images from {CLIENTS} clients, 8 job threads a worker",
            ROUNDS,
            ("one worker", one.turn),
            ("three workers", three.turn),
            target="wall at most 1.5; 99 of 100 answers within 0.5 s, none of them 503",
        )
        print(f"  one worker: {one}\n  three workers: {three}")


if __name__ == "__main__":
    main()
