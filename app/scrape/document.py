"""BeautifulSoup on turbohtml, the WHATWG parser, holding only the elements that matter here.

turbohtml caps open elements at 512, as browsers do, and stays linear where html.parser, html5lib
and lexbor need many seconds. It builds the tree in C; only what `wanted` selects becomes Python.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any

import ada_url
import turbohtml
from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.builder import TreeBuilder
from bs4.element import PageElement
from turbohtml.query import select

from app.scrape import cascade, copies, gallery
from app.scrape.linked import LinkedSheets, Load
from app.scrape.painted import Painted
from app.scrape.sightings import is_image_file
from app.scrape.tags import Tags

# A page is cut off behind this many elements: what follows could not be downloaded anyway.
MAX_ELEMENTS = 30_000
# The tree takes 180 bytes for each; a real page of 10 MB has some 200,000.
MAX_TAGS = 600_000
# Pages within attributes of the page, and bytes of each that are read.
MAX_FRAMES = 50
MAX_FRAME = 200_000

MAX_NESTED = 3  # pages within each other
MAX_OBJECTS = 100
_WIDE, _ESCAPING = {"UTF-16LE", "UTF-16BE"}, "ISO-2022-JP"

_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\s")
_ENDED = re.compile(rb"<(script|style|title|textarea|iframe|noscript)(\s[^<>]*)?/>")
_AROUND = {"picture", "noscript"}
_RIGHT_BEHIND = ":is(img, picture, amp-img) + noscript"


def read(body: bytes, charset: str | None, url: str, wanted: str, load: Load | None) -> Tags:
    """Parse a page; keep the elements that the CSS selector `wanted` names, nested as they are."""
    builder = _TreeBuilder(url, wanted, load)
    # A file, because BeautifulSoup warns about short markup that looks like a file name.
    soup = BeautifulSoup(BytesIO(body), builder=builder, from_encoding=charset)
    return Tags(soup, soup.original_encoding or "utf-8", builder.base, builder.painted)


class _TreeBuilder(TreeBuilder):
    NAME = "turbohtml"

    def __init__(self, url: str, wanted: str, load: Load | None) -> None:
        super().__init__()
        self.base = url
        self.painted = Painted()
        self._wanted = wanted
        self._load = load
        self._charset: str | None = None

    def prepare_markup(
        self, markup: Any, user_specified_encoding: str | None = None, *_: Any, **__: Any
    ) -> Iterator[tuple[Any, str | None, str | None, bool]]:
        """Leave the encoding to the parser: BOM, then header, `<meta>`, detection."""
        self._charset = user_specified_encoding
        yield markup, self._charset, None, False

    def feed(self, markup: Any) -> None:
        """Hand the wanted elements to the soup, nested in `picture` and `noscript` only."""
        soup = self.soup
        assert soup is not None  # noqa: S101 (bs4 sets it before it feeds)
        document = parse(_bounded(markup), self._charset)
        soup.original_encoding = (document.encoding or "utf-8").lower()
        self.base = _base(document, self.base)
        _leave_out(document)
        sheets = LinkedSheets(self._load, self.base, soup.original_encoding)
        _prepare(document, len(markup), sheets, self.painted)
        files = gallery.Files()
        around: list[tuple[turbohtml.Element, Tag]] = []
        last: PageElement = soup

        def put(what: PageElement, parent: Tag) -> None:
            # As `handle_starttag`, without what only a parser of text needs: a quarter of its time.
            nonlocal last
            what.setup(parent, last)
            parent.contents.append(what)
            last = what

        # In `:is()`, turbohtml tests all selectors on an element in a third of the time.
        for element in select(f":is({self._wanted})", document, limit=MAX_ELEMENTS):
            while around and element.closest(around[-1][0].tag) != around[-1][0]:
                around.pop()
            parent = around[-1][1] if around else soup
            if element.tag == "noscript" and not element.matches(_RIGHT_BEHIND):
                put(NavigableString(" "), parent)  # for what stands between, and is left out
            tag = Tag(name=element.tag)
            tag.attrs.update(_strings(element.attrs.items()))
            tag.attrs.update(files.of(element))
            put(tag, parent)
            if element.tag == "script":
                put(NavigableString(element.text), tag)
            if element.tag in _AROUND:
                around.append((element, tag))


def _leave_out(document: turbohtml.Document) -> None:
    """Remove what is not shown while what is around it is."""
    # What is looked up by its name alone, and not in a list, is found in no time.
    if document.select_one("template"):
        document.remove("template:not([shadowrootmode])")  # scripts may use it; nobody sees it
    for outer in select("object[data]", document, limit=MAX_OBJECTS):
        kind = (outer.attr("type") or "").strip().lower()
        if kind[:6] == "image/" or (not kind and is_image_file((outer.attr("data") or "").strip())):
            outer.remove("img")  # shown if the object cannot be
    if document.select_one("amp-img"):
        document.remove("amp-img :is(img, amp-img), amp-anim :is(img, amp-img)")  # likewise


def _base(document: turbohtml.Document, url: str) -> str:
    """Resolve the first `<base href>`; the page's own URL when there is none to use."""
    tag = document.select_one("base[href]")
    with suppress(ValueError):
        base = ada_url.join_url(url, (tag.attr("href") or "").strip()) if tag else url
        if not base.startswith(("data:", "javascript:")):
            return base
    return url


