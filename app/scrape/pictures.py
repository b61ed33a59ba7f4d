"""From a page's bytes to the pictures a person sees, best size first."""

import re
import string
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from operator import attrgetter
from typing import NamedTuple
from urllib.parse import quote

import ada_url

from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.scrape import elements, feeds, mentions, proxies
from app.scrape.document import read
from app.scrape.linked import Load
from app.scrape.sightings import MAX_CANDIDATES, PLAIN, STANDING, Found, Sighting, Tier
from app.scrape.srcset import Candidate
from app.scrape.tags import Tags
from app.setting_values import MiB
from app.urls import MAX_LENGTH

MAX_TEXT = 300
MAX_URLS = 16 * MiB  # of one page, together: a long base makes small candidates large

# Addresses of the large counting services, whose pictures nobody is meant to see.
_TRACKER = re.compile(
    r"https?://(?:[^/]+\.)?(?:"
    r"facebook\.com/tr\b|scorecardresearch\.com/|quantserve\.com/pixel|imrworldwide\.com/cgi-bin"
    r"|google-analytics\.com/|doubleclick\.net/(?:activity|pagead|pixel)|bat\.bing\.com/action"
    r"|px\.ads\.linkedin\.com/|ct\.pinterest\.com/|mc\.yandex\.ru/watch|counter\.yadro\.ru/hit"
    r"|pixel\.wp\.com/|xiti\.com/hit|adnxs\.com/(?:seg|getuid|px)|vgwort\.de/na/"
    r"|mail\.ru/counter|rambler\.ru/top100|hm\.baidu\.com/hm\.gif|t\.co/i/adsct"
    r"|analytics\.twitter\.com/|googleadservices\.com/pagead/|chartbeat\.net/ping"
    r"|analytics\.tiktok\.com/|alb\.reddit\.com/|stats\.wp\.com/|track\.hubspot\.com/)"
)
_COUNTS = re.compile(r"/(?:matomo|piwik)\.php\?")  # on any host

# Absolute, and written as the URL standard writes it, if no "/." and no "--" is in it. Most are.
_NORMAL = re.compile(r"https?://(?:[a-z0-9][a-z0-9.-]*\.)?[a-z]+/[A-Za-z0-9/_.~?=&,-]*")
_DRAWN = "holder.js/"  # in place of a picture, by the script of that name
_SURROGATE = re.compile("[\ud800-\udfff]")
_REFERENCE = re.compile(rb"&#([0-9]+);")  # what an encoding does not have


class Skip(StrEnum):
    """Why a picture of the page is not worth a request."""

    DATA = "data: URI"
    PIXEL = "tracking pixel"
    PLACEHOLDER = "placeholder"
    AGAIN = "same picture again"
    PAGE = "the page itself"
    NOT_HTTP = "not http"
    MALFORMED = "malformed URL"


class _Group(NamedTuple):
    wanted: str
    sightings: Callable[[Tags], Iterable[Sighting]]


_GROUPS = {
    Source.SEEN: _Group(elements.WANTED, elements.seen),
    Source.META: _Group(mentions.META, mentions.meta),
    Source.LINKS: _Group(mentions.LINKS, mentions.links),
    Source.ICONS: _Group(mentions.ICONS, mentions.icons),
}


def find_pictures(
    body: bytes,
    charset: str | None,
    url: str,
    sources: Collection[str] = (Source.SEEN,),
    load: Load | None = None,
) -> list[Picture]:
    """List the pictures of a page, or a feed, in document order; what is not seen comes last.

    `load` fetches the style sheets that the page links; without it, they are left out.
    """
    entries = feeds.page_of(body, charset, url)
    if entries is not None:
        body, charset = entries, "utf-8"
    groups = [group for source, group in _GROUPS.items() if source in sources]
    found = read(body, charset, url, ", ".join(group.wanted for group in groups), load)
    sightings = [one for group in groups for one in group.sightings(found)]
    page = _Page(found.base, found.encoding, _placeholders(sightings), found.painted.by)
    return _distinct(page, sightings)


def list_pictures(urls: Iterable[str], url: str) -> list[Picture]:
    """Take pictures as a client lists them; what is relative belongs to the page's URL."""
    page = _Page(url, "utf-8", set(), {})
    return _distinct(
        page, [Sighting([Found(Candidate(written), "image_urls")]) for written in urls]
    )


def _distinct(page: "_Page", sightings: Iterable[Sighting]) -> list[Picture]:
    """Resolve what was sighted; sightings that share an address are one picture, at the first."""
    drafts: list[_Draft] = []
    first: list[int] = []  # of each draft, an earlier one that is the same picture, or itself
    seen: dict[str, int] = {}
    room = MAX_URLS
    for sighting in sightings:
        if room < 0:
            break
        draft = page.draft(sighting)
        room -= len("".join(draft.sizes))
        first.append(len(drafts))
        for url in draft.addresses():
            if url not in seen:
                seen[url] = len(drafts)
                continue
            ends = _root(first, len(drafts)), _root(first, seen[url])
            first[max(ends)] = min(ends)
        drafts.append(draft)
    for index, draft in enumerate(drafts):
        if (root := _root(first, index)) != index:
            drafts[root].absorb(draft)
    return [draft.picture(page.painted) for draft in drafts]


def _root(first: list[int], index: int) -> int:
    while first[index] != index:
        first[index] = index = first[first[index]]
    return index


