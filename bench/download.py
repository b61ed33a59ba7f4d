"""The service beside a bare loop: both fetch a page and its 50 images of 120 kB.

The loop is what a script would do: in a warm process, a `requests.Session` gets the page, a
regular expression finds the images, and each is written to a file. Nothing is judged, hashed or
synced, and there is no zip.

The service is gunicorn as it ships. Counted is the CPU of its workers for one POST, the job, and
one look at the status; the end is awaited by reading the row, which costs the service nothing.
Its wall time is from `added_at` to `finished_at`.
"""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urljoin
from uuid import UUID

import requests

from bench import Cost, compare
from bench.site import IMAGES, site

HOME = Path(__file__).parent.parent


def loop(url: str, folder: Path) -> Cost:
    """Fetch a page and its images the bare way."""
    cpu, wall = time.process_time(), time.perf_counter()
    folder = Path(tempfile.mkdtemp(dir=folder))
    with requests.Session() as session:
        sources = re.findall(r'<img src="([^"]+)"', session.get(url).text)
        for source in sources:
            (folder / source).write_bytes(session.get(urljoin(url, source)).content)
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


class Service:
    """A gunicorn that serves, asked over REST."""

    def __init__(self, url: str, master: int, database: Path) -> None:
        self.url = url
        self.master = master
        self._database = database
        self._session = requests.Session()

    def download(self, url: str, pages: int = 1) -> Cost:
        """Have a page downloaded, or the same one several times; return what that took."""
        cpu = self._cpu()
        accepted = [
            self._session.post(f"{self.url}/download", json={"url": url}).json()
            for _ in range(pages)
        ]
        for download in accepted:
            self._wait(UUID(download["download_id"]))
        documents = [self._session.get(self.url + one["status_url"]).json() for one in accepted]
        cpu = self._cpu() - cpu
        for told in documents:
            if told["status"] != "finished" or told["progress"]["done"] != IMAGES:
                raise SystemExit(f"the download did not work: {told}")
        added = min(datetime.fromisoformat(told["added_at"]) for told in documents)
        finished = max(datetime.fromisoformat(told["finished_at"]) for told in documents)
        return Cost(cpu, (finished - added).total_seconds())

    def _wait(self, download_id: UUID) -> None:
        query = "SELECT finished_at FROM download WHERE id = ?"
        with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as rows:
            while rows.execute(query, (download_id.hex,)).fetchone() == (None,):
                time.sleep(0.005)

    def rest(self) -> None:
        """Wait until no image that was asked for alone waits or is being fetched."""
        query = "SELECT 1 FROM image WHERE finished_at IS NULL LIMIT 1"
        with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as rows:
            while rows.execute(query).fetchone():
                time.sleep(0.05)

    def _cpu(self) -> float:
        return cpu_of(children(self.master))


def children(master: int) -> list[int]:
    """Return the ids of the processes that a process has started."""
    return [*map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split())]


def cpu_of(processes: list[int]) -> float:
    """Return their CPU seconds so far, by the clocks that the kernel keeps."""
    # clock_getcpuclockid(3), which Python lacks: /proc/<pid>/stat counts in steps of 10 ms.
    return sum(time.clock_gettime(~process << 3 | 2) for process in processes)


@contextmanager
def service(folder: Path, home: Path = HOME, **variables: str) -> Iterator[Service]:
    """Run the service with its storage in a folder, and variables of its environment.

    `home` is the checkout to run, by the Python of its `.venv` if it is another than this one.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | {
        "DOWNLOADER_STORAGE_DIR": f"{folder}",
        "DOWNLOADER_ALLOW_NETWORKS": "127.0.0.0/8",
        **variables,
    }
    with (folder / "log").open("wb") as log:
        python = sys.executable if home == HOME else str(home / ".venv/bin/python")
        command = [python, "-m", "gunicorn", "wsgi:app", "--bind", address]
        process = subprocess.Popen(command, cwd=home, env=environment, stderr=log)
    try:
        _await(f"http://{address}/healthz")
        yield Service(f"http://{address}", process.pid, folder / "downloader.db")
    finally:
        process.terminate()
        process.wait()


def _await(url: str) -> None:
    for _ in range(200):
        try:
            requests.get(url, timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the service does not start")


def main() -> None:
    """Compare, with the origin at once and with the latency of a far one."""
    with (
        tempfile.TemporaryDirectory() as files,
        tempfile.TemporaryDirectory() as storage,
        site() as origin,
        service(Path(storage)) as ours,
        ProcessPoolExecutor(1, get_context("spawn")) as process,
    ):

        def side_by_side(latency: int, rounds: int, target: str) -> None:
            url = f"{origin}{latency}/"
            compare(
                f"{IMAGES} images of 120 kB, {latency} ms of latency a response",
                rounds,
                ("bare loop", lambda: process.submit(loop, url, Path(files)).result()),
                ("service", lambda: ours.download(url)),
                target,
            )

        side_by_side(0, 31, "CPU at most 2.5")
        side_by_side(40, 9, "wall at most 1.1")


if __name__ == "__main__":
    main()
