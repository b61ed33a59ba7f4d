"""The title of a page, fit to be shown and stored."""

import re
import unicodedata

from app.scrape.document import parse

MAX_TITLE = 300  # characters
_HEAD = 1 << 17  # bytes of a page, within which it has its title, or it has none
_TITLE = "title:not(svg title)"  # WHATWG HTML, document.title
_PRESCANNED = 1024  # bytes of a page that may name its encoding (WHATWG HTML, prescan)
_END = re.compile(rb"</title\s*>", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*)\]\]>", re.DOTALL)  # of a feed
_READ = 10 * MAX_TITLE  # of what is written; most may be white space
# What separates words without being seen; the joiners of Persian and of emoji stay.
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_JOINERS = "\u200c\u200d"
_UNSEEN = {"Cc", "Cf", "Cs", "Co"}  # among them, marks that turn the direction of text


def title_of(body: bytes, charset: str | None) -> str | None:
    """Return the title of a page or a feed on one line, if it says anything.

    Marks that turn the direction of text would turn what stands beside the title, too (Unicode
    Technical Report 36, section 2.7).
    """
    head = body[:_HEAD]
    end = _END.search(head)  # what follows need not be parsed
    first = head[: max(end.end(), _PRESCANNED)] if end else b""
    written = _written(first, charset) or _written(head, charset)
    words = _SPACES.sub(" ", written)
    seen = (sign for sign in words if sign in _JOINERS or unicodedata.category(sign) not in _UNSEEN)
    return "".join(seen).strip(f" {_JOINERS}")[:MAX_TITLE].rstrip() or None


def _written(markup: bytes, charset: str | None) -> str:
    document = parse(markup, charset)
    document.remove("template")
    title = document.select_one(_TITLE)
    return _CDATA.sub(r"\1", title.text.strip()[:_READ]) if title else ""
