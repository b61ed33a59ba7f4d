"""The pictures of feeds and site maps, written down as a page.

https://www.rssboard.org/rss-specification, RFC 4287, https://www.rssboard.org/media-rss,
https://www.jsonfeed.org/version/1.1/, https://www.sitemaps.org/protocol.html
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from typing import Any, cast

import ada_url
import turbohtml
from turbohtml import CData, Element, Node, Text
from turbohtml.query import select

from app.pictures.formats import HEAD_BYTES, is_feed
from app.scrape.copies import without_copies
from app.scrape.sightings import is_image_file
from app.urls import MAX_LENGTH

MAX_ENTRIES = 1_000
MAX_ELEMENTS = 5_000  # of an entry
MAX_DEPTH = 60  # real entries nest a dozen elements, those of XHTML twice as many
MAX_GROWTH = 4  # times the feed, for its page, and times the HTML, for its absolute addresses
SMALL = 100_000  # characters that are always allowed

Bases = dict[Node, str]  # what references in an element are relative to; "": the feed

_DEEP = " > ".join("*" * MAX_DEPTH)
_ENTRIES = {"item", "entry"}
_HTML = {"description", "summary", "content", "encoded", "body"}
_OF_ALL = {"image", "logo"}  # of the feed itself
# Elements of no standard whose text is an address.
_NAMED = re.compile(r".*(?:image|img|photo|picture|thumb).*", re.DOTALL)
_ADDRESS = re.compile(r"\s*(?:https?:/)?/\S+\s*")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""")
_CONTROL = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_RELATIONS = "http://www.iana.org/assignments/relation/"  # may be in front of a name
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_PREFIX = re.compile(r"[</\s]([\w.-]{1,40}):[\w.-]")
MAX_PREFIXES = 50
_PREFIXED = re.compile(r"(</?)[\w.-]{1,40}:(?=\w)")
_ENDS = re.compile(r"</(?:[\w.-]{1,40}:)?(?:item|entry)\s*>", re.IGNORECASE)
_BEGINS = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s>]", re.IGNORECASE)


def page_of(body: bytes, charset: str | None, url: str) -> bytes | None:
    """Return the entries of a feed as one HTML page in UTF-8; None if it is no feed."""
    if not is_feed(body[:HEAD_BYTES]):
        return None
    named = _ENCODING.match(body.lstrip(b"\xef\xbb\xbf \r\n\t"))
    try:
        text = body.decode(charset or (named[1].decode() if named else "utf-8"), "replace")
    except (LookupError, ValueError):
        text = body.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff").strip()
    parts = _json(text) if text.startswith("{") else _xml(text, url if "xml:base" in text else "")
    return "".join(_bounded(parts, _room(text))).encode("utf-8", "replace")


def _room(text: str) -> int:
    return max(MAX_GROWTH * len(text), SMALL)


def _bounded(parts: Iterator[str], room: int) -> Iterator[str]:
    """Leave out what comes after so many characters."""
    for part in parts:
        room -= len(part)
        if room < 0:
            return
        yield part


def _json(text: str) -> Iterator[str]:
    with suppress(ValueError, RecursionError):
        feed = json.loads(text)
        for item in _list(feed, "items")[:MAX_ENTRIES]:
            shown = [item.get("image"), item.get("banner_image")] if isinstance(item, dict) else []
            yield from (_image(url) for url in shown if isinstance(url, str))
            content = item.get("content_html") if shown else None
            yield content if isinstance(content, str) else ""
            for file in _list(item, "attachments"):
                kind, url = (
                    (file.get(name) for name in ("mime_type", "url"))
                    if isinstance(file, dict)
                    else ("", "")
                )
                if isinstance(url, str) and str(kind).startswith("image"):
                    yield _image(url)


