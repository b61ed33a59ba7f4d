"""Whole jobs beside the least that they could cost: pages of 50 images, of an origin 40 ms away.

Twenty-four pages, eight at once; one page, its images one after another; one page, eight images at
once, beside `curl -Z`. The floor is a C program on sockets that writes the images to files; the
loop is `requests` in threads, which makes a zip of them, too. Neither judges, hashes or syncs
anything. BASE=… names the checkout of an earlier release, with its own `.venv`, to run beside.

CPU is that of one image. Folders are removed in the end alone: ext4 looks at each file that was
removed in the last minute before it makes a new one near it, so run this where little was removed.
ONLY=page leaves out the others; there are `pages`, `page` and `at once`.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from bench import Cost, Side, rank
from bench.download import HOME, service
from bench.site import IMAGES, site

PAGES, AT_ONCE, LATENCY, ROUNDS = 24, 8, 40, 5
FLOOR = Path(__file__).parent / "peer" / "floor.c"


def run(*command: str | Path) -> Cost:
    """Run a program to its end; return what it took."""
    began = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - began)


def loop(url: str, folder: str, pages: int) -> Cost:
    """Fetch pages and their images the bare way, so many pages at once, a zip of each."""
    cpu, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_page, [url] * pages, [folder] * pages))
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def _page(url: str, folder: str) -> None:
    place = Path(tempfile.mkdtemp(dir=folder))
    with requests.Session() as session, zipfile.ZipFile(place / "images.zip", "w") as archive:
        names = re.findall(r'<img src="([^"]+)"', session.get(url).text)
        for name in names:
            (place / name).write_bytes(session.get(urljoin(url, name)).content)
        for name in names:
            archive.write(place / name, name)


class Sides:
    """The sides of the comparisons, as long as the block lasts."""

    def __init__(self, origin: str, stack: ExitStack) -> None:
        self._url = f"{origin}{LATENCY}/"
        self._port = str(urlsplit(origin).port)
        self._stack = stack
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._floor = self._folder / "floor"
        subprocess.run(["gcc", "-O2", "-pthread", "-o", self._floor, FLOOR], check=True)
        self._process = stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))

    def _place(self) -> str:
        return tempfile.mkdtemp(dir=self._folder)

    def bare(self, pages: int) -> list[Side]:
        """Return the floor and the loop."""

        def floor() -> Cost:
            numbers = f"{pages}", f"{AT_ONCE}"
            return run(self._floor, self._port, f"/{LATENCY}/", *numbers, self._place())

        def bare_loop() -> Cost:
            return self._process.submit(loop, self._url, self._place(), pages).result()

        return [("C on sockets", floor), ("requests loop with a zip", bare_loop)]

    def services(self, pages: int, images_at_once: int) -> list[Side]:
        """Return the services, ours the last."""
        homes = {"service": HOME}
        if base := os.environ.get("BASE"):
            homes = {f"build of {base}": Path(base).absolute(), **homes}
        return [(name, self._service(home, pages, images_at_once)) for name, home in homes.items()]

    def _service(self, home: Path, pages: int, images_at_once: int) -> Callable[[], Cost]:
        variables = {
            "DOWNLOADER_JOB_THREADS": f"{AT_ONCE}",
            "DOWNLOADER_HOST_CONNECTIONS": "64",
            "DOWNLOADER_IMAGES_AT_ONCE": f"{images_at_once}",
        }
        started = self._stack.enter_context(service(Path(self._place()), home, **variables))
        return lambda: started.download(self._url, pages)

    def curl(self) -> Cost:
        """Get the page, then its images side by side."""
        place = self._place()
        page = run("curl", "-s", "-o", f"{place}/page", self._url)
        names = [f"{self._url}{number:03}.png" for number in range(1, IMAGES + 1)]
        side_by_side = "curl", "-sZ", "--parallel-max", f"{AT_ONCE}", "--remote-name-all"
        images = run(*side_by_side, "--output-dir", place, *names)
        return Cost(page.cpu + images.cpu, page.wall + images.wall)


def many_pages(sides: Sides) -> None:
    """Compare many pages at once."""
    title = f"{PAGES} pages of {IMAGES} images, {AT_ONCE} pages at once, {LATENCY} ms"
    target = "wall at most 1.08 of C; CPU at most 1.25 of requests, 0.55 of build 42f602d"
    each = PAGES * IMAGES
    rank(title, ROUNDS, *sides.bare(PAGES), *sides.services(PAGES, 1), each=each, target=target)


def one_page(sides: Sides) -> None:
    """Compare a page, one image after another."""
    title = f"a page of {IMAGES} images, one after another, {LATENCY} ms"
    target = "wall at most 1.06 of C"
    rank(title, ROUNDS, *sides.bare(1), *sides.services(1, 1), each=IMAGES, target=target)


def side_by_side(sides: Sides) -> None:
    """Compare a page, several images at once."""
    title = f"a page of {IMAGES} images, {AT_ONCE} images at once, {LATENCY} ms"
    ours = sides.services(1, AT_ONCE)
    target = "wall at most 1.25 of curl"
    rank(title, ROUNDS, ("curl -Z", sides.curl), *ours, each=IMAGES, target=target)


def main() -> None:
    """Compare all three, or the one that is asked for."""
    if missing := [name for name in ("gcc", "curl") if not shutil.which(name)]:
        print(f"\njobs: skipped, it needs {' and '.join(missing)}")
        return
    kinds = {"pages": many_pages, "page": one_page, "at once": side_by_side}
    only = os.environ.get("ONLY")
    for name, compare in kinds.items():
        if only in (None, name):
            with site() as origin, ExitStack() as stack:
                compare(Sides(origin, stack))


if __name__ == "__main__":
    main()
