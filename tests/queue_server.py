"""A real Redis, of Debian's package `redis-server`."""

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Self

import pytest
import redis

from tests.server import free_ports

SECONDS = 30


class RedisServer:
    """A server on a port of its own; it may be killed and started again."""

    def __init__(self, folder: Path, *, append_only: bool = False) -> None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        if not found:
            if os.environ.get("CI") == "true":
                pytest.fail("redis-server is not installed")
            pytest.skip("redis-server is not installed")
        folder.mkdir(exist_ok=True)
        [self.port] = free_ports(1)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._log = folder / "log"
        self._command = [found, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._command += ["--dir", str(folder)]
        self.append_only = append_only  # from the next start on

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [*self._command, "--appendonly", "yes" if self.append_only else "no"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        pause = threading.Event()
        with redis.Redis.from_url(self.url) as client:
            for _ in range(SECONDS * 50):
                try:
                    client.ping()
                except redis.ConnectionError:
                    assert self.process.poll() is None, self._log.read_text()
                    pause.wait(0.02)
                else:
                    return
        raise AssertionError(self._log.read_text())

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
