"""The real service: gunicorn in a process of its own, over real sockets."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parent.parent.parent
SECONDS = 60  # what a test waits at most for something that should happen soon


# Below those that the system gives to whoever connects; each process of a test run has its own.
_ports = count(10_000 + os.getpid() % 220 * 100)


def free_port() -> int:
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


class Service:
    """A gunicorn on a storage folder; it may be killed and started again."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.port = free_port()
        self.log = self.errors = folder / "log"
        self.environment = {
            **os.environ,
            "DOWNLOADER_STORAGE_DIR": str(folder / "storage"),
            "DOWNLOADER_ALLOW_NETWORKS": "127.0.0.0/8",
            **variables,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.command: list[str | Path] = [sys.executable, "-m", "gunicorn"]
        self.command += ["-b", f"127.0.0.1:{self.port}", "wsgi:app"]
        self.place = ROOT  # where that is called

    def launch(self, *flags: str) -> None:
        """Start it, without a wait."""
        self.log.touch()
        with self.errors.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, *flags],
                cwd=self.place,
                env=self.environment,
                stderr=log,
                process_group=0,
            )

    def start(self, *flags: str) -> None:
        self.launch(*flags)
        workers = int(flags[flags.index("--workers") + 1]) if "--workers" in flags else 1
        self.wait(self.listens)
        self.wait(lambda: self.get("/healthz").ok)
        self.wait(lambda: len(self.workers()) == workers)

    def wait(self, true: Callable[[], bool]) -> None:
        """Ask again and again until it is true; the service is another process."""
        pause = threading.Event()
        began = time.monotonic()
        while (waited := time.monotonic() - began) < SECONDS:
            if true():
                return
            pause.wait(min(0.01 + waited / 10, 0.1))  # to ask costs both sides time, too
        raise AssertionError(f"it did not happen; the log:\n{self.log.read_text()}")

    def listens(self) -> bool:
        """Tell whether connections are taken; fail where the service has ended instead."""
        assert self.process
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def workers(self) -> list[int]:
        """Return the process ids of gunicorn's workers."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def signal(self, number: int) -> None:
        """Send a signal to the whole service: the master and its workers."""
        assert self.process
        os.killpg(self.process.pid, number)
        self.process.wait(SECONDS)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SECONDS)

    def end(self) -> None:
        """Stop, and leave the log to pytest, which shows it where a test failed."""
        self.stop()
        if self.log.exists():
            sys.stdout.write(self.log.read_text())

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """Send a request, again where a worker died over it, as clients do."""
        options["headers"] = {"Connection": "close", **(headers or {})}  # a stop waits for the open
        answers: list[requests.Response] = []

        def answered() -> bool:
            assert self.process
            assert self.process.poll() is None, self.log.read_text()
            url = f"http://127.0.0.1:{self.port}{path}"
            with suppress(requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                answers.append(requests.request(method, url, timeout=SECONDS, **options))
            return bool(answers)

        self.wait(answered)
        return answers[0]

    def get(self, path: str) -> requests.Response:
        return self.ask("GET", path)

    def delete(self, path: str) -> None:
        answer = self.ask("DELETE", path)
        assert answer.status_code == 204, answer.text

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.ask("POST", path, json=body)
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Walk the list of downloads or images to its end."""
        path = "/download" if name == "downloads" else "/images"
        rows: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            told = self.get(f"{path}?limit=200" + (f"&cursor={cursor}" if cursor else "")).json()
            rows += told[name]
            cursor = told["next_cursor"]
        return rows

    def lines(self) -> list[dict[str, Any]]:
        """Read the log, each line of it a JSON object."""
        # Not splitlines(): it takes more than line feeds for ends, and paths may have all of them.
        *lines, _ = self.log.read_text().split("\n")  # the last is just being written, or empty
        return [json.loads(line) for line in lines]

    def end_of(self, path: str) -> requests.Response:
        """Follow a job to its end; return the answer that is no longer 202."""
        self.wait(lambda: self.get(path).status_code != 202)
        return self.get(path)


@contextmanager
def serving(folder: Path, *flags: str, **variables: str) -> Iterator[Service]:
    """Start a service, for as many tests as may share it."""
    service = Service(folder, **variables)
    try:
        service.start(*flags)
        yield service
    finally:
        service.end()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.end()
