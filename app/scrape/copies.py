"""What the parser copies: elements that stay open, and attributes.

Each block opens anew what formatting elements stay open around it (WHATWG HTML, "reconstruct the
active formatting elements"), and each further `html` or `body` adds its attributes to the first.
So a small page can become a tree of gigabytes. In such a page, these elements get other names.
"""

import functools
import re
from collections.abc import Iterator

SMALL = 1 << 14  # bytes of a page that needs no look: some 1,500,000 copies at worst
MAX_COPIES = 1_000_000  # of elements; each takes 130 bytes
MAX_ATTRIBUTES = 8_000_000  # of copies; each takes 24 bytes
FEW_ATTRIBUTES = 8  # of each, of which no page is too large
MAX_OPEN = 512  # of turbohtml
MAX_ROOTS = 100
MAX_ROOT_ATTRIBUTES = 128

_LINKS, _ROOTS = b"a", b"html|body"  # a link ends the link before it: one is open at most
_FORMATTING = b"b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_COUNTED = frozenset(_FORMATTING.split(b"|"))
_VOID = frozenset(b"area base br col embed hr img input link meta source track wbr".split())
_BLANK = rb"[ \t\r\n\f]"
_NAMED = rb"<(?:%%b)(?=%b|[/>])" % _BLANK
# The rest of a tag that cannot be read in two ways.
_REST = rb"""(?:%b++[\w:.@-]++(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[\w./:#?&;,%%+-]++))?+)*+%b*+/?+>""" % (
    _BLANK,
    _BLANK,
)
# Such a tag, a comment likewise, or of each other one the angle.
_TAG = re.compile(rb"<(?:!--[^<>-]*+-->|(/?)([A-Za-z][A-Za-z0-9]*+)%b)?+" % _REST)
_BEGIN, _ROOT = (re.compile(_NAMED % names, re.I) for names in (_FORMATTING, _ROOTS))
_WHOLE = re.compile(rb"<(%b)(?=%b|[/>])%b[^<]*+</\1>" % (_FORMATTING, _BLANK, _REST), re.I)
# An attribute as the parser reads it, or more of them.
_ATTRIBUTE = (
    rb"""(?:B|/)*+(?!B|[/>])[^>](?:(?!B)[^/>=])*+(?:B*+=B*+(?:"[^"]*+"|'[^']*+'|"""
    rb"""(?!B)[^"'<>](?:(?!B)[^<>])*+)?+)?+"""
).replace(b"B", _BLANK)


def without_copies(markup: bytes, among: int = 0) -> bytes:
    """Rename the elements of which the parser might make too many copies.

    Of one page among others that have so many bytes together, its share is already too many.
    """
    if len(markup) < SMALL and not among:
        return markup
    tags = markup.count(b"<") or 1
    share = min(1, len(markup) / among) if among else 1
    most, attributes = (int(every * share) // tags for every in (MAX_COPIES, MAX_ATTRIBUTES))
    is_fat = _has(b"|".join((_ROOTS, _FORMATTING, _LINKS)), FEW_ATTRIBUTES, markup)
    if len(_ROOT.findall(markup)) > MAX_ROOTS or (
        is_fat and _has(_ROOTS, MAX_ROOT_ATTRIBUTES, markup)
    ):
        markup = _renamed(_ROOTS, markup)
    if all(
        opened > most or (is_fat and opened and _has(_FORMATTING, attributes // opened, markup))
        for opened in _opened(markup)
    ):
        markup = _renamed(_FORMATTING, markup)
    if is_fat and _has(_LINKS, attributes, markup):
        markup = _renamed(_LINKS, markup)
    return markup


def _opened(markup: bytes) -> Iterator[int]:
    """Yield how many formatting elements may be open at once, each time fewer at a higher cost."""
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
            opened += name in _COUNTED
            found = max(found, opened)
            if found > MAX_OPEN:
                break
        elif around and name == around[-1] != b"":
            around.pop()
            opened -= name in _COUNTED
    return found


@functools.cache
def _fat(names: bytes, exponent: int) -> re.Pattern[bytes]:
    firsts = bytes({name[0] for name in names.split(b"|")})
    # To ignore the case, and to try each name at each tag, would take twice as long.
    any_case = re.sub(rb"[a-z]", lambda found: b"[%b%b]" % (found[0], found[0].upper()), names)
    begin = rb"<(?=[%b%b])%b" % (firsts, firsts.upper(), (_NAMED % any_case)[1:])
    return re.compile(rb"%b(?:%b){%d}" % (begin, _ATTRIBUTE, 1 << exponent))


def _has(names: bytes, attributes: int, markup: bytes) -> bool:
    """Tell whether one of these elements has that many attributes, or half as many."""
    exponent = max(attributes, FEW_ATTRIBUTES).bit_length() - 1
    return bool(_fat(names, exponent).search(markup))


def _renamed(names: bytes, markup: bytes) -> bytes:
    """Put an `x` for the first letter of these elements: none of what comes out is known."""
    written = bytearray(markup)
    for tag in re.finditer(rb"</?+(%b)(?=%b|[/>])" % (names, _BLANK), markup, re.I):
        written[tag.start(1)] = ord("x")
    return bytes(written)
