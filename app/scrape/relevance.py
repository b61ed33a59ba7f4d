"""What of the style sheets may matter on a page, as far as a glance tells."""

import re
from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import chain
from typing import cast

from turbohtml import Document, Element

from app.scrape.css import names_image
from app.scrape.selectors import key_of, split
from app.scrape.sheets import Words

_PROPERTY = re.compile(r"--(?<![\w-]--)[\w-]++\s*(?::[^;{}]*|\{[^{}]*)")
# What a block has in it that takes part in painting.
_DECLARED = {
    "background": re.compile(rb"background(?:-image)?\s*:"),
    "content": re.compile(rb"content(?<![\w-]content)\s*:"),
    "list-style": re.compile(b"list-style"),
    "border-image": re.compile(b"border-image"),
    "mask": re.compile(b"mask"),
}
_HIDING = (re.compile(rb"display\s*:"), re.compile(rb"content-visibility\s*:"))
_PROPERTIES = (re.compile(b"--"), re.compile(rb"var\("), re.compile(b"@property"))


def words(painting: str, hiding: bool, properties: bool) -> Words:
    """Return what blocks have that take part in what is painted, or in whether it is seen."""
    found = [word for name, word in _DECLARED.items() if properties or name in painting]
    if "content" not in painting and (":before" in painting or ":after" in painting):
        found.append(_DECLARED["content"])
    return (*found, *(_HIDING if hiding else ()), *(_PROPERTIES if properties else ()))


class Keys:
    """What the elements of a page have by which rules look them up, in small letters."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @cached_property
    def _classes(self) -> list[str]:
        """Return the classes of each element that may have some, and behind them a NUL."""
        values = cast(list[str], self._document.xpath("//@class"))
        return " \0 ".join([*values, ""]).lower().split()

    @cached_property
    def all(self) -> set[str]:
        """Return the keys of all elements."""
        names = {element.tag for element in self._document.select("*")}
        ids = cast(list[str], self._document.xpath("//@id"))
        return {"*", *names, *self._classes, *map(str.lower, ids)}

    def of_classes(self, names: Iterable[str], most: int) -> dict[str, list[Element]]:
        """Return the elements of each class, of those that at most so many elements have."""
        found: dict[str, list[Element]] = {name: [] for name in names}
        elements = self._document.select("[class]")
        place = 0
        for name in self._classes:
            if name == "\0":
                place += 1
            elif name in found and len(found[name]) <= most:
                found[name].append(elements[place])
        return {name: elements for name, elements in found.items() if len(elements) <= most}


def may_match(piece: str, keys: Collection[str]) -> bool:
    """Tell whether what stands around an image may paint what has such a key.

    It may be the rest of a rule behind a nested one, or give the image to a custom property.
    """
    *preludes, _ = piece.split("{")
    if not preludes or any("&" in prelude for prelude in preludes):
        return True
    selectors = chain(*map(split, preludes))
    return any(key_of(selector) in keys for selector in selectors) or paints_property(piece)


def paints_property(text: str) -> bool:
    """Tell whether a custom property holds an image."""
    return any(map(names_image, _PROPERTY.findall(text)))
