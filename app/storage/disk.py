"""What the file system of a folder is and can do."""

import os
import shutil
from contextlib import suppress
from pathlib import Path


def link_or_copy(path: Path, copy: Path) -> None:
    """Link a file under another name, or copy it where that is not possible."""
    try:
        copy.hardlink_to(path)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copy2(path, copy)


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
