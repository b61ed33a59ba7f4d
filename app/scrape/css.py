"""The pictures that style sheets and `style` attributes paint."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import tinycss2
from tinycss2.ast import Node
from turbohtml import Document, Element
from turbohtml.convert import css_specificity
from turbohtml.query import select

# Matching costs rules × elements: a page that is all of both may not cost seconds.
MATCHING_BUDGET = 1_000_000_000
# One background on a thousand list items is one picture.
MAX_MATCHES = 100

_NAMES_IMAGE = re.compile(r"(?:url|image-set)\(", re.IGNORECASE)
_PAINTS = re.compile(r"(?:background|list-style|border-image)(?:-image|-source)?|content")

# Finds the rules that name an image; tinycss2, exact and slow, then reads only those. The
# possessive quantifiers keep every one of these linear.
_STRING = r""""(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'"""
_COMMENT = re.compile(rf"({_STRING})|/\*.*?(?:\*/|\Z)", re.DOTALL)
_RULE = re.compile(
    rf"((?:[^{{}}\"';]++|{_STRING})++)\{{((?:[^{{}}\"']++|{_STRING})*+)\}}", re.DOTALL
)
# Paper, small screens and dark mode are not what a desktop browser shows; double resolution would
# be the same picture again.
_ELSEWHERE = re.compile(
    r"@media[^{]*(?:print|max-(?:device-)?width|pixel-ratio|resolution|dark)[^{]*+"
    r"\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*\}",
    re.IGNORECASE,
)
_PSEUDO_ELEMENT = re.compile(r"::?(before|after)\b", re.IGNORECASE)


class _Rule(NamedTuple):
    weight: tuple[bool, tuple[int, int, int]]
    selector: str
    pseudo: str
    block: str


@lru_cache(maxsize=256)
def urls(style: str) -> tuple[str, ...]:
    """List the image URLs of some declarations in the order written."""
    if not _NAMES_IMAGE.search(style):
        return ()
    return tuple(
        url
        for one in tinycss2.parse_blocks_contents(style)
        if one.type == "declaration" and _PAINTS.fullmatch(one.lower_name)
        for url in _images(one.value)
    )


def paint(document: Document, size: int) -> None:
    """Write what the style sheets paint into `style` attributes, the strongest rule of each."""
    rules = sorted(islice(_rules(document), MATCHING_BUDGET // size), key=lambda one: one.weight)
    painted: dict[tuple[Element, str], str] = {}
    for rule in rules:
        for element in select(rule.selector, document, limit=MAX_MATCHES):
            painted[element, rule.pseudo] = rule.block
    for (element, pseudo), block in painted.items():
        own = element.attr("style") or ""
        if pseudo:
            element.insert(
                0 if pseudo == "before" else len(element), Element("i", {"style": block})
            )
        elif not _NAMES_IMAGE.search(own):
            element.attrs["style"] = f"{block};{own}"


def _rules(document: Document) -> Iterator[_Rule]:
    """Yield the rules that name an image and that this page could match."""
    for sheet in document.select("style"):
        text = sheet.text
        if not _NAMES_IMAGE.search(text):
            continue
        text = _ELSEWHERE.sub("", _COMMENT.sub(r"\1", text))
        for selector, block in _RULE.findall(text):
            if _NAMES_IMAGE.search(block):
                pseudo = _PSEUDO_ELEMENT.search(selector)
                selector = _PSEUDO_ELEMENT.sub("", selector).strip()
                try:
                    weight = ("!important" in block, max(css_specificity(selector)))
                except ValueError:  # not a selector, or one of a vendor
                    continue
                yield _Rule(weight, selector, pseudo[1].lower() if pseudo else "", block)


def _images(value: list[Node]) -> Iterator[str]:
    """Yield the URLs, among them the plain strings of `image-set()`."""
    pending = [(token, False) for token in reversed(value)]
    while pending:
        token, strings = pending.pop()
        if token.type == "url" or (strings and token.type == "string"):
            yield token.value
        elif token.type == "function":
            strings = token.lower_name in ("url", "image-set", "-webkit-image-set")
            pending += [(one, strings) for one in reversed(token.arguments)]
