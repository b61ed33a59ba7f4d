"""A real nginx with the configuration of `deploy/nginx`, in front of what a test puts behind it."""

import json
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

import pytest

from tests.server import kill

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or "nginx"
CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nginx"

needs_nginx = pytest.mark.skipif(
    not Path(NGINX).exists() and os.environ.get("CI") != "true", reason="nginx is not installed"
)


def configure(folder: Path, changed: dict[str, str]) -> None:
    """Put the configuration into a folder, other words in it in place of some of its own."""
    folder.mkdir(exist_ok=True)
    files = {path.name: path.read_text() for path in CONFIGURATION.glob("*.conf")}
    for old, new in changed.items():
        assert any(old in text for text in files.values()), old
        files = {name: text.replace(old, new) for name, text in files.items()}
    for name, text in files.items():
        (folder / name).write_text(text)


class Nginx:
    """An nginx on a port of its own; some words of its configuration may be `changed`."""

    def __init__(
        self, folder: Path, application: str, storage: Path, changed: dict[str, str] | None = None
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._folder = folder
        self.address = "{}:{}".format(*self._listener.getsockname())
        self.url = f"http://{self.address}"
        self._log = folder / "access.log"
        self._errors = folder / "error.log"
        places = {
            "/tmp/": f"{folder}/",
            "app:8000": application,
            "/srv/storage": f"{storage}",
            "listen 8000": f"listen {self.address}",
            "/dev/stdout": f"{self._log}",
            "processes auto": "processes 1",  # more may be starting still when it ends
        }
        configure(folder, places | (changed or {}))

    def start(self) -> None:
        directives = "daemon off;" + "user root;" * (os.geteuid() == 0)
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [NGINX, "-e", "stderr", "-c", self._folder / "nginx.conf", "-g", directives],
                # As when its binary is replaced, it takes over a socket that listens already.
                env={"NGINX": f"{self._listener.fileno()};"},
                pass_fds=[self._listener.fileno()],
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def kill(self) -> None:
        """Kill it with all that it started, as a power cut would."""
        kill(self.process)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        status = self.process.wait(timeout=30)
        self._listener.close()
        assert status == 0, self._errors.read_text()

    def lines(self, count: int) -> list[dict[str, Any]]:
        """Read so many lines of the access log; each is written when its answer has been sent."""
        pause = threading.Event()
        for _ in range(500):
            lines = self._log.read_text().splitlines()
            if len(lines) >= count:
                return [json.loads(line) for line in lines]
            pause.wait(0.02)
        raise AssertionError(f"{len(lines)} lines")
