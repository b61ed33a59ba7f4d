"""What the elements of a page show, as written there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bs4 import BeautifulSoup, Tag

from app.scrape import css, lazy, srcset
from app.scrape.srcset import Candidate

# Real sets hold some twenty candidates; an attacker's a million.
MAX_CANDIDATES = 50

_SCRIPTLESS = {"img.srcset", "img.src", "picture"}
_IMAGES = ("img", "amp-img")
# element: the name of the place, and the attributes of which the first one counts
_ONE_URL = {
    "input": ("input", ("src",)),
    "video": ("poster", ("data-poster", "poster")),
    "image": ("svg", ("href", "xlink:href")),
    "object": ("object", ("data",)),
}
WANTED = ", ".join(
    (
        "base[href], noscript:has(img), picture:has(> img), picture > source",
        *_IMAGES,
        'input[type="image" i], video[poster], video[data-poster], image, object[type^="image/" i]',
        '[style*="url(" i], [style*="image-set(" i]',
        *(f"[{name}]" for name in sorted(lazy.BACKGROUND)),
    )
)

_SETS = {"srcset"} | lazy.SRCSET
_TINY = {"0", "1", "0px", "1px"}
# Some scripts use the same names for flags: data-lazy="true".
_URL = re.compile(r"[./]")

_NUMBER = re.compile(r"[0-9]{2,4}")

# A candidate and the place it was found in.
Found = tuple[Candidate, str]


@dataclass(slots=True)
class Sighting:
    """One picture: each candidate with the place it was found in, the best first."""

    candidates: list[Found]
    alt: str = ""
    tiny: bool = False
    # What stands in `src` until a script puts the picture there.
    placeholder: str = ""

    def rank(self) -> None:
        """Order by size, the placeholder last; of two the same size, the first stays first."""
        self.candidates.sort(
            key=lambda one: (one[0].url == self.placeholder, -one[0].width, -one[0].density)
        )

    def waits(self) -> bool:
        """Tell whether a script has still to put the picture here."""
        return any(place not in _SCRIPTLESS for _, place in self.candidates) or all(
            one.url.startswith("data:") for one, _ in self.candidates
        )


def seen(soup: BeautifulSoup) -> list[Sighting]:
    """List what a person sees, in document order."""
    sightings: list[Sighting] = []
    last: Tag | None = None
    for tag, sighting in _sightings(soup):
        noscript = next((one for one in tag.parents if one.name == "noscript"), None)
        if noscript:
            sighting.candidates = [(one, "noscript") for one, _ in sighting.candidates]
        if not sighting.candidates:
            continue
        if noscript and last is noscript.previous_element and sightings[-1].waits():
            sightings[-1].candidates += sighting.candidates
            last = None
        else:
            sightings.append(sighting)
            last = tag
    for sighting in sightings:
        sighting.rank()
    return sightings


def _sightings(soup: BeautifulSoup) -> Iterator[tuple[Tag, Sighting]]:
    sources: list[Found] = []
    styles = css.MAX_STYLE
    for tag in soup.find_all(True):
        style = text(tag, "style")
        styles -= len(style)
        for found in _painted(tag, style if styles >= 0 else ""):
            yield tag, Sighting(found)
        if tag.name == "source":
            sources = [*sources, *_sets(tag, "picture")][:MAX_CANDIDATES]
            continue
        in_picture = tag.parent is not None and tag.parent.name == "picture"
        if tag.name in _IMAGES:
            yield tag, _image(tag, sources if in_picture else [])
        else:
            yield tag, _one_url(tag)
        sources = []


def _image(tag: Tag, sources: list[Found]) -> Sighting:
    """Read an `img`; of two the same size its own, which opens everywhere, precedes `sources`."""
    lazies = list(_lazies(tag))
    src = Candidate(text(tag, "src"))
    waits = lazies and src not in (one for one, _ in lazies)
    return Sighting(
        [*_sets(tag, "img.srcset"), *sources, *lazies, *([(src, "img.src")] if src.url else [])],
        alt=text(tag, "alt"),
        tiny=not lazies and {text(tag, "width"), text(tag, "height")} <= _TINY,
        placeholder=src.url if waits else "",
    )


def _lazies(tag: Tag) -> Iterator[Found]:
    """Yield what a script puts into `src`; lazysizes fills in one of the `data-widths`."""
    for name, url in given(tag, lazy.SRC):
        if "{width}" in url:
            for width in _NUMBER.findall(text(tag, "data-widths"))[:MAX_CANDIDATES] or ["1024"]:
                yield Candidate(url.replace("{width}", width), int(width)), name
        elif _URL.search(url):
            yield Candidate(url), name


def _one_url(tag: Tag) -> Sighting:
    found_in, names = _ONE_URL.get(tag.name, ("", ()))
    urls = filter(None, (text(tag, name) for name in names))
    return Sighting([(Candidate(url), found_in) for url in islice(urls, 1)], alt=text(tag, "alt"))


def _painted(tag: Tag, style: str) -> Iterator[list[Found]]:
    yield from ([(one, "css") for one in image] for image in css.images(style))
    for name, value in given(tag, lazy.BACKGROUND):
        if "url(" in value:
            yield from ([(one, name) for one in image] for image in css.images(f"content:{value}"))
        elif _URL.search(value):
            yield [(one, name) for one in _candidates(value) or [Candidate(value)]]


def _sets(tag: Tag, found_in: str) -> Iterator[Found]:
    for name, value in given(tag, _SETS):
        for one in _candidates(value):
            yield one, found_in if name == "srcset" else name


def _candidates(value: str) -> list[Candidate]:
    return list(islice(srcset.parse(value), MAX_CANDIDATES))


def given(tag: Tag, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of those attributes that are there and not empty."""
    for name in tag.attrs:
        if name in names and (value := text(tag, name)):
            yield name, value


def text(tag: Tag, name: str) -> str:
    """Give an attribute without the white space around it; empty when it is missing."""
    return str(tag.attrs.get(name, "")).strip()
