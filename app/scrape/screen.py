"""The screen that pages are judged for: a desktop, by Media Queries Levels 3 to 5.

1366 × 768 pixels, light, in colour, with a mouse and scripts; no paper, no reduced motion.
https://drafts.csswg.org/mediaqueries-5/
"""

import operator
import re
from collections.abc import Callable
from functools import lru_cache

import tinycss2
from tinycss2.ast import Node

from app.scrape.conditions import Truth, both, condition, negated, words_of

# Characters: what is longer is no query.
MAX_QUERY = 2_000

# Pictures are wanted in their largest size, as the densest common screens show them.
DENSITIES = (1.0, 2.0, 3.0)

WIDTH, HEIGHT = 1366, 768
_LENGTHS = {"width": WIDTH, "height": HEIGHT, "device-width": WIDTH, "device-height": HEIGHT}
_RATIOS = {"aspect-ratio", "device-aspect-ratio"}
_NUMBERS = {
    "color": 8,
    "color-index": 0,
    "monochrome": 0,
    "horizontal-viewport-segments": 1,
    "vertical-viewport-segments": 1,
}
_DENSITIES = {"resolution", "device-pixel-ratio"}
_NUMERIC = _LENGTHS.keys() | _RATIOS | _NUMBERS.keys() | _DENSITIES
# The values of each feature: those that hold, and those that do not. Features that Chromium does
# not know are left out, for a query with an unknown one holds neither plain nor negated.
_KEYWORDS = {
    name: (set(true.split()), set(false.split()))
    for name, true, false in (
        ("orientation", "landscape", "portrait"),
        ("grid", "0", "1"),
        ("update", "fast", "none slow"),
        ("overflow-block", "scroll", "none paged"),
        ("overflow-inline", "scroll", "none"),
        ("color-gamut", "srgb", "p3 rec2020"),
        ("dynamic-range", "standard", "high"),
        ("pointer", "fine", "none coarse"),
        ("any-pointer", "fine", "none coarse"),
        ("hover", "hover", "none"),
        ("any-hover", "hover", "none"),
        ("prefers-color-scheme", "light", "dark"),
        ("prefers-reduced-motion", "no-preference", "reduce"),
        ("prefers-reduced-transparency", "no-preference", "reduce"),
        ("prefers-contrast", "no-preference", "more less custom"),
        ("forced-colors", "none", "active"),
        ("scripting", "enabled", "none initial-only"),
        ("display-mode", "browser", "fullscreen standalone minimal-ui"),
        ("device-posture", "continuous", "folded"),
        ("-webkit-transform-3d", "1", "0"),
    )
}
# In parentheses by itself, a feature that has one of these is absent.
_ABSENT = {"none", "no-preference", "0"}

_PIXELS = {
    **dict.fromkeys(("em", "rem", "pc"), 16),
    **dict.fromkeys(("ex", "ch"), 8),
    "px": 1,
    "in": 96,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "pt": 96 / 72,
    "vw": WIDTH / 100,
    "vh": HEIGHT / 100,
}
_DOTS = {"dppx": 1, "x": 1, "dpi": 1 / 96, "dpcm": 2.54 / 96}
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?"
_DIMENSION = re.compile(rf"({_NUMBER})([a-z]*)")
_RATIO = re.compile(rf"({_NUMBER})(?:\s*/\s*({_NUMBER}))?")
_CALC = re.compile(r"calc\(([^()]*)\)")
_TERM = re.compile(r"\s([+-])\s")
_PLAIN = re.compile(r"([a-z-][a-z0-9-]*)(?:\s*:\s*(.+))?", re.DOTALL)
_RANGE = re.compile(r"([^<>=]+?)\s*(<=?|>=?|=)\s*([^<>=]+?)(?:\s*(<=?|>=?)\s*([^<>=]+))?")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "min-": operator.ge,
    "max-": operator.le,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def shows(media: str, density: float = 1.0) -> bool:
    """Tell whether a list of media queries holds on this screen."""
    return len(media) <= MAX_QUERY and _shows(media, density)


@lru_cache(1024)
def _shows(media: str, density: float) -> bool:
    queries: list[list[Node]] = [[]]
    for node in tinycss2.parse_component_value_list(media, skip_comments=True):
        if node == ",":
            queries.append([])
        elif node.type != "whitespace":
            queries[-1].append(node)
    return queries == [[]] or any(_query(query, density) for query in queries)


