"""The images in declarations of style sheets and `style` attributes."""

import re
from collections.abc import Callable, Iterator

import tinycss2
from tinycss2.ast import Node

from app.pictures.formats import BY_CONTENT_TYPE
from app.scrape.declarations import Declaration, declarations
from app.scrape.srcset import Candidate
from app.scrape.supports import declares

# Characters read by tinycss2, which takes a second for a million.
MAX_STYLE = 300_000
# Of a value with references to custom properties, so that none grows beyond measure.
MAX_VALUE = 10_000
MAX_REFERENCES = 20

Image = tuple[Candidate, ...]  # in its sizes
Painting = dict[str, tuple[Image, ...]]  # what an element shows, by the property that paints it

# Looking back from the parenthesis is 50 times faster than looking for either word.
_NAMES_IMAGE = re.compile(r"\((?:(?<=url\()|(?<=image-set\())", re.IGNORECASE)
# One address among words, without escapes and other functions.
_WORDS = r"[\w \t\n%#.,+-]*"
_PLAIN = re.compile(
    rf"{_WORDS}(?<![\w#-])url\([ \t\n]*"
    r"""(?:"([^"\\\n\r\f\0]+)"|'([^'\\\n\r\f\0]+)'|([^\s"'()\\\0-\x20\x7f]+))"""
    rf"[ \t\n]*\){_WORDS}(?:/{_WORDS})?",
    re.IGNORECASE,
)
_SETS = ("image-set", "-webkit-image-set")
_DENSITIES = {"x": 1.0, "dppx": 1.0, "dpi": 1 / 96, "dpcm": 2.54 / 96}
_IN = {
    "background": "background-image",
    "list-style": "list-style-image",
    "border-image": "border-image-source",
    "-webkit-border-image": "border-image-source",
    "mask": "mask-image",
    "-webkit-mask": "mask-image",
    "-webkit-mask-image": "mask-image",
    "-webkit-mask-box-image": "-webkit-mask-box-image-source",
}
# What paints, by the property in which it ends.
PAINTS = {**_IN, **{name: name for name in _IN.values()}, "content": "content"}
_COUNT = {*PAINTS.values(), "display", "content-visibility"}


def names_image(text: str) -> bool:
    """Tell whether a text has `url()` or `image-set()` in it."""
    return bool(_NAMES_IMAGE.search(text))


def painting(style: str) -> Painting:
    """Return the images that a list of declarations ends up painting."""
    if not names_image(style):
        return {}
    painted: dict[str, Declaration] = {}
    for declaration in declarations(style):
        slot = PAINTS.get(declaration.name)
        if slot and declares(declaration.name, declaration.value.lower()):
            before = painted.get(slot)
            if not before or declaration.important >= before.important:
                painted[slot] = declaration
    values = {slot: one.value for slot, one in painted.items() if names_image(one.value)}
    return {slot: tuple(images(value)) for slot, value in values.items()}


def that_count(block: str) -> Iterator[Declaration]:
    """Yield the declarations that decide on what is painted, by the property that they set."""
    for name, value, important in declarations(block[:MAX_STYLE]):
        slot = PAINTS.get(name, name)
        if slot in _COUNT and declares(name, value.lower()):
            yield Declaration(slot, value if "(" in value else value.lower(), important)
        elif slot[:2] == "--":
            yield Declaration(slot, value, important)


def substituted(value: str, resolve: Callable[[str], str | None]) -> str | None:
    """Put in the values of custom properties; None if one has neither value nor fallback."""
    if value.count("var(") > MAX_REFERENCES or len(value) > MAX_VALUE:
        return None
    nodes = tinycss2.parse_component_value_list(value)
    try:
        return "".join(_without_var(node, resolve) for node in nodes)
    except (ValueError, RecursionError):
        return None


def _without_var(node: Node, resolve: Callable[[str], str | None]) -> str:
    if node.type != "function":
        return str(node.serialize())
    if node.lower_name != "var":
        inner = "".join(_without_var(part, resolve) for part in node.arguments)
        return f"{node.name}({inner})"
    names = [part.value for part in node.arguments if part.type == "ident"]
    found = resolve(names[0]) if names else None
    if found is not None:
        return found
    comma = node.arguments.index(",") + 1  # ValueError: there is no fallback
    return "".join(_without_var(part, resolve) for part in node.arguments[comma:])


def images(value: str, resolve: Callable[[str], str] = str) -> Iterator[Image]:
    """Yield the images in a value, their addresses resolved."""
    if plain := _PLAIN.fullmatch(value):  # as most are; tinycss2 takes far longer
        yield (Candidate(resolve(plain[plain.lastindex or 1])),)
        return
    pending = tinycss2.parse_component_value_list(value)[::-1]
    while pending:
        node = pending.pop()
        if node.type == "url" and node.value:
            yield (Candidate(resolve(node.value)),)
        elif node.type == "function" and node.lower_name in ("url", *_SETS):
            yield tuple(size._replace(url=resolve(size.url)) for size in _sizes(node.arguments))
        elif node.type == "function":
            pending += node.arguments[::-1]


def _sizes(nodes: list[Node]) -> list[Candidate]:
    """Pair each URL, or string in place of one, with the resolution and the type behind it."""
    candidates: list[Candidate] = []
    others: list[Candidate] = []  # in types that we do not take
    for node in nodes:
        if node.type == "function" and node.lower_name == "url":
            strings = (part.value for part in node.arguments if part.type == "string")
            candidates += [Candidate(value) for value in strings if value]
        elif node.type in ("url", "string") and node.value:
            candidates.append(Candidate(node.value))
        elif node.type == "dimension" and candidates:
            density = node.value * _DENSITIES.get(node.lower_unit, 1)
            candidates[-1] = candidates[-1]._replace(density=density)
        elif node.type == "function" and node.lower_name == "type" and candidates:
            kinds = [part.value.lower() for part in node.arguments if part.type == "string"]
            if kinds and kinds[0] not in BY_CONTENT_TYPE:
                others.append(candidates.pop())
    return candidates or others
