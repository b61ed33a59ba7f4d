"""A service as nobody, with a browser, and the site whose pages it opens."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.render.unprivileged import CHROMIUM, NOBODY, need_browser, prefix
from tests.service.conftest import Service
from tests.site import Site


class BrowserService(Service):
    """A service that can open pages in a browser; its temporary files are in `scratch`."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        super().__init__(
            folder,
            DOWNLOADER_BROWSER=CHROMIUM,
            TMPDIR=str(self.scratch),
            HOME=str(self.scratch),
            **variables,
        )
        self.command = [*prefix(), *self.command]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder of nobody's, which pytest's own are not."""
    need_browser()
    folder = Path(mkdtemp(prefix="render-"))
    yield folder
    shutil.rmtree(folder)


def own(folder: Path) -> None:
    if not os.geteuid():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


@contextmanager
def serving(folder: Path, seconds: float, **variables: str) -> Iterator[BrowserService]:
    """Serve as nobody, with some seconds for each page."""
    with ExitStack() as stack:
        service = BrowserService(
            folder,
            DOWNLOADER_RENDER_SECONDS=str(seconds),
            DOWNLOADER_JOB_THREADS="16",
            **variables,
        )
        own(folder)
        stack.callback(service.end)
        service.start()
        yield service


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture(scope="module")
def other() -> Iterator[Site]:
    """Another host, for what pages take from elsewhere."""
    with Site() as site:
        yield site
