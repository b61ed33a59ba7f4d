"""What it may cost to match rules with the elements of a page."""

from collections.abc import Collection, Sequence

from turbohtml import Document
from turbohtml.query import select

from app.scrape.rules import Rule
from app.scrape.selectors import last_class

# Matching costs rules × size of the page: one that is all of both may not cost seconds. An element
# deep in others, which are looked at as well, is worth so many bytes more.
BUDGET = 400_000_000
DEEP, DEEP_BYTES = " > ".join(["*"] * 33), 1_000
MAX_DEEP = 50_000
# Blocks, or rules, that paint: for more it pays to know first what elements there are.
MANY = 20


def most_rules(size: int) -> int:
    """Return how many rules may be matched on a page of so many bytes."""
    return BUDGET // (size + 1)


def affordable(
    painters: Sequence[Rule], classes: Collection[str], document: Document, size: int
) -> Sequence[Rule]:
    """Leave out rules for which too many elements would have to be looked at.

    Those of the classes are known.
    """
    looking = [rule for rule in painters if last_class(rule.selector) not in classes]
    if len(looking) <= MANY:
        return painters
    size += DEEP_BYTES * len(select(DEEP, document, limit=MAX_DEEP))
    left_out = {id(rule) for rule in looking[max(MANY, most_rules(size)) :]}
    return [rule for rule in painters if id(rule) not in left_out]
