"""The rules of a block in a style sheet, one for each of its selectors, and which of them win."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from turbohtml.convert import css_specificity

from app.scrape.selectors import key_of, split
from app.scrape.sheets import Block

# Selectors that look around from every element; few style a background with them.
_COSTLY = re.compile(r":has\(|\sof\s", re.IGNORECASE)
_PSEUDO_ELEMENT = re.compile(
    r"::?(before|after|first-letter|first-line|marker|file-selector-button)\b", re.IGNORECASE
)

# Important, layer, specificity, order: the greater wins (CSS Cascade 5, section 6.1).
Weight = tuple[bool, float, tuple[int, int, int], int]


class Rule(NamedTuple):
    """A block of declarations, and one of the selectors in front of it."""

    selector: str
    pseudo: str
    layer: float
    specificity: tuple[int, int, int]
    order: int
    block: str
    base: str

    def weight(self, important: bool) -> Weight:
        """Return what decides between declarations; important ones turn the layers round."""
        return important, -self.layer if important else self.layer, self.specificity, self.order


def rules(block: Block, keys: Collection[str] | None = None) -> Iterator[Rule]:
    """Yield a rule for each selector, of those that can be matched by what has such a key."""
    for selector in split(block.selectors):
        if keys is not None and key_of(selector) not in keys:
            continue
        name = ""
        if ":" in selector:
            if _COSTLY.search(selector):
                continue
            if pseudo := _PSEUDO_ELEMENT.search(selector):
                name = pseudo[1].lower()
                selector = _PSEUDO_ELEMENT.sub("", selector)
        selector = selector.strip() or "*"
        try:
            specificity = css_specificity(selector)[0]
        except ValueError:  # not a selector, or one of a vendor
            continue
        yield Rule(selector, name, block.layer, specificity, block.order, block.text, block.base)
