"""A storage that moves from a folder to servers: nothing is lost, whenever it is interrupted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import jobs
from app.database.connection import db
from app.database.models import Download
from app.settings import Settings
from app.storage import FolderStorage, ObjectStorage
from app.worker.processes import ProcessRegistry
from tests.object_store import KEYS, SeaweedFS
from tests.postgresql import Postgresql
from tests.samples import add_image, picture
from tests.site import Site

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).parents[2]
PICTURES = 60


@pytest.fixture
def rows() -> Iterator[Postgresql]:
    with Postgresql() as server:
        yield server


@pytest.fixture
def variables(
    settings: Settings, rows: Postgresql, object_store: SeaweedFS, tmp_path: Path
) -> dict[str, str]:
    return {
        **os.environ,
        **KEYS,
        "DOWNLOADER_STORAGE_DIR": str(settings.storage_dir),
        "DOWNLOADER_DATABASE_URL": rows.url,
        "DOWNLOADER_QUEUE_URL": "redis://127.0.0.1:1/0",
        "DOWNLOADER_STORAGE_URL": object_store.url(tmp_path.name),
    }


def move(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "migrate-storage"]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


@pytest.fixture
def stored(site: Site, work: Callable[[], int]) -> Download:
    """A download of many pictures, single images, and one that failed."""
    tags = [f"<img src={site.file(f'/{n}.png', picture('png', n))}>" for n in range(PICTURES)]
    download = jobs.add_download(url=site.page("/", "".join(tags)), limit=PICTURES, manifest=True)
    for url in site.url("/1.png"), site.url("/missing.png"):
        add_image(url)
    work()
    add_image(site.url("/waits.png"))
    return jobs.get(Download, download.id)


def test_rows_and_files_are_the_same_however_often_it_was_killed(
    stored: Download,
    variables: dict[str, str],
    processes: ProcessRegistry,
    settings: Settings,
) -> None:
    processes.unregister()
    db.close()
    for number in range(5):
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "migrate-storage"],
            cwd=ROOT,
            env=variables,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.4 + 0.3 * number)  # another moment each time
        process.send_signal(signal.SIGKILL)
        process.wait()

    for _ in range(2):
        done = move(variables)
        assert done.returncode == 0, done.stderr
        assert "rows and 62 files are there" in done.stdout
    folder = FolderStorage(settings.storage_dir)
    bucket = ObjectStorage(variables["DOWNLOADER_STORAGE_URL"])
    keys = {entry.key for entry in folder.walk("images", "archives")}
    assert {entry.key for entry in bucket.walk("images", "archives")} == keys
    assert all(bucket.read(key) == folder.read(key) for key in keys)


def test_a_folder_in_use_is_refused(
    stored: Download, variables: dict[str, str], processes: ProcessRegistry
) -> None:
    done = move(variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a service runs in" in done.stderr


def test_a_database_with_other_rows_is_refused(
    stored: Download, variables: dict[str, str], processes: ProcessRegistry
) -> None:
    processes.unregister()
    assert move(variables).returncode == 0
    add_image("http://example.com/later.png")
    done = move(variables)

    assert done.returncode == 1
    assert "the database has other rows in 'image' than the folder" in done.stderr


def test_nowhere_to_go_is_told(tmp_path: Path) -> None:
    done = move({**os.environ, "DOWNLOADER_STORAGE_DIR": str(tmp_path)})

    assert (done.returncode, done.stdout) == (1, "")
    assert "there is nowhere to go: set DOWNLOADER_DATABASE_URL" in done.stderr
