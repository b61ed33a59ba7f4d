"""Conditions of `@media` and `@supports`: `not`, `and`, `or` and parentheses.

https://drafts.csswg.org/mediaqueries-5/#mq-syntax
"""

from collections.abc import Callable
from functools import reduce

from tinycss2.ast import Node

# Parentheses within each other: what is deeper is no condition.
MAX_DEPTH = 20

# None: unknown, which stays unknown when negated (Kleene's logic).
Truth = bool | None
Judge = Callable[[Node], Truth]


def condition(tokens: list[Node], judge: Judge, depth: int = 0) -> Truth:
    """Judge `not (…)`, `(…) and (…)` or `(…) or (…)`, given without white space."""
    words = words_of(tokens)
    if len(words) == 2 and words[0] == "not":
        return negated(_part(tokens[1], judge, depth))
    links = set(words[1::2])
    if len(words) % 2 == 0 or any(words[::2]) or len(links) > 1 or not links <= {"and", "or"}:
        return None
    truths = [_part(node, judge, depth) for node in tokens[::2]]
    if links == {"or"}:
        return negated(reduce(both, map(negated, truths)))
    return reduce(both, truths)


def words_of(tokens: list[Node]) -> list[str]:
    """Return the identifiers; an empty string stands for each other token."""
    return [node.lower_value if node.type == "ident" else "" for node in tokens]


def both(left: Truth, right: Truth) -> Truth:
    """Join two truths by "and"."""
    if left is False or right is False:
        return False
    return True if left and right else None


def negated(truth: Truth) -> Truth:
    """Negate a truth; what is unknown stays so."""
    return None if truth is None else not truth


def _part(node: Node, judge: Judge, depth: int) -> Truth:
    if node.type not in ("() block", "function") or depth > MAX_DEPTH:
        return None
    if node.type == "() block":
        content = [part for part in node.content if part.type not in ("whitespace", "comment")]
        if content and (content[0].type == "() block" or words_of(content)[0] == "not"):
            return condition(content, judge, depth + 1)
    return judge(node)
