"""From a page's bytes to the pictures a person sees, best size first."""

import re
import string
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

import ada_url
from bs4 import BeautifulSoup

from app.pictures.sources import Source
from app.scrape import elements, mentions
from app.scrape.sightings import Found, Sighting, text
from app.scrape.soup import read
from app.scrape.srcset import Candidate
from app.settings import MiB
from app.urls import MAX_LENGTH

MAX_TEXT = 300
MAX_URLS = 16 * MiB  # of one page, together: a long base makes small candidates large

# Addresses of the large counting services, whose pictures nobody is meant to see.
_TRACKER = re.compile(
    r"https?://(?:[^/]+\.)?(?:"
    r"facebook\.com/tr\b|scorecardresearch\.com/|quantserve\.com/pixel|imrworldwide\.com/cgi-bin"
    r"|google-analytics\.com/|doubleclick\.net/(?:activity|pagead|pixel)|bat\.bing\.com/action"
    r"|px\.ads\.linkedin\.com/|ct\.pinterest\.com/|mc\.yandex\.ru/watch|counter\.yadro\.ru/hit"
    r"|pixel\.wp\.com/|xiti\.com/hit|adnxs\.com/(?:seg|getuid|px)|vgwort\.de/na/)"
)


class Skip(StrEnum):
    """Why a picture of the page is not worth a request."""

    DATA = "data: URI"
    PIXEL = "tracking pixel"
    PLACEHOLDER = "placeholder"
    AGAIN = "same picture again"
    PAGE = "the page itself"
    NOT_HTTP = "not http"
    MALFORMED = "malformed URL"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the page: absolute URLs from best to worst, or why it is skipped."""

    candidates: tuple[str, ...]
    found_in: str
    alt: str = ""
    skipped: str | None = None
    written: str = ""

    @property
    def url(self) -> str:
        """The best candidate, or the start of what is written in the page when skipped."""
        return self.candidates[0] if self.candidates else self.written


class _Group(NamedTuple):
    wanted: str
    sightings: Callable[[BeautifulSoup], Iterable[Sighting]]


_GROUPS = {
    Source.SEEN: _Group(elements.WANTED, elements.seen),
    Source.META: _Group(mentions.META, mentions.meta),
    Source.LINKS: _Group(mentions.LINKS, mentions.links),
    Source.ICONS: _Group(mentions.ICONS, mentions.icons),
}


def find_pictures(
    body: bytes, charset: str | None, url: str, sources: Collection[str] = (Source.SEEN,)
) -> list[Picture]:
    """List the pictures of a page in document order; what is not seen comes last."""
    groups = [group for source, group in _GROUPS.items() if source in sources]
    soup = read(body, charset, ", ".join(["base[href]", *(group.wanted for group in groups)]))
    sightings = [one for group in groups for one in group.sightings(soup)]
    page = _Page(_base(soup, url), soup.original_encoding or "utf-8", _placeholders(sightings))
    return _distinct(page, sightings)


def list_pictures(urls: Iterable[str], url: str) -> list[Picture]:
    """Take pictures as a client lists them; what is relative belongs to the page's URL."""
    page = _Page(url, "utf-8", set())
    return _distinct(
        page, [Sighting([Found(Candidate(written), "image_urls")]) for written in urls]
    )


def _distinct(page: "_Page", sightings: Iterable[Sighting]) -> list[Picture]:
    """Resolve what was sighted; what was sighted before is skipped."""
    pictures: list[Picture] = []
    taken: set[str] = set()
    room = MAX_URLS
    for sighting in sightings:
        if room < 0:
            break
        picture = page.picture(sighting)
        if not taken.isdisjoint(picture.candidates):
            picture = replace(picture, candidates=(), skipped=Skip.AGAIN)
        taken.update(picture.candidates)
        room -= sum(map(len, picture.candidates))
        pictures.append(picture)
    return pictures


def _base(soup: BeautifulSoup, url: str) -> str:
    """Resolve the first `<base href>`; the page's own URL when there is none to use."""
    for tag in soup.find_all("base")[:1]:
        with suppress(ValueError):
            base = ada_url.join_url(url, text(tag, "href"))
            if not base.startswith(("data:", "javascript:")):
                return base
    return url


def _placeholders(sightings: list[Sighting]) -> set[str]:
    """Name what stands in `src` for more than one better picture."""
    better: defaultdict[str, set[str]] = defaultdict(set)
    for sighting in sightings:
        best = sighting.candidates[0].candidate.url
        for found in sighting.candidates[1:]:
            if found.place == "img.src":
                better[found.candidate.url].add(best)
    return {written for written, pictures in better.items() if len(pictures) > 1}


class _Page(NamedTuple):
    base: str
    encoding: str
    placeholders: set[str]

    def picture(self, sighting: Sighting) -> Picture:
        """Resolve the candidates; those that cannot be fetched are left out."""
        urls: dict[str, str] = {}
        reasons: list[Skip] = []
        for found in sighting.candidates:
            url = self.resolve(found.candidate.url)
            if isinstance(url, Skip):
                reasons.append(url)
            else:
                urls.setdefault(url, found.place)
        best = next(iter(urls), "")
        if sighting.tiny or _TRACKER.match(best):
            urls, reasons = {}, [Skip.PIXEL]
        return Picture(
            candidates=tuple(urls),
            found_in=urls.get(best, sighting.candidates[0].place),
            alt=sighting.alt[:MAX_TEXT],
            skipped=None if urls else reasons[0],
            written=sighting.candidates[0].candidate.url[:MAX_TEXT],
        )

    def resolve(self, written: str) -> str | Skip:
        """Join by the WHATWG URL standard; the fragment is no part of what is fetched."""
        if written[:5].lower() == "data:":
            return Skip.DATA
        if written in self.placeholders:
            return Skip.PLACEHOLDER
        written = written.partition("#")[0]
        if not written:
            return Skip.PAGE
        if len(written) > MAX_LENGTH:
            return Skip.MALFORMED
        try:
            url = ada_url.join_url(self.base, self.encode(written))
        except ValueError:
            return Skip.MALFORMED
        return url if url.startswith(("http:", "https:")) else Skip.NOT_HTTP

    def encode(self, url: str) -> str:
        """Percent-encode the query in the page's encoding, as the standard has it."""
        path, mark, query = url.partition("?")
        if query.isascii() or self.encoding.startswith("utf"):
            return url
        with suppress(LookupError):  # the few encodings that Python does not know
            encoded = query.encode(self.encoding, "xmlcharrefreplace").replace(b"&#", b"%26%23")
            return path + mark + quote(encoded, safe=string.punctuation)
        return url
