"""What external style sheets cost the scraper: a page without any, and one that links six.

The sheets read last are kept, by their bytes, so that other pages of a site cost less: a page is
measured with sheets that were never seen before, and with those of the page before. `BUILD=…`
names a folder with another build of the service, which reads the same page without any sheets.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from app.scrape import Load, Loaded, find_pictures
from bench import Cost, Side, compare
from bench.scrape import reader

ELEMENTS, PICTURES, SHEETS, RULES = 2000, 40, 6, 600  # as in the middle of real pages
TURNS, ROUNDS = 10, 21
URL = "http://site/"


def body() -> str:
    """Return a page of nested sections, as templates make them."""
    section = '<section class="card c{n}"><h2 class=title>Title {n}</h2><p class="text t{n}">Words'
    section += " of it <a class=more href=/{n}>more</a></p><span class=icon></span></section>"
    sections = (section.format(n=number) for number in range(ELEMENTS // 5))
    return (
        "<script src=app.js></script>"
        + "".join(sections)
        + "".join(f"<img src={n}.png>" for n in range(PICTURES))
    )


def sheet(number: int) -> str:
    """Return a sheet of which a few rules name a picture."""
    rules = (
        f".c{n}.s{number} > .title, .t{n}:hover{{color:#{n:06x};margin:0 auto;padding:{n}px}}"
        for n in range(RULES - 10)
    )
    named = (f".c{number * 10 + n}{{background:url(s{number}-{n}.png)}}" for n in range(10))
    return "".join(rules) + "".join(named)


LOADED = {f"{URL}{n}.css": Loaded(f"{URL}{n}.css", sheet(n).encode(), None) for n in range(SHEETS)}


def load_one(url: str, *_: str) -> Loaded | None:
    """Return a sheet as a page's fetcher would."""
    return LOADED.get(url)


CHANGES = count()


def load_new(url: str, *_: str) -> Loaded | None:
    """Return a sheet that differs from each one before."""
    sheet = LOADED.get(url)
    return sheet and sheet._replace(body=sheet.body + b"p{margin:%dpx}" % next(CHANGES))


LINKS = "".join(f"<link rel=stylesheet href={n}.css>" for n in range(SHEETS))


def page(head: str) -> bytes:
    """Return a page with such a head."""
    return f"<!DOCTYPE html><head>{head}</head><body>{body()}".encode()


def side(head: str, load: Load | None, count: int) -> Callable[[], Cost]:
    """Return what reads a page several times, and finds so many pictures there."""
    markup = page(head)

    def read() -> Cost:
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(TURNS):
            assert len(find_pictures(markup, "utf-8", URL, load=load)) == count
        return Cost((time.process_time() - cpu) / TURNS, (time.perf_counter() - began) / TURNS)

    return read


@contextmanager
def without() -> Iterator[Side]:
    """Read the page without its sheets, by the build that is named, or by this one."""
    if not (build := os.environ.get("BUILD")):
        yield "they are not read", side(LINKS, None, PICTURES)
        return
    with TemporaryDirectory() as folder:
        for number in range(TURNS):
            Path(folder, f"{number}.html").write_bytes(page(LINKS))
        with reader(Path(build), folder) as (name, turn):

            def read() -> Cost:
                cost = turn()
                return Cost(cost.cpu / TURNS, cost.wall / TURNS)

            yield f"they are not read, by {name}", read


def main() -> None:
    """Print the comparisons."""
    compare(
        "a page without external sheets",
        ROUNDS,
        ("they are not read", side("", None, PICTURES)),
        ("they are read", side("", load_one, PICTURES)),
        "at most 1.02",
    )
    with without() as other:
        for title, load in (("never seen", load_new), ("seen before", load_one)):
            compare(
                f"a page with {SHEETS} sheets of {len(sheet(0)) >> 10} KiB, {title}",
                ROUNDS,
                other,
                ("they are read", side(LINKS, load, PICTURES + 10 * SHEETS)),
                "at most 3",
            )


if __name__ == "__main__":
    main()
