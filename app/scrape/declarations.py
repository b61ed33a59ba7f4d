"""Declarations of style sheets and `style` attributes, as they are written.

https://drafts.csswg.org/css-syntax-3/#declaration
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_DECLARATION = re.compile(
    r"""(?:^|;)\s*([\w-]+)\s*:((?:[^;"'()]++|"[^"\n]*+"?|'[^'\n]*+'?"""
    r"""|\((?:[^"'()]++|"[^"\n]*+"?|'[^'\n]*+'?|\((?:[^()]++|\([^()]*+\)?)*+\)?)*+\)?|\))*+)"""
)
_IMPORTANT = re.compile(r"!\s*important\s*\Z", re.IGNORECASE)


class Declaration(NamedTuple):
    """A declaration; names of custom properties keep their case."""

    name: str
    value: str
    important: bool


def declarations(block: str) -> Iterator[Declaration]:
    """Yield the declarations of a block in the order written."""
    for name, value in _DECLARATION.findall(block):
        plain = _IMPORTANT.sub("", value) if "!" in value else value
        name = name if name.startswith("--") else name.lower()
        yield Declaration(name, plain.strip(), plain != value)
