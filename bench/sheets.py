"""What external style sheets cost the scraper: a page without any, and one that links six.

The sheets read last are kept, by their bytes, so that other pages of a site cost less: a page is
measured with sheets that were never seen before, and with those of the page before.
"""

import time
from collections.abc import Callable
from itertools import count

from app.scrape import Load, Loaded, find_pictures
from bench import Cost, compare

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


def side(head: str, load: Load | None, count: int) -> Callable[[], Cost]:
    """Return what reads a page several times, and finds so many pictures there."""
    page = f"<!DOCTYPE html><head>{head}</head><body>{body()}".encode()

    def read() -> Cost:
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(TURNS):
            assert len(find_pictures(page, "utf-8", URL, load=load)) == count
        return Cost((time.process_time() - cpu) / TURNS, (time.perf_counter() - began) / TURNS)

    return read


def main() -> None:
    """Print the comparisons."""
    compare(
        "a page without external sheets",
        ROUNDS,
        ("they are not read", side("", None, PICTURES)),
        ("they are read", side("", load_one, PICTURES)),
        "at most 1.02",
    )
    for title, load in (("never seen", load_new), ("seen before", load_one)):
        compare(
            f"a page with {SHEETS} sheets of {len(sheet(0)) >> 10} KiB, {title}",
            ROUNDS,
            ("they are not read", side(LINKS, None, PICTURES)),
            ("they are read", side(LINKS, load, PICTURES + 10 * SHEETS)),
            "at most 3",
        )


if __name__ == "__main__":
    main()
