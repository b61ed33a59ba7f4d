"""Programs as a user that is not root: the browser keeps its sandbox."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534
CHROMIUM = shutil.which("chromium-headless-shell") or ""


@cache
def prefix() -> tuple[str, ...]:
    """Return what runs a command as nobody, if we are root.

    Where our interpreter lies in a folder of root's, it may be read there; nothing else.
    """
    if os.geteuid():
        return ()
    plain = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    for capabilities in ("-all", "-all,+dac_read_search"):
        command = (
            *plain,
            f"--inh-caps={capabilities}",
            f"--ambient-caps={capabilities}",
            f"--bounding-set={capabilities}",
        )
        # One that starts others, by their names.
        script = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
        if not subprocess.run(
            [*command, sys.executable, "-c", script], capture_output=True
        ).returncode:
            return command
    pytest.skip("nobody may run this interpreter")


def python(*arguments: str) -> list[str]:
    """Return the command that runs one of our programs as nobody."""
    return [*prefix(), sys.executable, "-B", *arguments]


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CI": os.environ.get("CI", "")}


@cache
def obstacle() -> str | None:
    """Return why no browser can be run here; None if one can."""
    if not CHROMIUM:
        return "Chromium is not installed"
    command = [*prefix(), "unshare", "--user", "--net", "true"]
    done = subprocess.run(command, capture_output=True, text=True)
    return f"no namespaces here: {done.stderr.strip()}" if done.returncode else None


def need_browser() -> None:
    """Skip where no browser can be run; CI has to have Chromium, though not namespaces."""
    if reason := obstacle():
        if os.environ.get("CI") == "true" and not CHROMIUM:
            pytest.fail("CI has to have Chromium")
        pytest.skip(reason)
