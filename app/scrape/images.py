"""The sizes of one `img`, among them those of the `picture` around it."""

import re
from collections.abc import Iterator

from bs4 import Tag

from app.formats import BY_CONTENT_TYPE
from app.scrape import lazy
from app.scrape.screen import DENSITIES, shows
from app.scrape.sightings import (
    MAX_CANDIDATES,
    Found,
    Sighting,
    Tier,
    candidates,
    given,
    text,
)
from app.scrape.srcset import Candidate

# What pages call the types that we take.
_TYPES = {"", *BY_CONTENT_TYPE, "image/jpg", "image/pjpeg", "image/apng", "image/x-icon"}
_SETS = {"srcset"} | lazy.SRCSET
_TINY = {"0", "1", "0px", "1px"}
# Some scripts use the same names for flags: data-lazy="true".
URL = re.compile(r"[./]")
_NUMBER = re.compile(r"[0-9]{2,4}")


def read(tag: Tag, sources: list[Tag]) -> Sighting:
    """Read an `img`; of two the same size its own, which opens everywhere, precedes `sources`.

    The first source whose media query holds is what a browser shows, and the `img` if there is
    none: those are the best, and the other ones are what is left when they cannot be had.
    """
    media = _media_shown(sources)
    lazies = list(_lazies(tag))
    src = Candidate(text(tag, "src"))
    waits = lazies and src not in (found.candidate for found in lazies)
    own = Tier.SHOWN if "" in media else Tier.ELSEWHERE
    found = [
        *_sets(tag, "img.srcset", own),
        *(found for source in sources for found in _source(source, media)),
        *(found._replace(tier=own) for found in lazies),
    ]
    if src.url:
        found.append(Found(src, "img.src", Tier.PLACEHOLDER if waits else own))
    tiny = not lazies and {text(tag, "width"), text(tag, "height")} <= _TINY
    return Sighting(found, alt=text(tag, "alt"), tiny=tiny)


def _source(tag: Tag, media: set[str]) -> Iterator[Found]:
    shown = _media(tag) in media and _is_taken(tag)
    return _sets(tag, "picture", Tier.SHOWN if shown else Tier.ELSEWHERE)


def _media_shown(sources: list[Tag]) -> set[str]:
    """Return the media queries of what this screen shows, a dense one too; empty is the `img`.

    Sources of one query and several types are one choice: they hold the same picture.
    """
    choices = [(_media(tag), tag) for tag in sources if any(given(tag, _SETS)) and _is_taken(tag)]
    return {
        next((media for media, _ in choices if shows(media, density)), "") for density in DENSITIES
    }


def _media(tag: Tag) -> str:
    media = " ".join(text(tag, "media").lower().split())
    return "" if media in ("all", "screen") else media


def _is_taken(tag: Tag) -> bool:
    return text(tag, "type").partition(";")[0].strip().lower() in _TYPES


def _lazies(tag: Tag) -> Iterator[Found]:
    """Yield what a script puts into `src`; lazysizes fills in one of the `data-widths`."""
    for name, url in given(tag, lazy.SRC):
        if "{width}" in url:
            for width in _NUMBER.findall(text(tag, "data-widths"))[:MAX_CANDIDATES] or ["1024"]:
                yield Found(Candidate(url.replace("{width}", width), int(width)), name)
        elif URL.search(url):
            yield Found(Candidate(url), name)


def _sets(tag: Tag, place: str, tier: Tier) -> Iterator[Found]:
    for name, value in given(tag, _SETS):
        for candidate in candidates(value):
            yield Found(candidate, place if name == "srcset" else name, tier)
