"""What the file system of a folder is and can do, for one process and between several."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h


def link_or_copy(path: Path, copy: Path) -> None:
    """Link a file under another name, or copy it where that is not possible."""
    try:
        copy.hardlink_to(path)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copy2(path, copy)


def start_writeback(descriptor: int) -> None:
    """Have the system begin to write a file to the disk, so that less is left for a sync."""
    system = _system()
    system.sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE)  # fsync tells of errors


@cache
def _system() -> Any:
    """Load what Python lacks; whoever syncs nothing does without."""
    import ctypes

    system = ctypes.CDLL(None)
    offset = ctypes.c_int64
    system.sync_file_range.argtypes = ctypes.c_int, offset, offset, ctypes.c_uint
    return system


def file_system(path: Path) -> str:
    """Return the kind of file system that a folder is on, as Linux calls it; else nothing."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            fields = line.split()
            if fields[2] == wanted:
                return fields[fields.index("-") + 1]
    return ""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock that one process has at a time; the kernel frees that of a dead one."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
