"""The elements of a page that matter here, and their attributes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Optional

from app.scrape.css import Painted


@dataclass(slots=True, eq=False)
class Tag:
    """An element, and the `picture` or `noscript` that is next around it."""

    name: str
    attrs: dict[str, str]
    around: Optional["Tag"]
    text: str = ""  # of a script
    follows: Optional["Tag"] = None  # of a `noscript`: the last one in the picture in front of it


class Tags(NamedTuple):
    """The elements of a page in document order, its encoding, its base, and what sheets paint."""

    all: list[Tag]
    encoding: str
    base: str
    painted: Painted

    def named(self, *names: str) -> Iterator[Tag]:
        """Return the elements of these names in document order."""
        return (tag for tag in self.all if tag.name in names)


def given(tag: Tag, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of those attributes that are there and not empty."""
    for name in () if names.isdisjoint(tag.attrs) else tag.attrs:
        if name in names and (value := text(tag, name)):
            yield name, value


def text(tag: Tag, name: str) -> str:
    """Return an attribute without the white space around it; empty when it is missing."""
    return tag.attrs.get(name, "").strip()
