"""How facts are put for people: sizes, times, states and names."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from markupsafe import Markup, escape

from app.database.models import UNFINISHED, Download, Image, Status
from app.http import services
from app.pictures.formats import BY_CONTENT_TYPE, SVG
from app.urls import own
from app.web import messages

MAX_NAME = 200  # characters; `data:` URIs have thousands
NO_BREAK = "\N{NO-BREAK SPACE}"
SMALL_DRAWING = 100_000  # bytes; a larger one may keep a browser busy


def size(count: int) -> str:
    """Say bytes as people do, such as `1.4 MB` or `22 kB`."""
    for unit, step in ("GB", 1e9), ("MB", 1e6), ("kB", 1e3):
        if count >= step:
            digits = 1 if count < 9.95 * step else 0
            return f"{count / step:,.{digits}f}{NO_BREAK}{unit}"
    return f"{count}{NO_BREAK}bytes"


def moment(value: datetime) -> str:
    """Say a time, such as `20 Nov 2026, 13:15 UTC`."""
    return f"{value.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def host(url: str) -> str:
    """Return the host of a URL, with a port where it has one."""
    return _split(url)[0] or url


def heading(download: Download) -> str:
    """Return what a download is called: the title of its page, or else the host."""
    return download.title or host(download.url)


def name(image: Image) -> str:
    """Return what a picture is called: its name in the archive, or the end of its URL."""
    place, path = _split(image.source_url)
    ending = unquote(path.rstrip("/").rpartition("/")[2])
    return (image.file or ending or place or image.source_url)[:MAX_NAME]


def _split(url: str) -> tuple[str, str]:
    """Return host and path of what may be no URL at all: some are as strangers wrote them."""
    rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")[2]
    place, _, path = rest.partition("/")
    return place, path


def format_of(image: Image) -> str:
    """Say the format of a picture, such as `JPEG`, if it is known."""
    known = BY_CONTENT_TYPE.get(image.content_type or "")
    return known.name.upper() if known else ""


def kind(image: Image) -> str:
    """Say the format and the sides of a picture, such as `JPEG, 800 × 600`."""
    sides = f"{image.width} × {image.height}".replace(" ", NO_BREAK) if image.width else ""
    return ", ".join(filter(None, [format_of(image), sides]))


def preview(image: Image) -> str | None:
    """Return where there is a small picture of an image, if there can be one."""
    if image.content_type != SVG.content_type:
        return own(f"/images/{image.id}/thumbnail")
    return own(f"/images/{image.id}/content") if (image.bytes or 0) <= SMALL_DRAWING else None


def count(number: int, noun: str) -> str:
    """Say how many, such as `1 picture` or `1,200 pictures`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def sentence(text: str) -> str:
    """Make a reason a sentence: with a capital letter first and a full stop last."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def code(text: str) -> Markup:
    """Show what stands between backticks as code."""
    # A plain str: Python 3.11 puts the pieces together by `Markup.join`, which escapes them again.
    plain = str(escape(text))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", plain))  # noqa: S704  # escaped


def is_link(url: str) -> bool:
    """Tell whether a URL found on a page may be followed: `javascript:` must not."""
    return url.lower().startswith(("http://", "https://"))


def say(message: str, **values: Any) -> Markup:
    """Fill a message in; what strangers wrote is escaped."""
    return escape(message).format(**values)


FILTERS: dict[str, Any] = {
    "size": size,
    "moment": moment,
    "host": host,
    "heading": heading,
    "name": name,
    "kind": kind,
    "format": format_of,
    "count": count,
    "preview": preview,
    "sentence": sentence,
    "code": code,
}
TESTS = {"link": is_link}
GLOBALS: dict[str, Any] = {
    "own": own,
    "keys": services.keys,
    "messages": messages,
    "say": say,
    "UNFINISHED": UNFINISHED,
    "Status": Status,
}