def _placeholders(sightings: list[Sighting]) -> set[str]:
    """Name what stands beside more than one picture, in place of them.

    An address that is given a size is none, nor is one that is the best of a picture for a
    better reason than that it stands first.
    """
    beside: defaultdict[str, set[str]] = defaultdict(set)
    real: set[str] = set()
    for sighting in sightings:
        found = sighting.candidates
        best = found[0].candidate
        if found[0].place not in STANDING or best.density > 1 or best.width > 1:
            real.add(best.url)
        if len(found) == 1:
            continue
        real.update(size.candidate.url for size in found if size.candidate.width > 1)
        shown = list(dict.fromkeys(size.candidate.url for size in found if size.tier <= Tier.SHOWN))
        for size in found:
            plain = size.place in PLAIN and size.tier != Tier.ELSEWHERE
            if plain or (size.place == "css" and size.tier == Tier.PLACEHOLDER):
                others = (url for url in shown if url != size.candidate.url)
                beside[size.candidate.url].update(islice(others, 1))
    return {url for url, pictures in beside.items() if len(pictures) > 1} - real


@dataclass(slots=True)
class _Draft:
    """A picture while more of its sizes may be found."""

    sizes: dict[str, Found]
    alt: str
    skipped: Skip | None
    written: Found
    also_shown: dict[str, Found]  # of what is behind it

    def addresses(self) -> Iterable[str]:
        """Return the addresses that it shares with no other picture.

        What proxies wrap is left out: they cut different pictures out of one file.
        """
        if len(self.sizes) == 1:
            return self.sizes
        return [url for url, found in self.sizes.items() if found.tier != Tier.WRAPPED]

    def absorb(self, other: "_Draft") -> None:
        """Take over all sizes of the same picture, found elsewhere."""
        for url, found in other.sizes.items():
            known = self.sizes.get(url, found)
            _note_shown(self.also_shown, url, known, found)
            self.sizes[url] = min(known, found, key=attrgetter("order"))
        self.also_shown = other.also_shown | self.also_shown
        self.alt = self.alt or other.alt
        other.sizes, other.skipped = {}, Skip.AGAIN

    def picture(self, painted: dict[str, str]) -> Picture:
        """Return the picture, its candidates from best to worst."""
        sizes = self.sizes
        if len(sizes) > 1:
            ranked = sorted(sizes.items(), key=lambda size: size[1].order)
            sizes = dict(ranked[:MAX_CANDIDATES])
        best = next(iter(sizes.values()), self.written)
        return Picture(
            candidates=tuple(sizes),
            found_in=best.place,
            alt=_storable(self.alt),
            skipped=self.skipped,
            written=_storable(self.written.candidate.url),
            policies=tuple([(url, found.policy) for url, found in sizes.items() if found.policy]),
            painted=tuple(
                [
                    (url, painted[url])
                    for url in sizes
                    if url in painted and sizes[url].place == "css"
                ]
            ),
            shown=self._shown(sizes) if sizes and best.tier == Tier.BEHIND else "",
        )

    def _shown(self, sizes: dict[str, Found]) -> str:
        shown = {url: self.also_shown.get(url, found) for url, found in sizes.items()}
        best = min(shown, key=lambda url: (shown[url].tier == Tier.BEHIND, shown[url].order))
        return best if shown[best].tier not in (Tier.BEHIND, Tier.PLACEHOLDER) else ""


def _note_shown(shown: dict[str, Found], url: str, one: Found, other: Found) -> None:
    """Note what a page shows itself of two sightings of an address, if the other is behind it."""
    behind, found = (one, other) if one.tier == Tier.BEHIND else (other, one)
    if behind.tier == Tier.BEHIND and found.tier in (Tier.SHOWN, Tier.ELSEWHERE):
        shown[url] = found


class _Page(NamedTuple):
    base: str
    encoding: str
    placeholders: set[str]
    painted: dict[str, str]  # by which linked sheet

    def draft(self, sighting: Sighting) -> _Draft:
        """Resolve the candidates; those that cannot be fetched are left out."""
        sizes: dict[str, Found] = {}
        shown: dict[str, Found] = {}
        reasons: list[Skip] = []
        for found in sighting.candidates:
            url = self.resolve(found.candidate.url)
            if isinstance(url, Skip):
                reasons.append(url)
            elif (known := sizes.setdefault(url, found)) is not found:
                _note_shown(shown, url, known, found)
        for url in list(sizes):
            if inner := proxies.wrapped(url):
                source = self._replace(base=url).resolve(inner)
                if not isinstance(source, Skip):
                    sizes.setdefault(source, sizes[url]._replace(tier=Tier.WRAPPED))
        first = next(iter(sizes), "")
        if sighting.tiny or _TRACKER.match(first) or _COUNTS.search(first):
            sizes, reasons = {}, [Skip.PIXEL]
        skipped = None if sizes else reasons[0]
        return _Draft(sizes, sighting.alt, skipped, sighting.candidates[0], shown)

    def resolve(self, written: str) -> str | Skip:
        """Join by the WHATWG URL standard; the fragment is no part of what is fetched."""
        if written[:5].lower() == "data:":
            return Skip.DATA
        if written in self.placeholders or written.startswith(_DRAWN):
            return Skip.PLACEHOLDER
        written = _scalar(written.partition("#")[0])
        if not written:
            return Skip.PAGE
        if len(written) > MAX_LENGTH:
            return Skip.MALFORMED
        if _NORMAL.fullmatch(written) and "/." not in written and "--" not in written:
            return written
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
            encoded = query.encode(self.encoding, "xmlcharrefreplace")
            encoded = _REFERENCE.sub(rb"%26%23\1%3B", encoded)
            return path + mark + quote(encoded, safe=string.punctuation)
        return url


def _scalar(text: str) -> str:
    """Replace lone surrogates, as browsers do (WHATWG Infra, scalar value string)."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _storable(text: str) -> str:
    """Cut a text, and replace what UTF-8 or a database does not take."""
    return _scalar(text[:MAX_TEXT]).replace("\0", "\ufffd")
