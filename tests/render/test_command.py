"""`fetch --render`: the command opens pages in a browser of its own."""

import subprocess
from pathlib import Path

import pytest

from tests.render.conftest import own
from tests.render.unprivileged import CHROMIUM, environment, need_browser, python
from tests.site import Site


def fetch(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    variables |= {"DOWNLOADER_ALLOW_NETWORKS": "127.0.0.0/8", "TMPDIR": str(folder)}
    return subprocess.run(
        python("-m", "app", "fetch", "--output", str(folder), *arguments),
        env=environment() | variables,
        capture_output=True,
        text=True,
    )


def test_a_page_is_opened_in_a_browser(folder: Path, pages: Site) -> None:
    need_browser()
    own(folder)
    url = pages.page("/", "<body><script>document.write('<img src=a.png>')</script>")
    done = fetch(folder, "--render", "--dry-run", url, DOWNLOADER_BROWSER=CHROMIUM)
    assert done.stdout == pages.url("/a.png\n"), done.stderr
    assert done.returncode == 0
    assert list(folder.iterdir()) == []


def test_without_a_browser_it_says_how_to_get_one(folder: Path, pages: Site) -> None:
    own(folder)
    done = fetch(folder, "--render", pages.url())
    assert done.returncode == 2
    assert "There is no browser: set DOWNLOADER_BROWSER" in done.stderr


@pytest.mark.parametrize("browser", ["/bin/false", "/nowhere"])
def test_a_browser_that_does_not_work_is_an_error(folder: Path, pages: Site, browser: str) -> None:
    need_browser()
    own(folder)
    done = fetch(folder, "--render", pages.url(), DOWNLOADER_BROWSER=browser)
    assert done.returncode == 2
    assert "DOWNLOADER_BROWSER" in done.stderr
    assert "Traceback" not in done.stderr
