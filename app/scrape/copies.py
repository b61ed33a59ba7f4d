"""What the parser copies: elements that stay open, and attributes.

Each block opens anew what formatting elements stay open around it (WHATWG HTML, "reconstruct the
active formatting elements"), and each further `html` or `body` adds its attributes to the first.
So a small page can become a tree of gigabytes. In such a page, these elements get other names.
"""

import re
from collections.abc import Iterator

SMALL = 1 << 14  # bytes of a page that needs no look: some 1,500,000 copies at worst
MAX_COPIES = 2_000_000  # of elements; each takes 130 bytes
MAX_ATTRIBUTES = 8_000_000  # of copies; each takes 24 bytes
FEW_ATTRIBUTES = 4  # of an element, which need not be counted
MAX_OPEN = 512  # of turbohtml
MAX_ROOT_ATTRIBUTES = 12_800  # of all roots; each is compared with each
MAX_READ = 4  # times the bytes of a page, of tags within each other

_LINKS, _ROOTS = b"a", b"html|body"  # a link ends the link before it: one is open at most
_FORMATTING = b"b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_COUNTED = frozenset(_FORMATTING.split(b"|"))
_KINDS = {name: kind for kind in (_ROOTS, _FORMATTING, _LINKS) for name in kind.split(b"|")}
_VOID = frozenset(b"area base br col embed hr img input link meta source track wbr".split())
_BLANK = rb"[ \t\r\n\f]"
# The rest of a tag that cannot be read in two ways.
_REST = rb"""(?:%b++[\w:.@-]++(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[\w./:#?&;,%%+-]++))?+)*+%b*+/?+>""" % (
    _BLANK,
    _BLANK,
)
# Such a tag, a comment likewise, or of each other one the angle.
_TAG = re.compile(rb"<(?:!--[^<>-]*+-->|(/?)([A-Za-z][A-Za-z0-9]*+)%b)?+" % _REST)
_WHOLE = re.compile(rb"<(%b)(?=%b|[/>])%b[^<]*+</\1>" % (_FORMATTING, _BLANK, _REST), re.I)
# An attribute as the parser reads it.
_ATTRIBUTE = re.compile(
    rb"""[/B]*+[^/>B][^/>=B]*+(?:[B]*+=[B]*+(?:"[^"]*+"|'[^']*+'|[^"'>B][^>B]*+)?+)?+""".replace(
        b"B", rb" \t\r\n\f"
    )
)
_ATTRIBUTES = re.compile(rb"(?:%b)*+" % _ATTRIBUTE.pattern)
# The rest of a tag that has few, and no angle but in quotes. These are of two kinds, so that of
# tags which begin within each other no more than three go over the same byte.
_FEW = rb"(?:%b){0,%d}+[/ \t\r\n\f]*+>" % (
    _ATTRIBUTE.pattern.replace(b">", b"<>"),
    FEW_ATTRIBUTES,
)


def _begin(names: bytes) -> bytes:
    """Return the pattern of a tag up to its name; two letters tell most others apart at once."""
    ahead = (b"".join(name[at : at + 1] for name in names.split(b"|")) for at in (0, 1))
    first, second = (letters + letters.upper() for letters in ahead)
    return rb"<(?=[%b][%b \t\r\n\f/>])((?i:%b))(?=%b|[/>])" % (first, second, names, _BLANK)


_BEGIN, _ROOT = (re.compile(_begin(names)) for names in (_FORMATTING, _ROOTS))
_WIDE = re.compile(rb"%b(?!%b)" % (_begin(b"|".join(_KINDS)), _FEW))


def without_copies(markup: bytes, among: int = 0) -> bytes:
    """Rename the elements of which the parser might make too many copies.

    Of one page among others that have so many bytes together, its share is already too many.
    """
    if len(markup) < SMALL and not among:
        return markup
    tags = markup.count(b"<") or 1
    share = min(1, len(markup) / among) if among else 1
    most, attributes = (int(every * share) // tags for every in (MAX_COPIES, MAX_ATTRIBUTES))
    found = {_ROOTS: FEW_ATTRIBUTES, _FORMATTING: FEW_ATTRIBUTES, _LINKS: 0}
    _note_more(found, markup)

    def too_many(opened: int) -> bool:
        return opened > most or opened * found[_FORMATTING] > attributes

    at_once = MAX_ROOT_ATTRIBUTES // found[_ROOTS]
    if tags > at_once and len(_ROOT.findall(markup)) > at_once:
        markup = _renamed(_ROOTS, markup)
    if all(map(too_many, _opened(markup))):
        markup = _renamed(_FORMATTING, markup)
    if found[_LINKS] > attributes:
        markup = _renamed(_LINKS, markup)
    return markup


def _note_more(found: dict[bytes, int], markup: bytes) -> None:
    """Write down how many attributes an element of each kind has at most, if more than known.

    What begins within a tag is looked at, too: the tag may be no tag, but in a comment.
    """
    room = MAX_READ * len(markup)
    for tag in _WIDE.finditer(markup):
        kind = _KINDS[tag[1].lower()]
        start, end = _ATTRIBUTES.match(markup, tag.end()).span()  # type: ignore[union-attr]
        room -= end - start
        if end - start > 2 * found[kind]:
            attributes = sum(1 for _ in _ATTRIBUTE.finditer(markup, start, end))
            found[kind] = max(found[kind], attributes)
        if room < 0:
            found.update(dict.fromkeys(found, len(markup)))
            break


def _opened(markup: bytes) -> Iterator[int]:
    """Yield how many formatting elements may be open at once, each time fewer at a higher cost."""
    yield MAX_OPEN
    begun = len(_BEGIN.findall(markup))
    yield min(begun, MAX_OPEN)
    yield min(begun - len(_WHOLE.findall(markup)), MAX_OPEN)
    yield min(_left_open(markup), MAX_OPEN)


def _left_open(markup: bytes) -> int:
    """Follow the tags.

    What is in a comment, a script or an attribute may look like one, and an end tag may end
    nothing. So it ends only what is right before it, or before other elements that are whole.
    """
    around: list[bytes] = []
    opened = found = 0
    for tag in _TAG.finditer(markup):
        name = tag[2].lower() if tag[2] else b""
        if name in _VOID or tag[0].endswith(b"-->"):
            continue
        if not tag[1]:
            around.append(name)
            is_unclear = not name and _BEGIN.match(markup, tag.start())
            opened += bool(is_unclear) or name in _COUNTED
            found = max(found, opened)
            if found > MAX_OPEN:
                break
        elif around and name == around[-1] != b"":
            around.pop()
            opened -= name in _COUNTED
    return found


def _renamed(names: bytes, markup: bytes) -> bytes:
    """Put an `x` for the first letter of these elements: none of what comes out is known."""
    written = bytearray(markup)
    for tag in re.finditer(rb"</?+(%b)(?=%b|[/>])" % (names, _BLANK), markup, re.I):
        written[tag.start(1)] = ord("x")
    return bytes(written)
