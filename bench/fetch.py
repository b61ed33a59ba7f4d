"""CPU of the guarded fetcher beside a bare requests.Session: 1,000 images of 100 kB each.

Run: python -m bench.fetch. Both sides write the image to a file and hash it. They take turns
in one run, so that a busy machine slows both, and only the ratio counts.
"""

import hashlib
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from ipaddress import ip_network
from multiprocessing.connection import Connection
from typing import BinaryIO

import requests

from app.fetch import Fetcher
from app.settings import Settings
from app.urls import Url
from tests.fetch.origin import Origin, answer, png

ROUNDS, IMAGES, SIZE = 10, 100, 100_000
LIMIT = 1.15


def serve(pipe: Connection) -> None:
    """Run the origin in a process of its own, so that its CPU is not ours."""
    with Origin() as origin:
        origin.answers["/"] = answer(png(SIZE))
        pipe.send(origin.url())
        pipe.recv()
        pipe.send(origin.connections.total())


def bare(session: requests.Session, url: str, file: BinaryIO) -> None:
    """Fetch as a plain script would."""
    content = session.get(url).content
    file.seek(0)
    file.truncate()
    file.write(content)
    file.flush()
    hashlib.sha256(content).hexdigest()


def seconds(turn: Callable[[], object]) -> float:
    """Measure one round in CPU seconds."""
    start = time.process_time()
    for _ in range(IMAGES):
        turn()
    return time.process_time() - start


def main() -> None:
    """Let both sides take turns and compare."""
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=serve, args=(theirs,), daemon=True).start()
    text = ours.recv()
    url = Url.parse(text)
    settings = Settings(allow_networks=(ip_network("127.0.0.0/8"),))
    with (
        tempfile.TemporaryFile() as file,
        requests.Session() as session,
        Fetcher(settings) as fetcher,
    ):
        spent = {"bare": 0.0, "guarded": 0.0}
        for _ in range(ROUNDS):
            spent["bare"] += seconds(lambda: bare(session, text, file))
            spent["guarded"] += seconds(lambda: fetcher.image(url, file))
    ours.send(None)
    connections = ours.recv()
    ratio = spent["guarded"] / spent["bare"]
    for name, cpu in spent.items():
        print(f"{name:8} {cpu / ROUNDS / IMAGES * 1e6:6.0f} µs CPU an image")
    print(f"ratio    {ratio:6.2f} (limit {LIMIT}), {connections} connections for both (want 2)")


if __name__ == "__main__":
    main()
