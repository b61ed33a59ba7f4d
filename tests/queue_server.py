"""A real Redis, of Debian's package `redis-server`, or a Valkey."""

import shutil
from pathlib import Path

import redis

from tests.server import Server, free_ports, program


class RedisServer(Server):
    """A Redis on a port of its own."""

    def __init__(self, folder: Path, *, append_only: bool = False) -> None:
        name = "valkey-server" if shutil.which("valkey-server") else "redis-server"
        self._program = program(name, "apt-get install redis-server")
        super().__init__(folder)
        [self._port] = free_ports(1)
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.append_only = append_only  # from the next start on

    def command(self) -> list[str]:
        options = {
            "port": f"{self._port}",
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "yes" if self.append_only else "no",
        }
        return [self._program, *(word for name in options for word in (f"--{name}", options[name]))]

    def is_ready(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                client.ping()
            except redis.ConnectionError:
                return False
            return True
