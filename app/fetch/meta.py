"""What the head of a page says of the requests that follow."""

from collections.abc import Iterator
from functools import partial

import turbohtml
from turbohtml.query import select

from app.fetch import referrer

HEAD_BYTES = 1 << 16  # that are looked at
MAX_META = 500


def referrer_policy(body: bytes, charset: str | None, policy: str) -> str:
    """Return the policy of `<meta name=referrer>`, the last that is known; else the one given."""
    for element in _metas(body, charset, b"referrer"):
        if (element.attr("name") or "").strip().lower() == "referrer":
            policy = referrer.of_meta(element.attr("content") or "", policy)
    return policy


def _metas(body: bytes, charset: str | None, word: bytes) -> Iterator[turbohtml.Element]:
    head = body[:HEAD_BYTES]
    if word not in head.replace(b"\0", b"").lower():  # UTF-16 has NULs
        return
    parse = partial(turbohtml.parse, head, positions=False)
    try:
        document = parse(encoding=charset)
    except LookupError:  # an encoding that browsers do not know either
        document = parse()
    yield from select("meta", document, limit=MAX_META)
