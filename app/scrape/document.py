"""Pages as turbohtml, the WHATWG parser, reads them, down to the elements that matter here.

It caps open elements at 512, as browsers do, and stays linear where html.parser, html5lib and
lexbor need many seconds. It builds the tree in C; only what `wanted` selects becomes Python.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

import ada_url
import turbohtml
from turbohtml.query import select

from app.scrape import cascade, gallery
from app.scrape.css import Painted
from app.scrape.linked import LinkedSheets, Load
from app.scrape.sightings import is_image_file
from app.scrape.tags import Tag, Tags

# A page is cut off behind this many elements: what follows could not be downloaded anyway.
MAX_ELEMENTS = 30_000
# The tree takes 180 bytes for each; a real page of 10 MB has some 200,000.
MAX_TAGS = 600_000
# Pages within attributes of the page, and bytes of each that are read.
MAX_FRAMES = 50
MAX_FRAME = 200_000

MAX_NESTED = 3  # pages within each other
MAX_OBJECTS = 100
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\s")
_ENDED = re.compile(rb"<(script|style|title|textarea|iframe|noscript)(\s[^<>]*)?/>")
_AROUND = {"picture", "noscript"}
_RIGHT_BEHIND = ":is(img, picture, amp-img) + noscript"


def read(body: bytes, charset: str | None, url: str, wanted: str, load: Load | None) -> Tags:
    """Parse a page; keep the elements that the CSS selector `wanted` names, in document order."""
    document = parse(_bounded(body), charset)
    encoding = (document.encoding or "utf-8").lower()
    base = _base(document, url)
    # What is looked up by its name alone, and not in a list, is found in no time.
    if document.select_one("template"):
        document.remove("template:not([shadowrootmode])")  # scripts may use it; nobody sees it
    for outer in select("object[data]", document, limit=MAX_OBJECTS):
        kind = (outer.attr("type") or "").strip().lower()
        if kind[:6] == "image/" or (not kind and is_image_file((outer.attr("data") or "").strip())):
            outer.remove("img")  # shown if the object cannot be
    if document.select_one("amp-img"):
        document.remove("amp-img :is(img, amp-img), amp-anim :is(img, amp-img)")  # likewise
    painted: Painted = {}
    _prepare(document, len(body), LinkedSheets(load, base, encoding), painted)
    # In `:is()`, turbohtml tests all selectors on an element in a third of the time.
    elements = select(f":is({wanted})", document, limit=MAX_ELEMENTS)
    return Tags(list(_tags(elements)), encoding, base, painted)


def _tags(elements: Iterable[turbohtml.Element]) -> Iterator[Tag]:
    files = gallery.Files()
    tag: Tag | None = None
    around: list[tuple[turbohtml.Element, Tag]] = []
    for element in elements:
        while around and element.closest(around[-1][0].tag) != around[-1][0]:
            around.pop()
        attributes = _strings(element.attrs.items())
        if behind := files.of(element):
            attributes |= behind
        last, tag = tag, Tag(element.tag, attributes, around[-1][1] if around else None)
        if tag.name == "script":
            tag.text = element.text
        if tag.name == "noscript" and element.matches(_RIGHT_BEHIND):
            tag.follows = last
        if tag.name in _AROUND:
            around.append((element, tag))
        yield tag


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
    """Write down what style sheets paint, and open inner pages."""
    cascade.paint(document, sheets.of(document), size, painted)
    if depth == MAX_NESTED:
        return
    for frame in select("iframe[srcdoc]", document, limit=MAX_FRAMES):
        inner = parse((frame.attr("srcdoc") or "").encode()[:MAX_FRAME], "utf-8")
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


def parse(markup: bytes, charset: str | None) -> turbohtml.Document:
    """Parse a page, in an encoding that a header names, or the one that the page does.

    XHTML may end an element within its tag, which HTML takes for the beginning of a script.
    """
    if _XML.match(markup):
        markup = _ENDED.sub(rb"<\1\2></\1>", markup)
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
