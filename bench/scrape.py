"""Pages per second of the scraper beside lxml's XPath and html.parser, which only read img[src].

Run: python -m bench.scrape FOLDER, with a folder of saved HTML pages. All take turns in one run,
so that a busy machine slows all of them. `BUILD=…` names a folder with another build of the
service, to be measured in the same run.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lxml.html
import turbohtml
from bs4 import BeautifulSoup

from app.scrape import find_pictures
from bench import Cost, Side, compare
from bench.download import HOME

ROUNDS = 10
TURNS = 21  # of two builds
PLAIN = "turbohtml img[src]"


def xpath(page: bytes) -> list[str]:
    """Read as most scripts do."""
    return list(lxml.html.document_fromstring(page).xpath("//img/@src"))


def html_parser(page: bytes) -> list[str]:
    """Read with nothing to install."""
    return [str(tag["src"]) for tag in BeautifulSoup(page, "html.parser").find_all("img", src=True)]


def plain(page: bytes) -> list[str | None]:
    """Read with the parser that app.scrape uses."""
    return [element.attr("src") for element in turbohtml.parse(page).select("img[src]")]


def scrape(page: bytes) -> list[str]:
    """Find the pictures."""
    pictures = find_pictures(page, None, "http://site/")
    return [one.url for one in pictures if not one.skipped]


SIDES: dict[str, Callable[[bytes], list[str] | list[str | None]]] = {
    "app.scrape": scrape,
    PLAIN: plain,
    "lxml //img/@src": xpath,
    "html.parser img[src]": html_parser,
}


# A process that reads all pages once for each line that it gets.
READER = """
import sys, time
from pathlib import Path
from app.scrape import find_pictures
pages = [path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("*.html"))]
for _ in sys.stdin:
    cpu, wall = time.process_time(), time.perf_counter()
    for page in pages:
        find_pictures(page, None, "http://site/")
    print(time.process_time() - cpu, time.perf_counter() - wall, flush=True)
"""


@contextmanager
def reader(build: Path, folder: str) -> Iterator[Side]:
    """Have a build read the pages in a process of its own, by the Python of its `.venv`."""
    python = sys.executable if build == HOME else str(build / ".venv/bin/python")
    command = [python, "-c", READER, str(Path(folder).absolute())]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=build, stdin=pipe, stdout=pipe, text=True) as process:

        def turn() -> Cost:
            print(file=process.stdin, flush=True)
            assert process.stdout
            cpu, wall = map(float, process.stdout.readline().split())
            return Cost(cpu, wall)

        yield f"{build}", turn


def main(folder: str = "") -> None:
    """Print what each side found and how fast, the best of its rounds."""
    if not folder:
        print("\nscrape: left out; name a folder of saved pages: make bench PAGES=…")
        return
    pages = [path.read_bytes() for path in sorted(Path(folder).glob("*.html"))]
    best = dict.fromkeys(SIDES, float("inf"))
    found = dict.fromkeys(SIDES, 0)
    for _ in range(ROUNDS):
        for name, side in SIDES.items():
            start = time.process_time()
            found[name] = sum(len(side(page)) for page in pages)
            best[name] = min(best[name], time.process_time() - start)
    for name, seconds in best.items():
        speed, ratio = len(pages) / seconds, seconds / best[PLAIN]
        print(f"{name:22} {speed:7.0f} pages/s {found[name]:5} URLs  CPU ×{ratio:.1f}")
    if build := os.environ.get("BUILD"):
        with reader(Path(build), folder) as theirs, reader(HOME, folder) as ours:
            compare(f"{len(pages)} pages", TURNS, theirs, ours)


if __name__ == "__main__":
    main(*sys.argv[1:])