def _prepare(
    document: turbohtml.Document, size: int, sheets: LinkedSheets, painted: Painted, depth: int = 0
) -> None:
    """Find what style sheets paint, and open inner pages."""
    cascade.paint(document, sheets.of(document), size, painted)
    if depth == MAX_NESTED:
        return
    for frame in select("iframe[srcdoc]", document, limit=MAX_FRAMES):
        markup = (frame.attr("srcdoc") or "").encode()[:MAX_FRAME]
        inner = parse(markup, "utf-8", among=MAX_FRAMES * MAX_FRAME)
        inner.remove("template:not([shadowrootmode]), base")
        _prepare(inner, size, sheets, painted, depth + 1)
        frame.clear()
        if inner.root:
            frame.append(inner.root)


def _bounded(markup: bytes) -> bytes:
    """Cut off what would take hundreds of megabytes as a tree."""
    if len(markup) < 3 * MAX_TAGS or markup.count(b"<") - markup.count(b"</") <= MAX_TAGS:
        return markup
    return markup[: next(islice(re.finditer(b"<(?!/)", markup), MAX_TAGS, None)).start()]


def parse(markup: bytes, charset: str | None, among: int = 0) -> turbohtml.Document:
    """Parse a page, in an encoding that a header names, or the one that the page does.

    XHTML may end an element within its tag, which HTML takes for the beginning of a script. Of
    what may be copied, a page among others has its share: they have so many bytes together.
    """
    if _XML.match(markup):
        markup = _ENDED.sub(rb"<\1\2></\1>", markup)
    if len(markup) >= copies.SMALL or among:
        markup, charset = _legible(markup, charset)
        markup = copies.without_copies(markup, among)
    return _read(markup, charset)


def _legible(markup: bytes, charset: str | None) -> tuple[bytes, str | None]:
    """Write a page anew in which tags may not be the bytes of ASCII."""
    named = _read(markup[:2], charset).encoding or ""  # by a mark, or by the header
    if named in _WIDE:
        return markup.decode(named, "replace").encode(errors="replace"), "utf-8"
    if b"\x1b" in markup:
        # A `<meta>` may name it, however late; without escapes, none of them hides a tag.
        plain = copies.without_copies(markup.replace(b"\x1b", b"\x01"))
        charset = _read(plain, charset).encoding
    if charset == _ESCAPING:
        text = markup.decode(charset, "replace").replace("\x1b", "\N{REPLACEMENT CHARACTER}")
        markup = text.encode("ascii", "xmlcharrefreplace")
    return markup, charset


def _read(markup: bytes, charset: str | None) -> turbohtml.Document:
    read = partial(turbohtml.parse, markup, positions=False, allow_declarative_shadow_roots=False)
    try:
        return read(encoding=charset)
    except LookupError:  # an encoding that browsers do not know either
        return read()


def _strings(attributes: Iterable[tuple[str, Any]]) -> dict[str, str]:
    return {
        name: " ".join(value) if isinstance(value, list) else value or ""
        for name, value in attributes
    }
