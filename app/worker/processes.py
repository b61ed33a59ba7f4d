"""Which processes are at work on the jobs.

    processes/<name>    locked by the process of that name for as long as it lives

The kernel frees the lock of a process however it dies.
"""

import fcntl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from app.settings import Settings
from app.storage.disk import exclusive
from app.worker.leases import LeaseRegistry


class ProcessRegistry:
    """The live processes that share a folder, this one among them: there it is called `name`.

    `clean` frees what the dead process of a name has left behind.
    """

    def __init__(self, root: Path, clean: Callable[[str], None]) -> None:
        self.name = ""
        self._folder = root.absolute() / "processes"
        self._guard = root.absolute() / "processes.lock"
        self._clean = clean
        self._lock: IO[bytes] | None = None

    def register(self) -> str:
        """Enter this process under a new name until `unregister` or its death; return the name."""
        self.name = uuid4().hex
        self._folder.mkdir(exist_ok=True)
        with exclusive(self._guard):
            self._lock = (self._folder / self.name).open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self.name

    def unregister(self) -> None:
        """Leave; jobs that are still claimed by this name are free for others."""
        if self._lock:
            self._lock.close()
            self._lock = None
            self.remove_dead()

    def is_alive(self, name: str) -> bool:
        """Return whether the process of that name lives; once dead, it stays so."""
        try:
            with (self._folder / name).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def is_known(self) -> bool:
        """Return true: a lock holds for as long as its process lives."""
        return True

    def any_alive(self) -> bool:
        """Return whether any process lives."""
        return self._folder.is_dir() and any(
            self.is_alive(entry.name) for entry in self._folder.iterdir()
        )

    def remove_dead(self) -> None:
        """Remove dead processes, and first what they left behind."""
        with exclusive(self._guard):
            for entry in self._folder.iterdir():
                with suppress(OSError):  # the next turn tries again
                    if not self.is_alive(entry.name):
                        self._clean(entry.name)
                        entry.unlink()


Registry = ProcessRegistry | LeaseRegistry


def open_registry(settings: Settings, clean: Callable[[str], None]) -> Registry:
    """Return the registry of one machine, or that of several."""
    if settings.database_url:
        return LeaseRegistry(clean)
    return ProcessRegistry(settings.storage_dir, clean)
