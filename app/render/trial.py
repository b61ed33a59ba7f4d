"""Whether a browser can be run here behind its walls: tried before the service starts."""

import os
from pathlib import Path

from app.errors import ConfigurationError
from app.fetch import Fetcher
from app.render.browser import Browser
from app.render.failures import CommandFailed, RenderFailed
from app.settings import Settings


def verify(settings: Settings) -> None:
    """Open an empty page.

    Raises:
        ConfigurationError: it cannot be run, or not with its sandbox and in its own network.
    """
    name = "DOWNLOADER_BROWSER"
    if os.geteuid() == 0:
        raise ConfigurationError(f"{name}: no browser is run as root; run this as another user")
    if not (Path(settings.browser).is_absolute() and os.access(settings.browser, os.X_OK)):
        raise ConfigurationError(f"{name}: {settings.browser} is no program; give its whole path")
    try:
        with Fetcher(settings) as fetcher, Browser(settings, fetcher) as browser:
            _open_page(browser)
    except RenderFailed as failure:
        raise ConfigurationError(
            f"{name}: {settings.browser} cannot be run: {failure}; it needs user namespaces,"
            " see docs/operations.md"
        ) from failure


def _open_page(browser: Browser) -> None:
    """Start a process for a page, which Chromium does in its sandbox alone."""
    tools = browser.devtools
    try:
        target = tools.call("Target.createTarget", url="about:blank")["targetId"]
        session = tools.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tools.call("Runtime.evaluate", session, expression="1")
    except (RenderFailed, CommandFailed) as failure:
        raise RenderFailed(browser.stderr_tail() or str(failure)) from failure
