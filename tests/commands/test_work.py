"""A worker as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path


def test_without_a_queue_it_is_refused_and_says_what_does_the_jobs(tmp_path: Path) -> None:
    environment = {**os.environ, "DOWNLOADER_STORAGE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "app", "work"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: there is no queue: set DOWNLOADER_DATABASE_URL,")
    assert "`serve` does the jobs by itself" in done.stderr


def test_an_address_that_cannot_be_had_is_refused() -> None:
    for address in "9100", "127.0.0.1:port", "127.0.0.1:70000":
        command = [sys.executable, "-m", "app", "work", "--metrics", address]
        done = subprocess.run(command, capture_output=True, text=True)

        assert done.returncode == 2
        assert f"--metrics: {address}: " in done.stderr
