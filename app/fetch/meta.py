"""What the head of a page says of the requests that follow."""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import ada_url
import turbohtml
from turbohtml.query import select

from app.fetch import referrer

HEAD_BYTES = 1 << 16  # that are looked at
MAX_META = 500
MAX_REFRESH_SECONDS = 5.0

# https://html.spec.whatwg.org/multipage/semantics.html#attr-meta-http-equiv-refresh
_FLAGS = re.DOTALL | re.IGNORECASE | re.ASCII
_REFRESH = re.compile(r"\s*(\d*)(?:\.[\d.]*)?(?:\s*[;,]\s*|\s+|\s*$)(.*)", _FLAGS)
_URL = re.compile(r"url\s*=\s*(.*)", _FLAGS)
_SPACES = " \t\n\f\r"


def refresh(body: bytes, charset: str | None, url: str) -> str | None:
    """Return where `<meta http-equiv=refresh>` leads, also in `noscript`, as this is one.

    What is relative belongs to the `<base>` in front of it, if there is one.
    """
    base = ""
    for element in _heads(body, charset, b"refresh", "meta, base[href]"):
        if element.tag == "base":
            base = base or (element.attr("href") or "").strip()
        elif (element.attr("http-equiv") or "").strip().lower() == "refresh":
            target = refresh_target(element.attr("content") or "")
            if target and base:
                with suppress(ValueError):
                    target = ada_url.join_url(ada_url.join_url(url, base), target)
            # The bytes of UTF-8, as a header has them.
            return target and target.encode("utf-8", "replace").decode("latin-1")
    return None


def refresh_target(value: str) -> str | None:
    """Return the reference of a refresh that comes soon; None for later and for a reload."""
    found = _REFRESH.fullmatch(value)
    if not found or not (found[1] or value.lstrip(_SPACES)[:1] == "."):
        return None
    if int(found[1][:9] or 0) > MAX_REFRESH_SECONDS:
        return None
    named = _URL.fullmatch(found[2])
    target = named[1] if named else found[2]
    if target[:1] in ("'", '"') and target:
        target = target[1:].partition(target[0])[0]
    return target.strip(_SPACES) or None


def referrer_policy(body: bytes, charset: str | None, policy: str) -> str:
    """Return the policy of `<meta name=referrer>`, the last that is known; else the one given."""
    for element in _heads(body, charset, b"referrer", "meta"):
        if (element.attr("name") or "").strip().lower() == "referrer":
            policy = referrer.of_meta(element.attr("content") or "", policy)
    return policy


def _heads(
    body: bytes, charset: str | None, word: bytes, wanted: str
) -> Iterator[turbohtml.Element]:
    head = body[:HEAD_BYTES]
    if word not in head.replace(b"\0", b"").lower():  # UTF-16 has NULs
        return
    parse = partial(turbohtml.parse, head, positions=False)
    try:
        document = parse(encoding=charset)
    except LookupError:  # an encoding that browsers do not know either
        document = parse()
    yield from select(wanted, document, limit=MAX_META)