def _list(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _xml(text: str, url: str) -> Iterator[str]:
    """Yield what the entries show; if none shows any, the picture of the feed itself."""
    shown = False
    try:
        document = _parsed(text, url)
    except turbohtml.HTMLParseError:
        entries = _mended(text, url)
        others: list[Element] = []
    else:
        elements = document.select("*")
        names = {"url"} if elements and _name(elements[0]) == "urlset" else _ENTRIES
        entries = _outermost(document, names)
        others = [element for element in elements if _name(element) in _OF_ALL]
    for _, entry in zip(range(MAX_ENTRIES), entries, strict=False):
        for part in _parts(entry):
            shown = shown or "<" in part
            yield part
    if not shown:
        yield from (_image(url) for one in others[:1] if (url := _url(one, _bases([one]))))


def _parsed(text: str, url: str) -> turbohtml.Document:
    document = turbohtml.parse_xml(text)
    root = document.select("*")[0]
    if url:
        root.attrs["xml:base"] = _joined(url, root.attr("xml:base") or "")
    if document.select_one(_DEEP):  # each is looked at within all that is around it
        raise turbohtml.HTMLParseError(f"more than {MAX_DEPTH} elements within each other")
    return document


def _mended(text: str, url: str) -> Iterator[Element]:
    """Read each entry by itself where the whole is not well-formed, as many feeds are not."""
    parts = _CDATA.split(_CONTROL.sub("", text))
    parts[::2] = [_AMPERSAND.sub("&amp;", part) for part in parts[::2]]
    text = "".join(parts)
    *pieces, _ = _ENDS.split(text)
    for piece in pieces:
        if begins := _BEGINS.search(piece):
            entry = piece[begins.start() :]
            name = re.split(r"[\s>]", entry[1:], maxsplit=1)[0]
            prefixes = sorted({*_PREFIX.findall(entry)} - {"xml", "xmlns"})[:MAX_PREFIXES]
            known = " ".join(f'xmlns:{prefix}="{prefix}"' for prefix in prefixes)
            with suppress(turbohtml.HTMLParseError):
                yield _parsed(f"<all {known}>{entry}</{name}></all>", url).select("*")[1]


def _outermost(node: Node, names: set[str]) -> Iterator[Element]:
    """Yield the elements of such names that are within no other of them."""
    for child in node.children:
        if isinstance(child, Element):
            if _name(child) in names:
                yield child
            else:
                yield from _outermost(child, names)


def _parts(entry: Element) -> Iterator[str]:
    """Write each picture once, and each HTML outside of what has been written."""
    elements = list(select("*", entry, limit=MAX_ELEMENTS))
    bases = _bases([entry, *elements])
    sizes: defaultdict[Element | str, list[Element]] = defaultdict(list)
    for element in elements:
        if _is_image(element, bases):
            sizes[_picture(element, bases)].append(element)
    pictures = {together[0]: together for together in sizes.values()}
    written: Element | None = None
    for element in elements:
        if together := pictures.get(element):
            yield _sized(together, bases)
        elif _name(element) in _HTML and not element.attr("url"):
            is_text = not element.select_one("*")  # escaped in what is around it
            if is_text or written is None or written not in element.ancestors:
                written = written if is_text else element
                yield _html(element, bases[element])
    if not sizes:
        named = [one for one in elements if _name(one) == "thumbnail" and one.attr("url")]
        known = set(named)
        children = (one for one in elements if one.parent == entry and one not in known)
        others = [one for one in children if _NAMED.fullmatch(_name(one))]
        yield _sized(named, bases) if named else ""
        yield from (_image(url) for one in others if (url := _url(one, bases)))


def _image(url: str) -> str:
    return f'<img src="{escape(url)}">'


def _sized(elements: list[Element], bases: Bases) -> str:
    """Write one picture in several sizes."""
    if len(elements) == 1:
        return _image(_url(elements[0], bases))
    srcset = ", ".join(f"{_url(one, bases).replace(' ', '%20')}{_width(one)}" for one in elements)
    return f'<img srcset="{escape(srcset)}">'


def _html(element: Element, base: str) -> str:
    """Return HTML that is text there, or elements, as Atom has it too."""
    text = "".join(part.data for part in element.children if isinstance(part, (Text, CData)))
    html = _PREFIXED.sub(r"\1", element.inner_html) if element.select_one("*") else text
    if base:
        room = _room(html)

        def absolute(url: str) -> str:
            nonlocal room
            address = _joined(base, url) if room > 0 else ""
            room -= len(address)
            return address if room > 0 else ""

        markup = without_copies(html.encode(errors="replace"))
        fragment = turbohtml.parse_fragment(markup.decode())
        fragment.rewrite_links(absolute)
        return fragment.inner_html
    return html


def _bases(elements: list[Element]) -> Bases:
    """Return the base of each element, in document order, and of what is around them (XML Base)."""
    bases: Bases = {}
    for element in elements:
        new = [element]
        while new[-1] not in bases and isinstance(around := new[-1].parent, Element):
            new.append(around)
        for one in reversed(new):
            base = bases.get(cast(Node, one.parent), "")
            said = (one.attr("xml:base") or "").strip()
            if said and len(said) <= MAX_LENGTH:
                base = _joined(base, said) if base else said
            bases.setdefault(one, base if len(base) <= MAX_LENGTH else "")
    return bases


def _joined(base: str, url: str) -> str:
    with suppress(ValueError):
        return ada_url.join_url(base, url)
    return url


def _name(element: Element) -> str:
    """Return a name without its prefix, which feeds choose as they like."""
    return element.tag.rpartition(":")[2].lower()


def _is_image(element: Element, bases: Bases) -> bool:
    """Tell whether an element encloses an image."""
    name = _name(element)
    kind = (element.attr("type") or element.attr("medium") or "").lower()
    if name == "link" and (element.attr("rel") or "").removeprefix(_RELATIONS) != "enclosure":
        return False
    if name == "loc":
        return isinstance(element.parent, Element) and _name(element.parent) == "image"
    if name not in ("link", "enclosure", "content"):
        return False
    if kind.startswith(("audio", "video", "text", "html", "xhtml")) or not (
        url := _url(element, bases)
    ):
        return False
    unknown = not kind and name == "content" and "." not in url.partition("?")[0].rpartition("/")[2]
    return kind.startswith("image") or is_image_file(url) or unknown


def _picture(element: Element, bases: Bases) -> Element | str:
    """Tell what is the same for all sizes of a picture: the group, or the address up to `?`."""
    around = element.parent
    if isinstance(around, Element) and _name(around) == "group":
        return around
    return _url(element, bases).partition("?")[0]


def _url(element: Element, bases: Bases) -> str:
    """Return the address that an element has in an attribute, in a child or as its text."""
    for name in ("url", "href", "src"):
        if url := (element.attr(name) or "").strip():
            return _joined(base, url) if (base := bases[element]) else url
    inner = element.select_one(":scope > url, :scope > loc")
    text = (inner or element).text
    is_address = _ADDRESS.fullmatch(text) or is_image_file(text.strip())
    return text.strip() if is_address and (inner or not element.select_one("*")) else ""


def _width(element: Element) -> str:
    width = element.attr("width") or ""
    return f" {width}w" if re.fullmatch("[1-9][0-9]{0,5}", width) else ""
