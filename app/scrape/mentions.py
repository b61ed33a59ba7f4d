"""Pictures that a page names without showing them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from app.scrape import gallery
from app.scrape.sightings import Found, Sighting, is_image_file
from app.scrape.srcset import Candidate
from app.scrape.tags import Tags, text

META = 'meta[content], link[rel~="image_src" i], script[type="application/ld+json" i]'
LINKS = "a[href], area[href]"
ICONS = (
    'link[rel~="icon" i], link[rel^="apple-touch-icon" i], meta[name="msapplication-TileImage" i]'
)

_META_NAMES = re.compile(
    r"(?:og:image|twitter:image)(?::(?:secure_url|url|src))?|image|thumbnailurl"
)
_JSON_LD_NAMES = {"image", "thumbnail", "thumbnailUrl", "primaryImageOfPage", "logo", "photo"}


def meta(page: Tags) -> Iterator[Sighting]:
    """Yield what previews of the page show: Open Graph, Twitter cards, JSON-LD."""
    for tag in page.named("meta", "link", "script"):
        name = (text(tag, "property") or text(tag, "name") or text(tag, "itemprop")).lower()
        if tag.name == "script":
            for url in _json_ld(tag.string or ""):
                yield Sighting([Found(Candidate(url), "json-ld")])
        elif tag.name == "meta" and _META_NAMES.fullmatch(name):
            yield Sighting([Found(Candidate(text(tag, "content")), name)])
        elif tag.name == "link" and text(tag, "rel").lower() == "image_src":
            yield Sighting([Found(Candidate(text(tag, "href")), "image_src")])


def links(page: Tags) -> Iterator[Sighting]:
    """Yield the links that lead straight to an image file."""
    for tag in page.named("a", "area"):
        if is_image_file(text(tag, "href")):
            policy = gallery.policy_of(tag.attrs)
            yield Sighting([Found(Candidate(text(tag, "href")), "link", policy=policy)])


def icons(page: Tags) -> Iterator[Sighting]:
    """Yield the icons of the page."""
    for tag in page.named("link", "meta"):
        if "icon" in text(tag, "rel").lower():
            yield Sighting([Found(Candidate(text(tag, "href")), "icon")])
        elif text(tag, "name").lower() == "msapplication-tileimage":
            yield Sighting([Found(Candidate(text(tag, "content")), "icon")])


def _json_ld(script: str) -> Iterator[str]:
    """Yield the image URLs of a JSON-LD script, which stand there as text, objects or lists."""
    try:
        pending: list[tuple[str, Any]] = [("", json.loads(script))]
    except (ValueError, RecursionError):
        return
    while pending:
        name, value = pending.pop()
        if isinstance(value, list):
            pending += [(name, one) for one in reversed(value)]
        elif isinstance(value, dict):
            image = name in _JSON_LD_NAMES
            pending += [
                ("image" if image and key in ("url", "contentUrl") else key, one)
                for key, one in reversed(value.items())
            ]
        elif isinstance(value, str) and name in _JSON_LD_NAMES:
            yield value
