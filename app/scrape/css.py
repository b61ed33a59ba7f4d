"""The pictures that style sheets and `style` attributes paint."""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

import tinycss2
from tinycss2.ast import Node
from turbohtml import Document, Element
from turbohtml.convert import css_specificity
from turbohtml.cssom import StyleDeclaration
from turbohtml.query import select

from app.scrape.srcset import Candidate

# Matching costs rules × size of the page: one that is all of both may not cost seconds.
MATCHING_BUDGET = 400_000_000
MAX_RULES = 5_000
# Characters read by tinycss2, which takes a second for a million.
MAX_STYLE = 300_000
# One background on a thousand list items is one picture.
MAX_MATCHES = 100

# Looking back from the parenthesis is 50 times faster than looking for either word.
_NAMES_IMAGE = re.compile(r"\((?:(?<=url\()|(?<=image-set\())", re.IGNORECASE)
_IMAGES = ("url", "image-set", "-webkit-image-set")
_PAINTS = re.compile(r"(?:background|list-style|border-image)(?:-image|-source)?|content")

_DATA = re.compile(
    r"""\((?<=url\()\s*(?:"data:[^"]*+"|'data:[^']*+'|data:[^)"']*+)\s*\)""", re.IGNORECASE
)
_STATEMENT = re.compile(r"@(?:charset|import|layer|namespace)[^;{}@]{0,500}+;", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# Paper, dark mode and less than 1,200 pixels are not what a desktop browser shows; double
# resolution would be the same picture again.
_ELSEWHERE = re.compile(
    r"@media[^{@]{0,200}?(?:print|pixel-ratio|resolution|dark|max-(?:device-)?width\s*:\s*"
    r"(?:(?:[0-9]{1,3}|1[01][0-9]{2})(?:\.[0-9]+)?px|[0-7]?[0-9](?:\.[0-9]+)?r?em))[^{]*+"
    r"\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*\}",
    re.IGNORECASE,
)
_REST_OF_BLOCK = re.compile(r"""(?:[^}"']++|"[^"\n]*+"?|'[^'\n]*+'?)*+""")
# Longer ones are cut in pieces that match nothing.
_SELECTOR = re.compile(r"(?:[^,(]|\([^)]{0,200}+\)?){1,300}+")
# Selectors that look around from every element; few style a background with them.
_COSTLY = re.compile(r":has\(|\sof\s", re.IGNORECASE)
_PSEUDO_ELEMENT = re.compile(r"::?(before|after)\b", re.IGNORECASE)


class _Rule(NamedTuple):
    weight: tuple[bool, tuple[int, int, int]]  # important, specificity
    selector: str
    pseudo: str
    block: str


def images(style: str) -> Iterator[list[Candidate]]:
    """Yield the images, each in its sizes, that a list of declarations ends up painting."""
    if not _NAMES_IMAGE.search(style):
        return
    declarations = StyleDeclaration.parse(style)
    for name in declarations.properties():
        if _PAINTS.fullmatch(name) and _NAMES_IMAGE.search(declarations[name]):
            yield from _images(declarations[name])


def paint(document: Document, size: int) -> None:
    """Write what the style sheets paint into `style` attributes, each image once."""
    written: set[str] = set()
    for (element, pseudo), block in _cascade(document, size).items():
        own = element.attr("style") or ""
        if block in written:
            continue
        if pseudo:
            child = Element("i", {"style": block})
            element.insert(0 if pseudo == "before" else len(element), child)
        elif not _NAMES_IMAGE.search(own):
            element.attrs["style"] = f"{block};{own}"
        written.add(block)


def _cascade(document: Document, size: int) -> dict[tuple[Element, str], str]:
    """Map element and pseudo-element to the strongest block that paints there."""
    limit = min(MAX_RULES, MATCHING_BUDGET // (size + 1))
    painted: dict[tuple[Element, str], str] = {}
    for rule in sorted(islice(_rules(document), limit), key=itemgetter(0)):
        for element in select(rule.selector, document, limit=MAX_MATCHES):
            painted.pop((element, rule.pseudo), None)  # those of a block in document order
            painted[element, rule.pseudo] = rule.block
    return painted


def _rules(document: Document) -> Iterator[_Rule]:
    """Yield the rules that name an image, one for each of their selectors."""
    for sheet in document.select("style"):
        text = sheet.text
        if _NAMES_IMAGE.search(text):
            for noise in (_COMMENT, _DATA, _STATEMENT, _ELSEWHERE):
                text = noise.sub("", text)
            for selectors, block in _blocks(text):
                for selector in _SELECTOR.finditer(selectors):
                    with suppress(ValueError):  # not a selector, or one of a vendor
                        yield _rule(selector[0], block)


def _rule(selector: str, block: str) -> _Rule:
    if _COSTLY.search(selector):
        raise ValueError(selector)
    pseudo = _PSEUDO_ELEMENT.search(selector)
    selector = _PSEUDO_ELEMENT.sub("", selector).strip()
    weight = ("!important" in block, css_specificity(selector)[0])
    return _Rule(weight, selector, pseudo[1].lower() if pseudo else "", block)


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Cut out the blocks that name an image: tinycss2, exact but slow, reads only these."""
    end = 0
    for image in _NAMES_IMAGE.finditer(sheet):
        if image.start() < end:
            continue
        opening = sheet.rfind("{", end, image.start())
        if opening < 0:
            end = image.end()
            continue
        start = max(end, *(sheet.rfind(mark, end, opening) + 1 for mark in "{}"))
        rest = _REST_OF_BLOCK.match(sheet, image.end())
        end = rest.end() if rest else len(sheet)
        if end - start < MAX_STYLE:
            yield sheet[start:opening], sheet[opening + 1 : end]


def _images(value: str) -> Iterator[list[Candidate]]:
    pending = tinycss2.parse_component_value_list(value)[::-1]
    while pending:
        token = pending.pop()
        if token.type == "url" and token.value:
            yield [Candidate(token.value)]
        elif token.type == "function" and token.lower_name in _IMAGES:
            yield _sizes(token.arguments)
        elif token.type == "function":
            pending += token.arguments[::-1]


def _sizes(tokens: list[Node]) -> list[Candidate]:
    """Pair each URL, or string in place of one, with the resolution behind it."""
    candidates: list[Candidate] = []
    for token in tokens:
        if token.type in ("url", "string") and token.value:
            candidates.append(Candidate(token.value))
        elif token.type == "dimension" and candidates:
            candidates[-1] = candidates[-1]._replace(density=token.value)
    return candidates
