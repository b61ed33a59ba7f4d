"""The elements of a page that matter here, taken out of its tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(slots=True, eq=False)
class Tag:
    """An element that matters here, and what matters of where it stands."""

    name: str
    attrs: dict[str, str]
    text: str = ""  # of a script
    in_picture: bool = False
    in_noscript: bool = False
    stands_for: "Tag | None" = None  # what is right in front of the `noscript` around


class Tags(NamedTuple):
    """The elements of a page in document order, its encoding, and what is relative to what."""

    tags: list[Tag]
    encoding: str
    base: str

    def named(self, *names: str) -> list[Tag]:
        """Return the elements of these names."""
        return [tag for tag in self.tags if tag.name in names]


def given(tag: Tag, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of those attributes that are there and not empty."""
    for name in () if names.isdisjoint(tag.attrs) else tag.attrs:
        if name in names and (value := text(tag, name)):
            yield name, value


def text(tag: Tag, name: str) -> str:
    """Return an attribute without the white space around it; empty when it is missing."""
    return tag.attrs.get(name, "").strip()
