"""What it takes to move 10,000 images from one machine to servers, killed five times on the way.

PostgreSQL and SeaweedFS run beside it, on this machine. In the end each row and each file is read
on both sides and compared.
"""

import os
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from app import jobs
from app.database import sqlite
from app.database.connection import db
from app.database.models import Image, Status
from app.storage import FolderStorage, ObjectStorage, image_key
from tests.object_store import KEYS, SeaweedFS
from tests.postgresql import ON_POSTGRESQL, Postgresql, use_postgresql
from tests.samples import picture

IMAGES, KILLS, KILL_SECONDS = 10_000, 5, 2.5
COMMAND = [sys.executable, "-m", "app", "migrate-storage"]
ROWS = Image.select().order_by(Image.id).dicts()


def fill(folder: Path) -> FolderStorage:
    """Store images of one machine, each of other bytes."""
    storage = FolderStorage(folder)
    storage.prepare()
    sqlite.use(storage.database, durable=False)
    db.migrate()
    with db.atomic():
        for image in jobs.add_images(f"https://a.example/{n}.png" for n in range(IMAGES)):
            content = picture("png", image.id.int % 1000) + image.id.bytes
            path = folder / image_key(image.id, 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            facts = {"bytes": len(content), "sha256": sha256(content).hexdigest(), "attempts": 1}
            Image.update(status=Status.FINISHED, **facts).where(Image.id == image.id).execute()
    db.close()
    return storage


def move(variables: dict[str, str]) -> None:
    """Move it, and kill that again and again, later each time."""
    for number in range(1, KILLS + 1):
        process = subprocess.Popen(COMMAND, env=variables, stderr=subprocess.DEVNULL)
        try:
            process.wait(KILL_SECONDS * number)
            raise SystemExit("it was done before it could be killed: move more")
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        print(f"  killed after {KILL_SECONDS * number:.1f} s", flush=True)
    began = time.perf_counter()
    subprocess.run(COMMAND, env=variables, stderr=subprocess.DEVNULL, check=True)
    print(f"  moved in the end within {time.perf_counter() - began:.1f} s", flush=True)


def rows() -> list[dict[str, Any]]:
    """Read all images of the database that is in use."""
    found = list(ROWS.bind(db).clone())
    db.close()
    return found


def main() -> None:
    """Move and compare."""
    if not ON_POSTGRESQL:  # psycopg can be imported where that is known before the application is
        command = [sys.executable, "-m", "bench.migrate"]
        os.execve(
            command[0], command, os.environ | {"POSTGRESQL": "1", "DOWNLOADER_DATABASE_URL": ""}
        )
    os.environ.update(KEYS)
    with (
        tempfile.TemporaryDirectory() as name,
        SeaweedFS(Path(name, "objects")) as objects,
        Postgresql() as server,
    ):
        folder = Path(name, "storage")
        here, there = fill(folder), objects.url("moved")
        print(f"\n{IMAGES:,} images moved to servers", flush=True)
        move(
            os.environ
            | {
                "DOWNLOADER_STORAGE_DIR": str(folder),
                "DOWNLOADER_DATABASE_URL": server.url,
                "DOWNLOADER_QUEUE_URL": "redis://127.0.0.1:1/0",
                "DOWNLOADER_STORAGE_URL": there,
            }
        )
        wanted = rows()
        use_postgresql(server.url)
        found = rows()
        bucket = ObjectStorage(there)
        keys = [entry.key for entry in here.walk("images")]
        same = sum(bucket.read(key) == here.read(key) for key in keys)
        print(f"  {sum(map(dict.__eq__, wanted, found)):,} of {len(wanted):,} rows are the same")
        print(f"  {same:,} of {len(keys):,} files are, {len(list(bucket.walk('images'))):,} there")
        db.disconnect()


if __name__ == "__main__":
    main()
