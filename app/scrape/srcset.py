"""The candidates of a `srcset`, by the algorithm of the HTML standard.

https://html.spec.whatwg.org/multipage/images.html#parsing-a-srcset-attribute
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_SEPARATORS = re.compile(r"[ \t\n\f\r,]*+")
_URL = re.compile(r"[^ \t\n\f\r]++")
# Descriptors end at white space and their list at a comma, but not within parentheses.
_PARENTHESES = r"\([^)]*+(?:\)|\Z)"
_DESCRIPTORS = re.compile(rf"(?:[^,(]++|{_PARENTHESES})*+")
_DESCRIPTOR = re.compile(rf"(?:[^ \t\n\f\r(]++|{_PARENTHESES})++")
_NUMBER = {
    "w": re.compile(r"[0-9]{1,9}"),
    "h": re.compile(r"[0-9]{1,9}"),
    "x": re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"),
}

# Characters; what is longer is no size, but an attack.
MAX_DESCRIPTORS = 1_000


class Candidate(NamedTuple):
    """A URL as written, its width in pixels (0: not given) and its density."""

    url: str
    width: float = 0
    density: float = 1


def parse(srcset: str) -> Iterator[Candidate]:
    """Yield the valid candidates in the order written."""
    position = 0
    while found := _URL.match(srcset, _end(_SEPARATORS, srcset, position)):
        url, position, descriptors = found[0], found.end(), ""
        if not url.endswith(","):
            start, position = position, _end(_DESCRIPTORS, srcset, position)
            descriptors = srcset[start:position]
        size = _size(_DESCRIPTOR.findall(descriptors[:MAX_DESCRIPTORS]))
        if size:
            yield Candidate(url.rstrip(","), *size)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _size(descriptors: list[str]) -> tuple[float, float] | None:
    """Read width and density; None when the standard drops the candidate."""
    sizes: dict[str, float] = {}
    for descriptor in descriptors:
        kind = descriptor[-1]
        if kind in sizes or kind not in _NUMBER or not _NUMBER[kind].fullmatch(descriptor[:-1]):
            return None
        sizes[kind] = float(descriptor[:-1])
    width, height, density = (sizes.get(kind) for kind in "whx")
    if width == 0 or height == 0 or (density or 0) < 0:
        return None
    if (height and not width) or (density is not None and (width or height)):
        return None
    return width or 0, 1 if density is None else density