def _query(tokens: list[Node], density: float) -> Truth:
    def judge(node: Node) -> Truth:
        if node.type != "() block":
            return None
        # One space for many: what is matched below tries each of them at each place.
        return _feature(" ".join(tinycss2.serialize(node.content).lower().split()), density)

    words = words_of(tokens)
    modifier = words[0] if words and words[0] in ("not", "only") else ""
    rest, words = tokens[bool(modifier) :], words[bool(modifier) :]
    if not words or not words[0]:
        return condition(tokens, judge) if modifier != "only" else None
    if words[0] in ("not", "only", "and", "or", "layer"):
        return None
    truth: Truth = words[0] in ("all", "screen")
    if len(rest) > 1:
        if words[1] != "and" or "or" in words:
            return None
        truth = both(truth, condition(rest[2:], judge))
    return negated(truth) if modifier == "not" else truth


def _feature(text: str, density: float) -> Truth:
    plain = _PLAIN.fullmatch(text)
    if plain and plain[1] in _KEYWORDS:
        true, false = _KEYWORDS[plain[1]]
        if plain[2] is None:
            return not true & _ABSENT
        return True if plain[2] in true else False if plain[2] in false else None
    if plain:
        prefix = re.match(r"(?:-webkit-)?(min-|max-)?", plain[1])
        bound = (prefix and prefix[1]) or ""
        name = plain[1].replace(bound, "", 1)
        if plain[2] is None:
            actual = None if bound else _actual(name, density)
            return None if actual is None else actual != 0
        return _holds(name, bound or "=", plain[2], density)
    return _range(text, density)


def _range(text: str, density: float) -> Truth:
    """Judge `width > 1px`, `1px < width` or `1px < width <= 2px`."""
    found = _RANGE.fullmatch(text)
    if not found:
        return None
    left, sign, middle, second, right = found.groups()
    if second is None:
        if left in _NUMERIC:
            return _holds(left, sign, middle, density)
        return _holds(middle, _MIRRORED[sign], left, density)
    if sign[0] != second[0]:
        return None
    lower = _holds(middle, _MIRRORED[sign], left, density)
    return both(lower, _holds(middle, second, right, density))


def _holds(name: str, sign: str, value: str, density: float) -> Truth:
    actual, wanted = _actual(name, density), _value(name, value.strip())
    if actual is None or wanted is None:
        return None
    return _COMPARE[sign](actual, wanted)


def _actual(name: str, density: float) -> float | None:
    plain = name.removeprefix("-webkit-")
    if plain == "device-pixel-ratio":
        return density if plain != name else None
    if name == "resolution":
        return density
    if name in _RATIOS:
        return WIDTH / HEIGHT
    return _LENGTHS.get(name, _NUMBERS.get(name))


def _value(name: str, text: str) -> float | None:
    if name in _RATIOS:
        ratio = _RATIO.fullmatch(text)
        if not ratio or float(ratio[1]) < 0 or float(ratio[2] or 1) < 0:
            return None
        return float(ratio[1]) / float(ratio[2] or 1) if float(ratio[2] or 1) else float("inf")
    number = _DIMENSION.fullmatch(text)
    if not number and (total := _CALC.fullmatch(text)) and name in _LENGTHS:
        return _sum(name, total[1])
    if not number:
        return float("inf") if (name, text) == ("resolution", "infinite") else None
    size, unit = float(number[1]), number[2]
    if name in _LENGTHS:
        return size * _PIXELS[unit] if unit in _PIXELS else 0 if not unit and not size else None
    if name == "resolution":
        return size * _DOTS[unit] if unit in _DOTS else None
    whole = size.is_integer() or name not in _NUMBERS
    return size if not unit and whole else None


def _sum(name: str, text: str) -> float | None:
    """Add the lengths of a `calc()`; products are too rare here to be read."""
    values = [_value(name, term.strip()) for term in _TERM.split(text)[::2]]
    signs = [1, *(-1 if sign == "-" else 1 for sign in _TERM.findall(text))]
    if None in values or len(signs) != len(values):
        return None
    return sum(sign * (value or 0) for sign, value in zip(signs, values, strict=True))
