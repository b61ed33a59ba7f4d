"""What style sheets paint on a page: the images, each read once, and who shows them."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import ada_url

from app.scrape import css
from app.scrape.css import Painting

# The attribute that says which painting an element shows; no page can guess its values.
MARK = "app-painting"

Values = tuple[tuple[str, str, str], ...]  # property, value, and what it is relative to


@dataclass(slots=True)
class Painted:
    """The paintings by the marks of their elements; the empty one shows nothing."""

    on: dict[str, Painting] = field(default_factory=dict)
    # Images that linked sheets paint: the address of each one's sheet.
    by: dict[str, str] = field(default_factory=dict)
    _token: str = field(default_factory=lambda: secrets.token_hex(16))
    _marks: dict[Values, str] = field(default_factory=lambda: {(): ""})
    _room: int = css.MAX_STYLE

    def mark(self, values: Values) -> str:
        """Return the mark for an element with such values, each of which is an image."""
        self._room -= sum(len(value) for _, value, _ in values)
        if self._room < 0:
            return ""
        if values not in self._marks:
            self._marks[values] = mark = f"{self._token}{len(self._marks)}"
            self.on[mark] = {
                name: tuple(css.images(value, partial(self._join, base)))
                for name, value, base in values
            }
        return self._marks[values]

    def _join(self, base: str, address: str) -> str:
        if base and address[0] != "#":  # which leads nowhere else
            with suppress(ValueError):
                address = ada_url.join_url(base, address)
                self.by.setdefault(address.partition("#")[0], base)
        return address
