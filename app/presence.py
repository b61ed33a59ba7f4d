"""Which processes are at work in a folder, and what the dead ones left half written.

    parts/<owner>/…      being written by the process `owner`
    processes/<owner>    locked by the process `owner` for as long as it lives

The kernel frees the lock of a process however it dies.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4


class Presence:
    """One process among those that share a folder; `owner` is its name there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.owner = uuid4().hex
        self._parts = root / "parts"
        self._processes = root / "processes"
        self._presence: IO[bytes] | None = None

    def make_folders(self) -> None:
        """Make the folders, this one included.

        Raises:
            OSError: it cannot be written.

        """
        for folder in self._parts, self._processes:
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a lock that one process has at a time; others wait."""
        with (self.root / f"{name}.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def appear(self) -> None:
        """Take a new name for this process and show that it lives, until `vanish` or its death."""
        self.owner = uuid4().hex
        with self.locked("processes"):
            self._presence = (self._processes / self.owner).open("wb")
            fcntl.flock(self._presence, fcntl.LOCK_EX)
            (self._parts / self.owner).mkdir()

    def vanish(self) -> None:
        """Take leave; jobs that still carry this owner are free for others."""
        if self._presence:
            self._presence.close()
            self._presence = None
            self.bury_dead()

    def lives(self, owner: str) -> bool:
        """Tell whether the process of that name is alive; once dead, it stays so."""
        try:
            with (self._processes / owner).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def bury_dead(self) -> None:
        """Remove what dead processes left half written."""
        with self.locked("processes"):
            for presence in self._processes.iterdir():
                with suppress(OSError):  # the next turn tries again
                    if not self.lives(presence.name):
                        self._remove_parts(presence.name)
                        presence.unlink()

    def _remove_parts(self, owner: str) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._parts / owner)
