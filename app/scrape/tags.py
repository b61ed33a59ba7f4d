"""The elements of a page that matter here, and their attributes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag

from app.scrape.painted import Painted


class Tags(NamedTuple):
    """The elements of a page, its encoding, its base, and what sheets paint."""

    soup: BeautifulSoup
    encoding: str
    base: str
    painted: Painted

    def named(self, *names: str) -> Iterable[Tag]:
        """Return the elements of these names in document order."""
        return self.soup.find_all(list(names))


def given(tag: Tag, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of those attributes that are there and not empty."""
    for name in () if names.isdisjoint(tag.attrs) else tag.attrs:
        if name in names and (value := text(tag, name)):
            yield name, value


def text(tag: Tag, name: str) -> str:
    """Return an attribute without the white space around it; empty when it is missing."""
    return str(tag.attrs.get(name, "")).strip()
