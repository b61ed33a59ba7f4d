"""Servers of the tests' own: each is a process that may be killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

SECONDS = 60  # to start, on a busy machine


def program(name: str, installed_by: str, *folders: Path) -> str:
    """Return the path of a server's program; skip the test where it is not installed."""
    places = [*map(str, folders), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(places))
    if not found:
        reason = f"{name} is not installed: {installed_by}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_ports(count: int) -> list[int]:
    """Return ports that are free now."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all that it started, as a power cut would."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    for pid in [process.pid, *map(int, children.split())]:
        os.kill(pid, signal.SIGKILL)
    process.wait()


class Server:
    """A server that keeps what it has over a restart, in a folder with its log."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder

    def command(self) -> Sequence[str | Path]:
        """Return what starts it."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Tell whether it can be used."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        path = self.folder / "log"
        with path.open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while not self.is_ready():
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            raise AssertionError(path.read_text()[-3000:])

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        kill(self.process)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
