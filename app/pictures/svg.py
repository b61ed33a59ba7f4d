"""SVG: its root element, and how large a browser shows it as an image."""

import math
import re
from dataclasses import dataclass, field
from xml.parsers import expat

from app.pictures.header import Header, Size, Unmeasured

ROOT_BYTES = 1 << 16  # within which the root element's tag has to end
_EXPANDED = 1 << 20  # characters that references to entities may become
_DEFAULTS = 500  # attributes that a doctype may declare; expat compares each with all before it
_NAMESPACE = "http://www.w3.org/2000/svg"
_BYTE_ORDER_MARKS = b"\xff\xfe", b"\xfe\xff"  # of UTF-16

_NUMBER = r"[+-]?+(?:[0-9]*+\.)?+[0-9]++(?:e[+-]?+[0-9]++)?+"
_SPACE = r"[ \t\n\r\f]"
_LENGTH = re.compile(rf"{_SPACE}*+({_NUMBER})([a-z]*+|%){_SPACE}*+", re.I)
_VIEW_BOX = re.compile(
    rf"{_SPACE}*+" + rf"({_NUMBER}){_SPACE}*+,?+{_SPACE}*+" * 3 + rf"({_NUMBER}){_SPACE}*+", re.I
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_NO_RATIO = re.compile(rf"{_SPACE}*+none(?:{_SPACE}|\Z)")
_VALUE_CHARACTERS = 200  # of an attribute that is a number or four

# Pixels, at 96 to the inch. As in Chromium, units of a window, which no image has, are nothing.
_UNITS = {"": 1.0, "px": 1, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}
_UNITS |= {"pt": 4 / 3, "pc": 16}
_UNITS |= {
    prefix + unit: 0
    for prefix in ("", "s", "l", "d")
    for unit in ("vw", "vh", "vi", "vb", "vmin", "vmax")
} | {"cq" + unit: 0 for unit in ("w", "h", "i", "b", "min", "max")}
# Pixels of those that depend on a font, as in Chromium on Linux where it has 16.
_OF_FONT = {"em": 16, "rem": 16, "ic": 16, "ric": 16, "ex": 9, "rex": 9, "ch": 10, "rch": 10}
_OF_FONT |= {"cap": 12, "rcap": 12, "lh": 19, "rlh": 19}
_FONT_SIZE = re.compile(rf"(?:\A|;){_SPACE}*+font-size{_SPACE}*+:([^;!]*+)", re.I)
_LARGEST_FONT = 10_000  # pixels
_LARGEST = 33_554_428  # pixels of a side
_LARGEST_FLOAT = 2.0**128
_DEFAULT = 300.0, 150.0  # CSS Images 3, 4.2


@dataclass
class _Root:
    """What was found of a root element; without a name, it has not come yet."""

    name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    doctype: str = ""
    defaults: int = 0
    well_formed: bool = True


class _Found(Exception):
    """The root element is read, or a doctype that could keep the parser busy."""


def is_svg(head: bytes) -> bool:
    """Tell whether the root element is an SVG; without a namespace, it has to be named plainly."""
    root = _read(head)
    prefix, _, local = root.name.rpartition(":")
    namespace = root.attributes.get(f"xmlns:{prefix}" if prefix else "xmlns")
    plain = not prefix and namespace is None and root.doctype in ("", "svg")
    return local == "svg" and (namespace == _NAMESPACE or plain)


def is_unfinished(head: bytes) -> bool:
    """Tell whether XML goes on without having come to its root element."""
    root = _read(head)
    return root.well_formed and not root.name and b"<" in head


def _text(head: bytes) -> str:
    """Decode as browsers do for images: UTF-8 whatever is declared, UTF-16 by its mark alone."""
    encoding = "utf-16" if head[:2] in _BYTE_ORDER_MARKS else "utf-8-sig"
    return head.decode(encoding, "replace").lstrip()


def _read(head: bytes) -> _Root:
    """Read up to the root element; expat itself never loads an external entity."""
    root = _Root()
    text = _text(head[:ROOT_BYTES])
    references = text.count("&")

    def begin(name: str, attributes: dict[str, str]) -> None:
        root.name, root.attributes = name, attributes
        raise _Found

    def declare(name: str, is_parameter: bool, value: str | None, *external: str | None) -> None:
        """Refuse entities within entities, and many references to a long one."""
        if value and ("&" in value or len(value) * references > _EXPANDED):
            raise _Found

    def default(*_: object) -> None:
        root.defaults += 1
        if root.defaults > _DEFAULTS:
            raise _Found

    def doctype(name: str, *_: object) -> None:
        root.doctype = name

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = declare
    parser.AttlistDeclHandler = default
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode("utf-8", "replace"))
    except _Found:
        root.well_formed = bool(root.name)
    except expat.ExpatError:
        root.well_formed = False
    return root


def measure(header: Header) -> Size:
    """Read the size that the image has where a page says nothing of it (SVG 2, 8.2, as Chromium).

    A side that is not given follows from the other by the view box, or is that of the default.

    Raises:
        Unmeasured: a side is calculated.
    """
    attributes = _read(header.read_up_to(0, ROOT_BYTES)).attributes
    units = _UNITS | {unit: size * _em(attributes) / 16 for unit, size in _OF_FONT.items()}
    width, height = (_length(attributes.get(name, ""), units) for name in ("width", "height"))
    across, down = _ratio(attributes.get("viewBox", ""))
    if _NO_RATIO.match(attributes.get("preserveAspectRatio", "")) and None in (width, height):
        across, width, height = 0, None, None
    if across:
        if width is None:
            if height is None:
                height = min(_DEFAULT[1], _DEFAULT[0] * down / across)
            width = height * across / down
        elif height is None:
            height = width * down / across
    return Size.whole(_whole(width, _DEFAULT[0]), _whole(height, _DEFAULT[1]))


def _em(attributes: dict[str, str]) -> float:
    """Return the pixels of the root's font size, of which its sheets and `font` are not asked."""
    size = 16.0
    units = _UNITS | _OF_FONT | {"%": 0.16}
    styled = _FONT_SIZE.findall(attributes.get("style", ""))
    for value in (attributes.get("font-size", ""), *styled):
        if "(" not in value and "-" not in value and (found := _length(value, units)) is not None:
            size = min(found, _LARGEST_FONT)
    return size


def _length(value: str, units: dict[str, float]) -> float | None:
    """Return pixels of a CSS length; None for what is none, and for shares of a window."""
    text = _COMMENT.sub("", value[:_VALUE_CHARACTERS])
    if "(" in text:
        raise Unmeasured
    found = _LENGTH.fullmatch(text)
    unit = units.get(found[2].lower()) if found else None
    return None if not found or unit is None else max(0, min(float(found[1]), 1e9)) * unit


def _ratio(value: str) -> tuple[float, float]:
    """Return the sides of a view box; of one that is not valid, zeros."""
    found = _VIEW_BOX.fullmatch(value[:_VALUE_CHARACTERS])
    sides = (float(found[3]), float(found[4])) if found else (0.0, 0.0)
    return sides if all(0 < side < _LARGEST_FLOAT for side in sides) else (0.0, 0.0)


def _whole(side: float | None, default: float) -> int:
    """Round halves up, as they are after six digits: Chromium has short floats."""
    return math.floor(round(min(default if side is None else side, _LARGEST), 6) + 0.5)
