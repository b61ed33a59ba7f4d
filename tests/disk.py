"""Disks that fail: at their Nth operation, and for want of room."""

import io
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

CALLS = ("mkdir", "open", "rename", "rmdir", "unlink")


class FaultyDisk:
    """Operations number `first` (from 1) to `last` fail with a code, until it is repaired.

    Every call of this process that touches a file below `root` counts, whoever makes it. Open
    files fail where the kernel would fail them, below Python's buffers.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.done: list[str] = []  # names of operations, since the last order to fail
        self.failed: list[str] = []
        self.repair()
        for name in CALLS:
            monkeypatch.setattr(os, name, self._counting(name, getattr(os, name)))
        monkeypatch.setattr(os, "fsync", self._sync)
        monkeypatch.setattr(io, "open", self._opening(io.open))

    def fail(self, code: int, first: int, last: float) -> None:
        self.code, self.first, self.last = code, first, last
        self.done, self.failed = [], []

    def repair(self) -> None:
        self.first, self.last = 1, 0

    def count(self, name: str, path: str) -> None:
        """Count an operation on a file of ours; fail if it is its turn."""
        if not Path(path).is_relative_to(self.root):
            return
        self.done.append(name)
        if self.first <= len(self.done) <= self.last:
            self.failed.append(name)
            raise OSError(self.code, os.strerror(self.code), path)

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(path: Any, *args: Any, **values: Any) -> Any:
            self.count(name, os.fsdecode(path))
            return call(path, *args, **values)

        return counting

    def _sync(self, descriptor: int) -> None:
        """Count it and lose no time: the tests do not cut the power."""
        self.count("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def _opening(self, plain_open: Callable[..., Any]) -> Callable[..., Any]:
        def opening(path: Any, mode: str = "r", *args: Any, **values: Any) -> Any:
            if "b" not in mode or isinstance(path, int):
                return plain_open(path, mode, *args, **values)
            self.count("open", os.fsdecode(path))
            file = File(path, mode, self)
            if "+" in mode:
                return io.BufferedRandom(file)
            return io.BufferedReader(file) if "r" in mode else io.BufferedWriter(file)

        return opening


class File(io.FileIO):
    """An open file of a faulty disk; what it is given to write, it reads back from memory."""

    def __init__(self, path: Any, mode: str, disk: FaultyDisk) -> None:
        super().__init__(path, mode.replace("b", ""))
        self._disk = disk

    def write(self, data: Any) -> int:
        self._disk.count("write", str(self.name))
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self._disk.count("truncate", str(self.name))
        return super().truncate(size)

    def readinto(self, buffer: Any) -> int:
        if not self.writable():
            self._disk.count("read", str(self.name))
        return super().readinto(buffer)


class SmallDisk:
    """A file system in memory, of two megabytes."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path
        self.ballast = path / "ballast"

    def mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", f"size=2m,{options}", "tmpfs", str(self.path)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def fill(self, but: int = 0) -> None:
        """Leave no room, or some bytes of it."""
        with suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with self.ballast.open("r+b") as file:
            file.truncate(self.ballast.stat().st_size - but)

    def free(self) -> None:
        self.ballast.unlink()
