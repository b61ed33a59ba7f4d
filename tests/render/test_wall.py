"""The program that becomes the browser; here it becomes another one, which says how it is."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.render import wall
from app.render.browser import WALL
from tests.render.unprivileged import prefix

AUTOGROUP = Path("/proc/self/autogroup")


def become(script: str) -> str:
    """Return what a shell says that runs behind the wall, by the pipe of the browser's answers."""
    ours, control = socket.socketpair()
    (commands, to_browser), (from_browser, answers) = os.pipe(), os.pipe()
    theirs = [control.fileno(), commands, answers]
    command = [*prefix(), sys.executable, "-I", WALL, *map(str, theirs)]
    with ours, control, os.fdopen(from_browser) as answer:
        done = subprocess.run(
            [*command, "/bin/sh", "-c", script], pass_fds=theirs, start_new_session=True
        )
        for descriptor in commands, to_browser, answers:
            os.close(descriptor)
        if (said := ours.recv(200)) != b"+":
            pytest.skip(f"no namespaces here: {said.decode()}")
        assert done.returncode == 0
        return answer.read()


def test_a_browser_leaves_the_processor_to_others() -> None:
    assert become("nice >&4") == f"{os.nice(0) + wall.NICENESS}\n"


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="sessions have no shares of the processor here")
def test_so_does_its_session() -> None:
    found = re.search(r"nice (\d+)", become(f"cat {AUTOGROUP} >&4"))
    assert found
    assert int(found[1]) == wall.NICENESS
