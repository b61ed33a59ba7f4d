"""From the text of a style sheet to its blocks, nested ones and conditions resolved.

Only braces are looked at here, which is fast; declarations are read where a rule matters.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from app.scrape.declarations import declarations
from app.scrape.screen import shows
from app.scrape.selectors import nested
from app.scrape.supports import supported

MAX_DEPTH = 20
# Images of a sheet around which is looked.
MAX_IMAGES = 50_000
# What is kept of the blocks of a sheet, by the size of its text: real ones have far less.
MAX_KEPT = 4
_OBJECTS = 200  # bytes of one block that are no text

_DATA = re.compile(
    r"""\((?<=url\()\s*(?:"data:[^"]*+"|'data:[^']*+'|data:[^)"']*+)\s*\)""", re.IGNORECASE
)
_NAMES_FILE = re.compile(r"\((?:(?<=url\()(?!\s*[\"']?data:)|(?<=image-set\())", re.IGNORECASE)
_HIDES = (re.compile(r"display\s*:\s*none"), re.compile(r"content-visibility\s*:\s*hidden"))
_NO_BRACES = bytes({*range(256)} - {*b"{}"})
_COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?")
_STRING = re.compile(r'"[^"\n{};]*+["\n]|\'[^\'\n{};]*+[\'\n]|("[^"\n]*+"|\'[^\'\n]*+\')')
_PLAIN_STRING = re.compile(r'"[^"\n{};]*+"|\'[^\'\n{};]*+\'')
_STATEMENTS = re.compile(r"(?:\s*@[^;{}]*+;)*+")
_LAYERS = re.compile(r"@layer\s([^;{}@]++);", re.IGNORECASE)
_AT_RULE = re.compile(r"\s*@([\w-]+)\s*(.*)", re.DOTALL)
_HOLDS: dict[str, Callable[[str], bool]] = {"media": shows, "supports": supported}

# Of which one has to be in a block that matters, in small letters.
Words = tuple[re.Pattern[bytes], ...]


class Block(NamedTuple):
    """A block of declarations, and the selectors in front of it."""

    selectors: str
    layer: float
    order: int
    text: str
    base: str


class Property(NamedTuple):
    """A custom property as `@property` registers it."""

    inherits: bool
    initial: str


@dataclass(slots=True)
class _Frame:
    """A block that is open."""

    selectors: str  # of the rule, or around the at-rule; empty at the top
    layer: str | None
    kind: str = ""  # dead, property, or neither
    name: str = ""


class Read(NamedTuple):
    """What was read of a sheet: its layers and blocks in their order, and what it registers."""

    layers: list[str]
    blocks: list[tuple[str, str | None, str]]  # selectors, layer, declarations
    properties: dict[str, Property]


class Text:
    """The text of a sheet without comments and imports; what was found in it is kept with it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._read: dict[Words, Read] = {}

    @cached_property
    def pieces(self) -> list[str]:
        """Return what stands around the images of the sheet, cut at closing braces."""
        return list(_around_files(self.text))

    @cached_property
    def may_hide(self) -> bool:
        """Tell whether something in the sheet may hide elements."""
        text = self.text.lower()
        return any(hides.search(text) for hides in _HIDES)

    def read(self, words: Words) -> Read:
        """Read the blocks that have one of the words in them."""
        found = self._read.get(words)
        if not found:
            found = _Reader(words).read(self.text)
            size = sum(len(names) + len(text) + _OBJECTS for names, _, text in found.blocks)
            size += sum(len(name) + _OBJECTS for name in (*found.layers, *found.properties))
            if size <= MAX_KEPT * len(self.text):
                self._read = {words: found}  # which are the same for most pages of a site
        return found


class Sheet(NamedTuple):
    """A style sheet, and what it is relative to; empty: to the page's base."""

    text: Text
    base: str = ""


class Sheets:
    """All sheets of a page: their blocks in one order, and what they register."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.properties: dict[str, Property] = {}
        self._layers: dict[str, int] = {}
        self._sheets = 0

    def add(self, sheet: Sheet, words: Words) -> None:
        """Add a sheet, of which those blocks matter that have one of the words in them."""
        read = sheet.text.read(words)
        self.properties |= read.properties
        self._sheets += 1
        ranks: dict[str | None, float] = {None: float("inf")}
        for layer in read.layers:
            name = layer.replace("\0", f"\0{self._sheets} ")  # one without a name is of its sheet
            ranks[layer] = self._layers.setdefault(name, len(self._layers))
        self.blocks += [
            Block(selectors, ranks[layer], order, text, sheet.base)
            for order, (selectors, layer, text) in enumerate(read.blocks, len(self.blocks))
        ]


class _Reader:
    """Reads the text of a sheet."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._found = Read([], [], {})

    def read(self, text: str) -> Read:
        raw = _lowered(text)
        if b"data:" in raw:
            text = _DATA.sub("", text)
            raw = _lowered(text)
        if b"@layer" in raw:
            for names in _LAYERS.findall(text):
                self._found.layers.extend(name.strip() for name in names.split(","))
        parts, shaping = text.split("}"), _shaping(raw)
        if any(_is_odd(parts[index]) for index in shaping):
            text = _STRING.sub(lambda found: _escaped(found[1]) if found[1] else found[0], text)
            raw = _lowered(text)
            parts, shaping = text.split("}"), _shaping(raw)
        frames = [_Frame("", None)]
        having = _having(raw, self._words)
        for index in sorted(shaping | having):
            part, around = parts[index], frames[-1]
            if index in shaping or around.selectors or "@" in part:
                self._read(frames, part, index in having)
            elif not around.kind:
                selectors, _, content = part.partition("{")
                self._found.blocks.append((selectors, around.layer, content))
        return self._found

    def _read(self, frames: list[_Frame], part: str, matters: bool) -> None:
        *preludes, content = part.split("{")
        for prelude in preludes:
            if frames[-1].selectors and ";" in prelude:  # declarations in front of a nested rule
                declared, _, prelude = prelude.rpartition(";")
                self._declare(frames[-1], declared, matters)
            frames.append(self._open(frames[-1], prelude, len(frames)))
        self._declare(frames[-1], content, matters)
        if len(frames) > 1:
            frames.pop()

    def _declare(self, frame: _Frame, block: str, matters: bool) -> None:
        if not matters or frame.kind == "dead":
            return
        if frame.selectors:
            self._found.blocks.append((frame.selectors, frame.layer, block))
        elif frame.kind:
            values = {one.name: one.value for one in declarations(block)}
            inherits = values.get("inherits", "").lower() != "false"
            self._found.properties[frame.name] = Property(inherits, values.get("initial-value", ""))

    def _open(self, frame: _Frame, prelude: str, depth: int) -> _Frame:
        if frame.kind or depth > MAX_DEPTH:
            return _Frame("", None, "dead")
        if "@" in prelude and not frame.selectors:
            prelude = prelude[_STATEMENTS.match(prelude).end() :]  # type: ignore[union-attr]
        at_rule = _AT_RULE.match(prelude) if "@" in prelude else None
        if not at_rule:
            return _Frame(nested(frame.selectors, prelude.strip()), frame.layer)
        name, condition = at_rule[1].lower(), at_rule[2].strip()
        if name == "property":
            return _Frame("", None, "property", condition)
        if name == "layer":
            around = f"{frame.layer}." if frame.layer is not None else ""
            layer = around + (condition or f"\0{len(self._found.layers)}")
            self._found.layers.append(layer)
            return _Frame(frame.selectors, layer)
        holds = _HOLDS.get(name)
        if not (holds(condition) if holds else name in ("container", "scope")):
            return _Frame("", None, "dead")
        return _Frame(frame.selectors, frame.layer)


def without_comments(text: str) -> str:
    """Leave out the comments of a sheet."""
    return _COMMENT.sub("", text)


def names_file(text: str) -> bool:
    """Tell whether an image in a text has an address of its own: not one of `data:`."""
    return bool(_NAMES_FILE.search(text))


def _around_files(text: str) -> Iterator[str]:
    """Yield what stands around the images of a sheet, cut at closing braces."""
    end = 0
    for found in islice(_NAMES_FILE.finditer(text), MAX_IMAGES):
        at = found.start()
        if at >= end:
            end = text.find("}", at)
            end = len(text) if end < 0 else end
            yield text[text.rfind("}", 0, at) + 1 : end]


def _lowered(text: str) -> bytes:
    # In this order it takes half the time, and for other letters than those of ASCII far more.
    return text.lower().encode() if text.isascii() else text.encode("utf-8", "replace").lower()


def _shaping(text: bytes) -> set[int]:
    """Return which parts, cut at closing braces, are not just the beginning of a rule."""
    parts = text.translate(None, _NO_BRACES).split(b"}")
    return {index for index, part in enumerate(parts) if part != b"{"}


def _having(text: bytes, words: Words) -> set[int]:
    """Return which parts, cut at closing braces, have one of the words in them."""
    having = set()
    index = at = 0
    for place in sorted(found.start() for word in words for found in word.finditer(text)):
        index += text.count(b"}", at, place)
        having.add(index)
        at = place
    return having


def _is_odd(part: str) -> bool:
    """Tell whether there may be a brace or a semicolon in a string."""
    rest = _PLAIN_STRING.sub("", part) if '"' in part or "'" in part else ""
    return '"' in rest or "'" in rest


def _escaped(string: str) -> str:
    return "".join(f"\\{ord(sign):x} " if sign in "{};" else sign for sign in string)
