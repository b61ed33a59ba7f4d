"""The style sheets of a page in their order: its own, those it links, and what they import.

https://html.spec.whatwg.org/multipage/links.html#link-type-stylesheet
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import ada_url
from turbohtml import Document, Element

from app.scrape.screen import shows
from app.scrape.sheets import Sheet, without_comments
from app.scrape.supports import supported

MAX_IMPORTS = 2  # imports within imports

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
                    sheets += self._with_imports(element.text, "", 0)
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
        text = _decoded(loaded.body, loaded.charset, self._encoding)
        return self._with_imports(text, loaded.url, depth)

    def _with_imports(self, text: str, base: str, depth: int) -> list[Sheet]:
        """Return a sheet behind what it imports; imports stand in front of all rules."""
        if hidden := _HIDDEN.match(text):
            text = text[hidden.end() :]
        text = without_comments(text)
        if not _MAY_IMPORT.match(text):
            return [Sheet(text, base)]
        sheets: list[Sheet] = []
        layers, at = "", 0
        while found := _LAYER_OR_CHARSET.match(text, at) or _IMPORT.match(text, at):
            at = found.end()
            if found.re is _IMPORT and depth < MAX_IMPORTS:
                sheets += self._imported(found, base, depth + 1)
            elif found.re is not _IMPORT:
                layers += found[0]
        return [Sheet(layers), *sheets, Sheet(text[at:], base)]

    def _imported(self, found: re.Match[str], base: str, depth: int) -> list[Sheet]:
        *references, layer, name, condition, media = found.groups()
        if condition and not (supported(condition) or supported(f"({condition})")):
            return []
        if not shows(media.strip()):
            return []
        sheets = self._linked(next(filter(None, references), "").strip(), base, depth)
        if layer:
            around = f"@layer {(name or '').strip()}{{"
            return [Sheet(f"{around}{sheet.text}}}", sheet.base) for sheet in sheets]
        return sheets


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
