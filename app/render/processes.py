"""The processes of a session, as /proc shows them: a browser has a dozen."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.setting_values import KiB


def memory(session: int) -> int:
    """Return the bytes of memory that a session's processes have for themselves.

    Shared memory is counted once: the process that has most of it.
    """
    private, shared = 0, [0]
    for process in _of(session):
        with suppress(OSError, ValueError):  # it has just ended
            fields = dict(
                line.split(":", 1) for line in (process / "status").read_text().splitlines()
            )
            private += _kibibytes(fields, "RssAnon")
            shared.append(_kibibytes(fields, "RssShmem"))
    return (private + max(shared)) * KiB


def kill(session: int) -> bool:
    """Kill the processes of a session; tell whether there were any but zombies."""
    found = False
    for process in _of(session):
        found = True
        with suppress(ProcessLookupError):
            os.kill(int(process.name), signal.SIGKILL)
    return found


def _of(session: int) -> Iterator[Path]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):
                # Behind the name, which may hold anything: state, parent, group, session.
                state, _, _, own = (process / "stat").read_text().rpartition(")")[2].split()[:4]
                if own == str(session) and state not in "ZX":
                    yield process


def _kibibytes(fields: dict[str, str], name: str) -> int:
    return int(fields.get(name, "0 kB").split()[0])
