"""Which processes are alive, and which of a number."""

import os
import subprocess
import sys
from pathlib import Path

from app.render.processes import start_time


def test_a_process_has_begun_until_it_ends() -> None:
    ours = start_time(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    assert ours == start_time(os.getpid())
    assert int(start_time(child.pid) or 0) >= int(ours or 0) > 0
    child.communicate()
    assert start_time(child.pid) is None


def test_a_zombie_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it ends, and stays to be waited for

    assert Path(f"/proc/{child.pid}").exists()
    assert start_time(child.pid) is None
    child.wait()
