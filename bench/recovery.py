"""The start with 100,000 unfinished jobs, half of them left running by a process that died.

The service's own engine runs in a process of its own, with a work that only ends what it claims:
the first end is when the first job ran, and all are claimable when none has the dead process.
"""

import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from app import create_app, jobs
from app.database.connection import db
from app.database.ids import stamp
from app.database.models import Download, Image, Status
from app.database.statements import insert
from app.settings import Settings
from app.worker.tasks import Tasks

FEW, MANY = 1_000, 100_000
DEAD = "0" * 32
STATUS = Path("/proc/self/status")
TARGETS = "targets: 0.5 s, 2 s, the same memory"


def fill(folder: Path, count: int) -> None:
    """Insert unfinished jobs, downloads and images in turn, every second one running."""
    create_app(Settings(storage_dir=folder))
    running = {"status": Status.RUNNING.value, "claimed_by": DEAD, "attempts": 1}
    queued = {"status": Status.QUEUED.value, "claimed_by": None, "attempts": 0}
    rows = [(running if number % 4 < 2 else queued) | stamp() for number in range(count)]
    asked = {"url": "http://127.0.0.1:9/", "limit": 50}
    with db.atomic():
        insert(Download, [Download().__data__ | asked | row for row in rows[::2]])
        insert(Image, [Image().__data__ | {"source_url": asked["url"]} | row for row in rows[1::2]])
    db.close()


def highest_memory() -> float:
    """Return the most memory that this process had at once, in MiB."""
    [line] = [one for one in STATUS.read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def start(folder: Path, pipe: Connection) -> None:
    """Start the engine; tell when the first job ran, when all were claimable, and the memory."""
    first = 0.0

    def end(_: Tasks, job: Download | Image) -> None:
        nonlocal first
        first = first or time.perf_counter() - began
        jobs.finish(job)

    Tasks._run = end  # type: ignore[method-assign]
    app = create_app(Settings(storage_dir=folder))
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
    before = highest_memory()
    began = time.perf_counter()
    app.extensions["engine"].start()
    while any(kind.select().where(kind.claimed_by == DEAD).exists() for kind in (Download, Image)):
        time.sleep(0.01)
    claimable = time.perf_counter() - began
    while not first:
        time.sleep(0.001)
    app.extensions["engine"].stop()
    pipe.send((first, claimable, highest_memory() - before))


def measure(count: int) -> None:
    """Print the figures of one start."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name), count)
        ours, theirs = context.Pipe()
        process = context.Process(target=start, args=(Path(name), theirs))
        process.start()
        first, claimable, grown = ours.recv()
        process.join()
    name = f"{count:,} unfinished"
    print(f"  {name:54}{first:8.3f} s{claimable:10.3f} s{grown:10.1f} MiB", flush=True)


def main() -> None:
    """Measure few and many."""
    print(f"\n{'start':56}{'first runs':>10}{'claimable':>12}{'grows by':>14}   {TARGETS}")
    for count in FEW, MANY:
        measure(count)


if __name__ == "__main__":
    main()
