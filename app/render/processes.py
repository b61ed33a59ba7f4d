"""The processes of a session, as /proc shows them: a browser has a dozen."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.setting_values import KiB


class Session:
    """The processes that a leader began, and those that these began."""

    def __init__(self, leader: int) -> None:
        self._leader = str(leader)
        self._others: set[str] = set()  # of other sessions: each is looked at once

    def memory(self) -> int:
        """Return the bytes of memory that they have for themselves.

        Shared memory is counted once: the process that has most of it.
        """
        private, shared = 0, [0]
        for process in self._processes():
            with suppress(OSError, ValueError):  # it has just ended
                fields = dict(
                    line.split(":", 1) for line in (process / "status").read_text().splitlines()
                )
                private += _kibibytes(fields, "RssAnon")
                shared.append(_kibibytes(fields, "RssShmem"))
        return (private + max(shared)) * KiB

    def kill(self) -> bool:
        """Kill them; tell whether there were any but zombies."""
        found = False
        for process in self._processes():
            found = True
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
        return found

    def _processes(self) -> Iterator[Path]:
        with os.scandir("/proc") as entries:
            names = {entry.name for entry in entries if entry.name.isdigit()}
        self._others &= names
        for process in map(Path("/proc").joinpath, names - self._others):
            with suppress(OSError, ValueError):
                state, _, _, own = _stat(process)[:4]
                if own != self._leader:
                    self._others.add(process.name)
                elif state not in "ZX":
                    yield process


def start_time(number: int | str) -> str | None:
    """Return when a process began, which tells it from others of its number; None: it has ended."""
    with suppress(OSError):
        fields = _stat(Path("/proc", str(number)))
        return fields[19] if fields[0] not in "ZX" else None
    return None


def _stat(process: Path) -> list[str]:
    """Return what is behind the name, which may hold anything: state, parent, group, session, …."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def _kibibytes(fields: dict[str, str], name: str) -> int:
    return int(fields.get(name, "0 kB").split()[0])
