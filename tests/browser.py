"""A real browser for the tests: Debian's Chromium, led by Playwright."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

expect.set_options(timeout=30_000)  # milliseconds; as long as a click waits

# The one without a window takes half the CPU time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = [  # it runs as root, has no screen, and asks nobody but the pages' own hosts
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


@dataclass
class Tab:
    """A page in a browser of its own, and what went wrong on it: a test may take out of `troubles`
    what it expects, the rest fails it.
    """

    page: Page
    context: BrowserContext
    troubles: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)  # that were asked for anything

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.context.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def _see(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob"):
            self.hosts.add(url.netloc)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has to have Chromium")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    context = browser.new_context()
    tab = Tab(context.new_page(), context)
    yield tab
    context.close()
    assert not tab.troubles, tab.troubles
    assert len(tab.hosts) <= 1, "a page needs no other host than ours"
