"""What clients that wait cost the others: followers, busy ones, and slow uploads.

200 follow a download, whose pictures come one or two in a second, and each of the 200 streams is
written to as often. 32 ask without a pause; they are wrk's. As many as there are threads upload a
byte a second. Meanwhile /healthz is asked over a new connection 20 times a second; what counts is
the longest that it takes. CPU and memory are those of gunicorn's worker.
"""

import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import requests

from bench.download import Service, children, cpu_of, service
from bench.site import site

WRK = shutil.which("wrk") or "wrk"
FOLLOWERS, BUSY = 200, 32
THREADS = 256  # of gunicorn.conf.py, as it comes
LATENCY = 600  # milliseconds of each picture
SECONDS = 8


class Followers(threading.Thread):
    """Clients of the event stream of one download, that count what they are told."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.events = 0
        self._selector = selectors.DefaultSelector()
        for _ in range(FOLLOWERS):
            self._selector.register(_ask(f"{url}/events"), selectors.EVENT_READ)

    def run(self) -> None:
        """Read until all streams have ended."""
        while streams := self._selector.get_map():
            for key, _ in self._selector.select(1) if streams else ():
                told = key.fileobj.recv(1 << 16)
                self.events += told.count(b"event: progress")
                if not told:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()


class Uploaders(threading.Thread):
    """Clients that send a body a byte a second, as many as there are threads."""

    HEADER = (
        "POST /images HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000\r\n\r\n{"
    )

    def __init__(self, url: str, count: int) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(url)
        self._connections = [
            socket.create_connection((parts.hostname, parts.port)) for _ in range(count)
        ]
        for connection in self._connections:
            connection.sendall(self.HEADER.encode())
            connection.setblocking(False)
        self.refused = 0
        self.ended = threading.Event()

    def run(self) -> None:
        """Send until the end; who is refused comes back no more."""
        while not self.ended.wait(1):
            for connection in list(self._connections):
                with suppress(BlockingIOError):
                    if connection.recv(1 << 16):
                        self.refused += 1
                        self._connections.remove(connection)
                        connection.close()
                with suppress(OSError):
                    connection.sendall(b" ")


def _ask(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port))
    connection.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return connection


def measure(ours: Service) -> list[float]:
    """Ask /healthz again and again; return how many milliseconds each took."""
    taken = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.perf_counter()
        requests.get(f"{ours.url}/healthz", timeout=30).raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.05)
    return taken


def line(title: str, ours: Service) -> None:
    """Measure, and print it."""
    [worker] = children(ours.master)
    cpu = cpu_of([worker])
    taken = measure(ours)
    cpu = cpu_of([worker]) - cpu
    memory = Path(f"/proc/{worker}/statm").read_text().split()[1]
    open_files = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    print(
        f"{title:36}{median(taken):9.1f} ms{quantiles(taken, n=100)[98]:9.1f} ms"
        f"{max(taken):9.1f} ms{cpu / SECONDS:9.0%}{int(memory) * 4 / 1024:7.0f} MiB{open_files:6}",
        flush=True,
    )


def busy(ours: Service, what: str, path: str) -> None:
    """Measure while busy clients ask for one thing."""
    command = [WRK, "-t1", f"-c{BUSY}", f"-d{SECONDS + 1}s", ours.url + path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as clients:
        line(f"and {BUSY} busy with {what}", ours)
        told = clients.communicate()[0]
    [rate] = [part.split()[1] for part in told.splitlines() if part.startswith("Requests/sec")]
    print(f"    {rate} of these a second")


def main() -> None:
    """Measure alone, with followers, and with busy clients besides."""
    with (
        tempfile.TemporaryDirectory() as storage,
        site() as origin,
        service(Path(storage)) as ours,
    ):
        print(
            f"{'/healthz':36}{'median':>9}   {'99 %':>9}   {'longest':>9}         CPU  memory files"
        )
        line("alone", ours)
        uploaders = Uploaders(ours.url, THREADS)
        uploaders.start()
        time.sleep(2)
        line(f"{THREADS} upload a byte a second", ours)
        print(f"    {uploaders.refused} of them were refused")
        uploaders.ended.set()
        uploaders.join()
        page = {"url": f"{origin}{LATENCY}/"}
        followed = requests.post(f"{ours.url}/download", json=page, timeout=30).json()
        followers = Followers(ours.url + followed["download_url"])
        followers.start()
        while followers.events < FOLLOWERS:
            time.sleep(0.1)  # until all have come
        line(f"{FOLLOWERS} followers", ours)
        image = requests.get(f"{ours.url}/images?limit=1", timeout=30).json()["images"][0]["id"]
        busy(ours, "an image's details", f"/images/{image}")
        busy(ours, "a list", "/images?limit=50")
        print(f"{followers.events} events were told")


if __name__ == "__main__":
    main()
