"""A host of its own: a network namespace at the end of one cable, which can be cut."""

import os
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

import pytest

HERE, THERE = "198.18.77.1", "198.18.77.2"  # the two ends


class Relay(socketserver.ThreadingTCPServer):
    """Passes on to loopback what comes by the cable."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__((HERE, port), Passage)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Passage(socketserver.BaseRequestHandler):
    """One connection, both ways."""

    def handle(self) -> None:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.server.server_address[1])) as inner,
        ):
            back = threading.Thread(target=copy, args=[inner, self.request], daemon=True)
            back.start()
            copy(self.request, inner)
            back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


class Host:
    """What listens on some ports of loopback here is reached at the same ports of `HERE` there."""

    def __init__(self, ports: Iterable[int]) -> None:
        self._name = f"host{os.getpid()}"
        self._ports = list(ports)
        self._stack = ExitStack()
        self.prefix = ["ip", "netns", "exec", self._name]  # of a command that is run there

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            pytest.skip("only root adds a network namespace")
        if subprocess.run(["ip", "netns", "add", self._name], check=False).returncode:
            pytest.skip("no network namespace may be added here")
        self._stack.callback(self._ip, "netns", "del", self._name)  # its cable goes with it
        near, far = f"{self._name}a"[-15:], f"{self._name}b"[-15:]
        self._near = near
        self._ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self._name)
        self._ip("address", "add", f"{HERE}/30", "dev", near)
        self._ip("link", "set", near, "up")
        self._ip("-n", self._name, "address", "add", f"{THERE}/30", "dev", far)
        for device in far, "lo":
            self._ip("-n", self._name, "link", "set", device, "up")
        for port in self._ports:
            relay = Relay(port)
            self._stack.callback(relay.server_close)
            self._stack.callback(relay.shutdown)
        return self

    def cut(self) -> None:
        """Have nothing come or go; nobody is told."""
        self._ip("link", "set", self._near, "down")

    def repair(self) -> None:
        self._ip("link", "set", self._near, "up")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @staticmethod
    def _ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)
