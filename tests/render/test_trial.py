"""The start is refused where no browser can be run behind its walls."""

import os
import subprocess

import pytest

from app.errors import ConfigurationError
from app.render import trial
from app.settings import Settings
from tests.render.unprivileged import CHROMIUM, environment, need_browser, python

SCRIPT = """
import sys
from app.errors import ConfigurationError
from app.render import trial
from app.settings import Settings
try:
    trial.verify(Settings(browser=sys.argv[1]))
except ConfigurationError as error:
    sys.exit(str(error))
"""


def refusal(browser: str, *prefix: str) -> str:
    """Try a browser as nobody; return why it is refused, or nothing."""
    command = [*prefix, *python("-c", SCRIPT, browser)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert bool(done.returncode) == bool(done.stderr)
    return done.stderr.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to refuse it")
def test_root_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no browser is run as root"):
        trial.verify(Settings(browser="/bin/true"))


def test_a_browser_that_works_is_accepted() -> None:
    need_browser()
    assert refusal(CHROMIUM) == ""


@pytest.mark.parametrize(
    ("browser", "reason"),
    [
        ("/nowhere/chromium", "give its whole path"),
        ("chromium-headless-shell", "give its whole path"),
        ("/bin/false", "the browser has ended by itself"),
    ],
)
def test_what_is_no_browser_is_refused(browser: str, reason: str) -> None:
    need_browser()
    said = refusal(browser)
    assert said.startswith("DOWNLOADER_BROWSER: ")
    assert reason in said
