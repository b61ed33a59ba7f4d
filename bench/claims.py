"""What a claim costs when much waits: of many clients beside one, for many hosts beside one.

Rows are written and not synced, which costs the same on both sides and would hide the rest.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app import jobs
from app.database import sqlite
from app.database.connection import db
from app.database.ids import new_id, now
from app.database.models import Delivery, Image, Receiver
from app.jobs import Turn
from bench import Cost, compare

QUEUED, CLIENTS, CLAIMS, ROUNDS = 100_000, 1_000, 100, 21
STEP = 1_000  # rows of a statement
Kind = type[Image] | type[Delivery]


def queue_images(clients: int) -> None:
    """Have images wait, of so many clients in turn."""
    each = QUEUED // clients
    for number in range(clients):
        jobs.add_images((f"https://a.example/{n}" for n in range(each)), client=f"client{number}")


def queue_callbacks(hosts: int) -> None:
    """Have callbacks wait for so many hosts, of a thousand clients."""
    for first in range(0, QUEUED, STEP):
        Delivery.bulk_create(
            Delivery(job_id=new_id(), url="https://a/", host=f"{n % hosts}.example", body="{}")
            for n in range(first, first + STEP)
        )
    for first in range(0, hosts, STEP):  # all at once were more than a statement may have
        receivers = (
            {
                "host": f"{n}.example",
                "client": f"client{n % CLIENTS}",
                "ready_at": now(),
                "calls": "ready",
            }
            for n in range(first, min(first + STEP, hosts))
        )
        Receiver.insert_many(receivers).execute()


def side(folder: Path, kind: Kind, count: int, fill: Callable[[int], None]) -> Callable[[], Cost]:
    """Fill a database of its own; return what claims and hands back in it."""
    path = folder / f"{kind.__name__}{count}.db"
    sqlite.use(path, durable=False)
    db.migrate()
    with db.atomic():
        fill(count)
    db.close()

    def take() -> Cost:
        sqlite.use(path, durable=False)
        turn, cpu, began = Turn(), time.process_time(), time.perf_counter()
        for _ in range(CLAIMS):
            job = jobs.claim(kind, "bench", turn)
            assert job
            turn = Turn(after=job.client or "")
            jobs.hand_back(job)
        cost = Cost(time.process_time() - cpu, time.perf_counter() - began)
        db.close()
        return cost

    return take


def main() -> None:
    """Print both comparisons."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare(
            f"{CLAIMS} claims, each handed back, while {QUEUED:,} images wait",
            ROUNDS,
            (f"of {CLIENTS:,} clients", side(folder, Image, CLIENTS, queue_images)),
            ("of one client", side(folder, Image, 1, queue_images)),
            "at least 0.8",
        )
        compare(
            f"{CLAIMS} claims, each handed back, while {QUEUED:,} callbacks wait",
            ROUNDS,
            (f"for {QUEUED:,} hosts", side(folder, Delivery, QUEUED, queue_callbacks)),
            ("for one host", side(folder, Delivery, 1, queue_callbacks)),
            "at least 0.8",
        )


if __name__ == "__main__":
    main()
