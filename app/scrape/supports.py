"""What `@supports` asks of a browser, answered as Chromium does.

https://drafts.csswg.org/css-conditional-5/#at-supports
"""

import re
from functools import lru_cache

import tinycss2
from tinycss2.ast import Node

from app.scrape.conditions import Truth, condition

MAX_CONDITION = 2_000
# Of a declaration, that its judgement is kept.
MAX_KEPT = 200

# The first words of all properties: a list of the properties themselves would age faster.
_FIRST_WORDS = """
    accent align all anchor animation app appearance aspect backdrop backface background baseline
    block border bottom box break buffered caption caret clear clip color column columns contain
    container content corner counter cursor cx cy d direction display dominant dynamic empty field
    fill filter flex float flood font forced gap grid height hyphenate hyphens image inherits
    initial inline inset interactivity interpolate isolation justify left letter lighting line list
    margin marker mask masonry math max min mix object offset opacity order orphans outline overflow
    overlay overscroll padding page paint perspective place pointer position print quotes r reading
    resize right rotate row ruby rx ry scale scroll scrollbar shape size speak stop stroke tab table
    text timeline top touch transform transition translate unicode user vector vertical view
    visibility white widows width will word writing x y z zoom
"""
_PROPERTY = re.compile(rf"(?:-webkit-)?(?:{'|'.join(_FIRST_WORDS.split())})(?:-[a-z-]+)?")
_FOREIGN = re.compile(
    r"-webkit-(?:touch-callout|overflow-scrolling|marquee.*|hyphens"
    r"|backdrop-filter|nbsp-mode|playsinline)|box-flex.*|overflow-style|text-autospacing"
)
_OTHER_BROWSERS = re.compile(
    r"(?<![\w-])-(?:moz|ms|o|khtml|apple)-|-webkit-sticky|(?<![\w-])cross-fade\("
)
_DISPLAYS = re.compile(
    r"none|contents|initial|inherit|unset|revert|revert-layer|-webkit-(?:inline-)?(?:box|flex)|math"
    r"|(?:block|inline|flow|flow-root|flex|grid|table|list-item|ruby)(?: [a-z-]+)*"
    r"|inline-(?:block|flex|grid|table)|ruby-text|grid-lanes|table-[a-z-]+"
)
_DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*(\S.*?)\s*", re.DOTALL)
_NO_SELECTOR = re.compile(r"(?<![\w-])-(?:moz|ms|o|khtml)-|^$|[>+~]$")
_FONT_TECHNOLOGY = re.compile(r"color-|variations|features-")
_FORMATS = {"woff2", "woff", "opentype", "truetype", "collection"}


def supported(text: str) -> bool:
    """Tell whether a condition holds; what is no condition does not."""
    return len(text) <= MAX_CONDITION and _supported(text)


@lru_cache(512)
def _supported(text: str) -> bool:
    nodes = tinycss2.parse_component_value_list(text, skip_comments=True)
    return condition([node for node in nodes if node.type != "whitespace"], _judge) is True


def declares(name: str, value: str) -> bool:
    """Tell whether Chromium takes a declaration, as far as its name and prefixes say so."""
    known = _declares if len(value) + len(name) <= MAX_KEPT else _declares.__wrapped__
    return known(name, value)


@lru_cache(4096)
def _declares(name: str, value: str) -> bool:
    if not _PROPERTY.fullmatch(name) or _FOREIGN.fullmatch(name):
        return False
    if name == "display":
        return bool(_DISPLAYS.fullmatch(value))
    return not _OTHER_BROWSERS.search(value)


def _judge(node: Node) -> Truth:
    if node.type == "function":
        value = tinycss2.serialize(node.arguments).strip().lower()
        if node.lower_name == "selector":
            return not _NO_SELECTOR.search(value)
        if node.lower_name == "font-format":
            return value.strip("\"'") in _FORMATS
        return node.lower_name == "font-tech" and bool(_FONT_TECHNOLOGY.match(value))
    if node.content and node.content[0].type == "ident" and node.content[0].value[:2] == "--":
        return ":" in map(str, node.content)  # a custom property may be empty
    found = _DECLARATION.fullmatch(tinycss2.serialize(node.content).lower())
    return bool(found and declares(found[1], found[2].removesuffix("!important").strip()))
