"""Pages per second of the scraper beside lxml's XPath and html.parser, which only read img[src].

Run: python -m bench.scrape FOLDER, with a folder of saved HTML pages. All take turns in one run,
so that a busy machine slows all of them.
"""

import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import lxml.html
import turbohtml

from app.scrape import find_pictures

ROUNDS = 10
PLAIN = "turbohtml img[src]"


def xpath(page: bytes) -> list[str]:
    """Read as most scripts do."""
    return list(lxml.html.document_fromstring(page).xpath("//img/@src"))


class _Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.urls += [value for name, value in attrs if tag == "img" and name == "src"]


def html_parser(page: bytes) -> list[str | None]:
    """Read with nothing to install."""
    parser = _Sources()
    parser.feed(page.decode("utf-8", "replace"))
    return parser.urls


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


if __name__ == "__main__":
    main(*sys.argv[1:])
