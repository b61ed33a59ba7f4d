"""A zip of 200 MB by nginx: as the application's answer, and as a static file of its own.

Both go through the same nginx, with the configuration of `deploy/nginx` and one location more, to
a client that throws away what it reads. The servers have one core and the client another: left to
the system, they share one at random, and a transfer takes 20 or 60 ms. CPU is that of nginx and of
gunicorn's workers. Then what slow readers, which take a first piece and no more, cost others: by
nginx, and by gunicorn alone.
"""

import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from app import create_app
from app.database.connection import db
from app.database.ids import now
from app.database.models import Download, Status
from app.settings import Settings
from app.storage import Member, archive_key, write_archive
from bench import Cost, compare, on
from bench.download import children, cpu_of, service
from tests.nginx import NGINX, Nginx

MEMBERS, MEMBER_BYTES = 50, 4_000_000
LARGE = 10  # transfers of the zip a turn
SLOW = 4  # readers
SMALL = 10  # requests a turn
PATIENCE = 3  # seconds
STATIC = {"location / {": "location /static-files/ { alias $storage/archives/; } location / {"}


def keep_archive(folder: Path) -> tuple[str, str]:
    """Store a finished download; return the paths of its zip, in the API and in the storage."""
    storage = create_app(Settings(storage_dir=folder)).extensions["storage"]
    storage.open_parts("bench")
    download = Download.create(
        url="https://example.com/", limit=MEMBERS, status=Status.FINISHED, attempts=1
    )
    archive = archive_key(download.id, 1)
    content = secrets.token_bytes(MEMBER_BYTES)
    members = [Member(f"{number:02}.png", content) for number in range(1, MEMBERS + 1)]
    write_archive(storage, archive, members, now())
    db.close()
    return f"/download/{download.id}", archive.removeprefix("archives/")


def ask(url: str, buffer: int | None = None) -> socket.socket:
    """Send a request; return the connection, to read from."""
    parts = urlsplit(url)
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((parts.hostname, parts.port))
    head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def drain(url: str) -> int:
    """Get something and throw it away; return how many bytes it had."""
    count, buffer = 0, bytearray(1 << 20)
    with ask(url) as connection:
        while read := connection.recv_into(buffer):
            if not count and b" 200 " not in buffer[:16]:
                raise SystemExit(f"{url}: {bytes(buffer[:read])!r}")
            count += read
    return count


@contextmanager
def slow_readers(url: str) -> Iterator[None]:
    """Have some clients that ask for a file and stop reading soon."""
    with ExitStack() as readers:
        for _ in range(SLOW):
            reader = readers.enter_context(ask(url, 4096))
            if reader.recv(12) != b"HTTP/1.1 200":
                raise SystemExit("a slow reader got no file")
        yield


def peak(process: int) -> int:
    """Return the most memory that a process has had so far, in KiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def throughput(nginx: str, workers: list[int], zip_path: str, static_path: str) -> None:
    """Compare the two ways through nginx, and tell what memory they took."""

    def turn(path: str) -> Cost:
        cpu, wall = cpu_of(workers), time.perf_counter()
        for _ in range(LARGE):
            if drain(nginx + path) < MEMBERS * MEMBER_BYTES:
                raise SystemExit(f"{path} came in part")
        cpu, wall = cpu_of(workers) - cpu, time.perf_counter() - wall
        return Cost(cpu / LARGE, wall / LARGE)

    turn(zip_path)
    before = [peak(worker) for worker in workers]
    compare(
        f"a zip of {MEMBERS * MEMBER_BYTES // 1_000_000} MB through nginx",
        15,
        ("a static file", lambda: turn(f"/static-files/{static_path}")),
        ("X-Accel-Redirect", lambda: turn(zip_path)),
        "wall at most 1.11, so throughput at least 0.9",
    )
    grown = max(peak(worker) - old for worker, old in zip(workers, before, strict=True))
    print(f"  memory of no process of nginx and gunicorn grew by more than {grown} KiB")


def beside_slow_readers(name: str, base: str, workers: list[int], zip_path: str) -> None:
    """Compare small requests alone with the same ones beside slow readers."""

    def turn() -> Cost:
        cpu, wall = cpu_of(workers), time.perf_counter()
        for _ in range(SMALL):
            drain(f"{base}{zip_path}/status")
        cpu, wall = cpu_of(workers) - cpu, time.perf_counter() - wall
        return Cost(cpu / SMALL, wall / SMALL)

    def turn_beside() -> Cost:
        with slow_readers(base + zip_path):
            return turn()

    title = f"a status document by {name}"
    beside = (f"beside {SLOW} slow readers of the zip", turn_beside)
    compare(title, 15, ("alone", turn), beside, "near 1")


def starve(base: str, zip_path: str) -> None:
    """Tell what happens where there are no more threads than slow readers."""
    with slow_readers(base + zip_path):
        try:
            drain(f"{base}/healthz")
        except TimeoutError:
            told = f"no answer within {PATIENCE} s: each slow reader holds a thread"
        else:
            told = "an answer all the same"
    print(f"\ngunicorn alone with {SLOW} threads and {SLOW} slow readers: {told}")


def main() -> None:
    """Compare throughput, then what slow readers do."""
    if not Path(NGINX).exists():
        print("\na zip through nginx: not measured, because nginx is not installed")
        return
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place, ExitStack() as running:
        folder = Path(place)
        zip_path, static_path = keep_archive(folder)
        with on(cores[0]):
            behind = running.enter_context(service(folder, DOWNLOADER_ACCEL="/stored/"))
            address = urlsplit(behind.url).netloc
            nginx = running.enter_context(Nginx(folder / "nginx", address, folder, STATIC))
            alone = running.enter_context(service(folder))
            few = running.enter_context(service(folder, GUNICORN_CMD_ARGS=f"--threads {SLOW}"))
        drain(f"{nginx.url}/healthz")
        workers = children(behind.master) + children(nginx.process.pid)
        with on(cores[-1]):
            throughput(nginx.url, workers, zip_path, static_path)
            beside_slow_readers("nginx", nginx.url, workers, zip_path)
            beside_slow_readers("gunicorn", alone.url, children(alone.master), zip_path)
            starve(few.url, zip_path)


if __name__ == "__main__":
    main()
