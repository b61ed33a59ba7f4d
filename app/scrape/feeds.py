"""The pictures of RSS and Atom feeds, written down as a page.

https://www.rssboard.org/rss-specification, RFC 4287, https://www.rssboard.org/media-rss
"""

import re
from collections.abc import Iterator
from html import escape

import turbohtml
from turbohtml import CData, Element, Text

from app.pictures.formats import HEAD_BYTES, is_feed
from app.scrape.sightings import is_image_file

MAX_ENTRIES = 1_000

_HTML = {"description", "summary", "content", "content:encoded", "media:description"}
_THUMBNAILS = {"media:thumbnail", "itunes:image"}
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""")


def page_of(body: bytes, charset: str | None) -> bytes | None:
    """Return the entries of a feed as one HTML page in UTF-8; None if it is no feed."""
    if not is_feed(body[:HEAD_BYTES]):
        return None
    named = _ENCODING.match(body.lstrip(b"\xef\xbb\xbf \r\n\t"))
    try:
        text = body.decode(charset or (named[1].decode() if named else "utf-8"), "replace")
        document = turbohtml.parse_xml(text.removeprefix("\ufeff"))
    except (LookupError, ValueError, turbohtml.HTMLParseError):  # it is not well-formed
        return None
    entries = document.select("item, entry")[:MAX_ENTRIES]
    return "".join(part for entry in entries for part in _parts(entry)).encode()


def _parts(entry: Element) -> Iterator[str]:
    elements = entry.select("*")
    media = [element for element in elements if _is_image(element)]
    for element in elements:
        if element.tag in _HTML:
            yield _html(element)
        elif element.tag == "media:group":
            sizes = [size for size in media if size.parent == element]
            srcset = ", ".join(f"{_url(size)}{_width(size)}" for size in sizes)
            yield f'<img srcset="{escape(srcset)}">'
        elif element in media and not _is_grouped(element):
            yield f'<img src="{escape(_url(element))}">'
    if not media:
        thumbnails = (element for element in elements if element.tag in _THUMBNAILS)
        yield from (f'<img src="{escape(_url(element))}">' for element in thumbnails)


def _html(element: Element) -> str:
    """Return HTML that is text there, or elements, as Atom has it too."""
    if element.select_one("*"):
        return element.inner_html
    return "".join(part.data for part in element.children if isinstance(part, (Text, CData)))


def _is_image(element: Element) -> bool:
    """Tell whether an element encloses an image."""
    kind = (element.attr("type") or element.attr("medium") or "").lower()
    if element.tag == "link":
        return element.attr("rel") == "enclosure" and kind.startswith("image")
    if element.tag not in ("enclosure", "media:content"):
        return False
    return kind.startswith("image") or (not kind and is_image_file(_url(element)))


def _is_grouped(element: Element) -> bool:
    return isinstance(element.parent, Element) and element.parent.tag == "media:group"


def _url(element: Element) -> str:
    return (element.attr("url") or element.attr("href") or "").strip()


def _width(element: Element) -> str:
    width = element.attr("width") or ""
    return f" {width}w" if re.fullmatch("[1-9][0-9]{0,5}", width) else ""
