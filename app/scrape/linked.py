"""The style sheets of a page in their order: its own, those it links, and what they import.

https://html.spec.whatwg.org/multipage/links.html#link-type-stylesheet
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from sys import getsizeof
from threading import Lock
from typing import NamedTuple

import ada_url
from turbohtml import Document, Element

from app.scrape.screen import shows
from app.scrape.sheets import Sheet, Text, without_comments
from app.scrape.supports import supported

MAX_IMPORTS = 2  # imports within imports
MAX_IMPORTED = 1_000  # of one sheet
MAX_KEPT = 8_000_000  # bytes of sheets that are kept, as they came and as text

_FONTS = re.compile(r"https?://(?:fonts\.|use\.typekit\.|use\.fontawesome\.)")  # and nothing else
_LAYER_OR_CHARSET = re.compile(r"\s*@(?:layer|charset)\b[^;{}]*;", re.IGNORECASE)
_IMPORT = re.compile(
    r"""\s*+@import\s*+(?:url\(\s*+(?:"([^"\n]*)"|'([^'\n]*)'|([^"'()\s]*))\s*+\)|"([^"\n]*)"|'([^'\n]*)')"""
    r"\s*+(?:(layer)(?:\(([^()]*)\))?(?![\w-]))?"
    r"\s*+(?:supports\(((?:[^()]|\([^()]*\))*)\))?([^;{}]*+)(?:;|\Z)",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"\s*<!--")  # from browsers older than style sheets
_MAY_IMPORT = re.compile(r"\s*@[lic]", re.IGNORECASE)
_CHARSET = re.compile(rb'@charset "([^"]{1,40})";')
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"))
_WINDOWS = {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"}  # as the WHATWG reads them


class Loaded(NamedTuple):
    """A sheet as it came: from where in the end, and the charset that the server names."""

    url: str
    body: bytes
    charset: str | None


# Given an address, that of the sheet which imports it, if one does, and what its link says of the
# Referer. None: it cannot be had.
Load = Callable[[str, str, str], Loaded | None]


class _File(NamedTuple):
    """A sheet, and what stands in front of its rules: names of layers, and what it imports."""

    layers: list[Sheet]
    imports: list[tuple[str | None, ...]]
    text: Text


class Kept:
    """The files used last: the pages of a site share theirs, which are told by their bytes."""

    def __init__(self, most: int) -> None:
        self._room = most
        self._files: OrderedDict[tuple[bytes, str | None, str], _File] = OrderedDict()
        self._lock = Lock()

    def of(self, body: bytes, charset: str | None, encoding: str) -> _File:
        """Return a file, of a body in one of these encodings."""
        key = body, charset, encoding
        with self._lock:
            file = self._files.pop(key, None)
            if file:
                self._files[key] = file
                return file
        file = _file(_decoded(*key))
        with self._lock:
            if key not in self._files:
                self._room -= _size(body, file)
            self._files[key] = file
            while self._room < 0:
                (old, *_), dropped = self._files.popitem(last=False)
                self._room += _size(old, dropped)
        return file


KEPT = Kept(MAX_KEPT)


class LinkedSheets:
    """Reads the sheets of a page and of those within it, each file once."""

    def __init__(self, load: Load | None, base: str, encoding: str) -> None:
        self._load = load
        self._base = base
        self._encoding = encoding
        self._known: set[str] = set()

    def of(self, document: Document) -> list[Sheet]:
        """Return the sheets that apply to this screen."""
        sheets: list[Sheet] = []
        titles: set[str] = set()  # of the preferred sheets, which share the first title
        links = self._load and any(map(_is_linked, document.select("link")))
        for element in document.select("style, link" if links else "style"):  # far slower for both
            title = (element.attr("title") or "").strip()
            if element.tag == "style":
                if _applies(element) and not element.closest("noscript"):
                    sheets += self._with_imports(_file(element.text), "", 0)
            elif _is_linked(element) and (not titles or title in {"", *titles}):
                titles |= {title} - {""}
                policy = (element.attr("referrerpolicy") or "").strip()
                href = (element.attr("href") or "").strip()
                sheets += self._linked(href, "", 0, policy)
        return sheets

    def _linked(self, reference: str, by: str, depth: int, policy: str = "") -> list[Sheet]:
        """Load a sheet that a page or, `by` its address, another sheet names."""
        base = by or self._base
        try:
            url = ada_url.join_url(base, reference).partition("#")[0] if reference else ""
        except ValueError:
            return []
        if url[:4] != "http" or url in self._known or _FONTS.match(url):
            return []
        self._known.add(url)
        loaded = self._load(url, by, policy) if self._load else None
        if not loaded:
            return []
        file = KEPT.of(loaded.body, loaded.charset, self._encoding)
        return self._with_imports(file, loaded.url, depth)

    def _with_imports(self, file: _File, base: str, depth: int) -> list[Sheet]:
        """Return a sheet behind what it imports."""
        sheets = [
            sheet
            for found in (file.imports if depth < MAX_IMPORTS else ())
            for sheet in self._imported(found, base, depth + 1)
        ]
        return [*file.layers, *sheets, Sheet(file.text, base)]

    def _imported(self, found: tuple[str | None, ...], base: str, depth: int) -> list[Sheet]:
        *references, layer, name, condition, media = found
        if condition and not (supported(condition) or supported(f"({condition})")):
            return []
        if not shows((media or "").strip()):
            return []
        sheets = self._linked(next(filter(None, references), "").strip(), base, depth)
        if layer:
            around = f"@layer {(name or '').strip()}{{"
            return [Sheet(Text(f"{around}{text.text}}}"), base) for text, base in sheets]
        return sheets


def _file(text: str) -> _File:
    """Cut a sheet behind its imports, which stand in front of all rules."""
    if hidden := _HIDDEN.match(text):
        text = text[hidden.end() :]
    text = without_comments(text)
    layers, at = "", 0
    imports: list[tuple[str | None, ...]] = []
    if _MAY_IMPORT.match(text):
        while found := _LAYER_OR_CHARSET.match(text, at) or _IMPORT.match(text, at):
            at = found.end()
            if found.re is not _IMPORT:
                layers += found[0]
            elif len(imports) < MAX_IMPORTED:
                imports.append(found.groups())
    return _File([Sheet(Text(layers))] if layers else [], imports, Text(text[at:]))


def _size(body: bytes, file: _File) -> int:
    texts = [file.text, *(sheet.text for sheet in file.layers)]
    parts = [part for found in file.imports for part in (found, *found)]
    return len(body) + sum(getsizeof(text.text) for text in texts) + sum(map(getsizeof, parts))


def _applies(element: Element) -> bool:
    kind = (element.attr("type") or "text/css").strip().lower()
    return kind == "text/css" and shows(element.attr("media") or "")


def _is_linked(link: Element) -> bool:
    """Tell whether a link's sheet applies, at once or once a script has made it do so.

    `rel=preload` and `media=print` become a sheet when loaded, by loadCSS and its relatives.
    """
    words = link.attrs.get("rel") or ()
    kinds = {word.lower() for word in (words.split() if isinstance(words, str) else words)}
    onload = link.attr("onload") or ""
    if "stylesheet" not in kinds | set(re.findall("stylesheet", onload)):
        return False
    if "alternate" in kinds or "disabled" in link.attrs:
        return False
    return _applies(link) or "media" in onload


def _decoded(body: bytes, charset: str | None, encoding: str) -> str:
    """Decode a sheet by CSS Syntax 3, section 3.2."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    declared = _CHARSET.match(body)
    named = declared[1].decode("latin-1") if declared else None
    named = "utf-8" if named and named.lower().startswith("utf-16") else named
    for name in filter(None, (charset, named, encoding)):
        with suppress(LookupError, ValueError):
            return body.decode("cp1252" if name.lower() in _WINDOWS else name, "replace")
    return body.decode("utf-8", "replace")
