"""What the elements of a page show, as written there."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bs4 import BeautifulSoup, Tag

from app.scrape import css, lazy, srcset
from app.scrape.srcset import Candidate

# Real sets hold some twenty candidates; an attacker's a million.
MAX_CANDIDATES = 100

_IMAGES = ("img", "amp-img")
# element: the name of the place, and the attributes of which the first one counts
_ONE_URL = {
    "input": ("input", ("src",)),
    "video": ("poster", ("poster", "data-poster")),
    "image": ("svg", ("href", "xlink:href")),
    "object": ("object", ("data",)),
}
WANTED = ", ".join(
    (
        "base[href], noscript, :has(> noscript img), picture, picture > source",
        *_IMAGES,
        'input[type="image" i], video[poster], video[data-poster], image, object[type^="image/" i]',
        '[style*="url(" i], [style*="image-set(" i]',
        *(f"[{name}]" for name in lazy.BACKGROUND),
    )
)


@dataclass(slots=True)
class Sighting:
    """One picture: each candidate with the place it was found in."""

    candidates: list[tuple[Candidate, str]]
    alt: str = ""
    tiny: bool = False
    # What stands in `src` until a script puts the picture there.
    placeholder: str = ""

    def ranked(self) -> list[tuple[Candidate, str]]:
        """Order by size; of two the same size, the one found first stays first."""
        return sorted(self.candidates, key=lambda one: (one[0].width, one[0].density), reverse=True)

    def waits(self) -> bool:
        """Tell whether a browser without scripts shows no picture here."""
        return bool(self.placeholder) or all(
            one.url.startswith("data:") for one, _ in self.candidates
        )


def seen(soup: BeautifulSoup) -> list[Sighting]:
    """List what a person sees, in document order."""
    sightings: list[Sighting] = []
    last: Tag | None = None
    for tag, sighting in _sightings(soup):
        noscript = tag.find_parent("noscript")
        if noscript:
            sighting.candidates = [(one, "noscript") for one, _ in sighting.candidates]
        if noscript and last and sightings[-1].waits() and _adjoins(last, noscript):
            sightings[-1].candidates += sighting.candidates
            last = None
        else:
            sightings.append(sighting)
            last = tag
    return sightings


def _adjoins(image: Tag, noscript: Tag) -> bool:
    """Tell whether the image, or its `picture`, stands right before the `noscript`."""
    before = noscript.find_previous_sibling(True)
    return before is not None and (before is image or before is image.parent)


def _sightings(soup: BeautifulSoup) -> Iterator[tuple[Tag, Sighting]]:
    sources: list[tuple[Candidate, str]] = []
    for tag in soup.find_all(True):
        in_picture = tag.parent is not None and tag.parent.name == "picture"
        if tag.name == "picture":
            sources = []
        elif tag.name == "source":
            sources = [*sources, *_sets(tag, "picture")][:MAX_CANDIDATES]
        else:
            for sighting in _painted(tag):
                yield tag, sighting
            sighting = (
                _image(tag, sources if in_picture else []) if tag.name in _IMAGES else _one_url(tag)
            )
            if sighting.candidates:
                yield tag, sighting


def _image(tag: Tag, sources: list[tuple[Candidate, str]]) -> Sighting:
    """Read an `img`; of two the same size its own, which opens everywhere, precedes `sources`."""
    waiting = [(Candidate(url), name) for name in lazy.SRC if (url := text(tag, name))]
    own = list(_sets(tag, "img.srcset"))
    src = text(tag, "src")
    return Sighting(
        [*own, *sources, *waiting, *([(Candidate(src), "img.src")] if src else [])],
        alt=text(tag, "alt"),
        tiny=not waiting and {text(tag, "width"), text(tag, "height")} <= {"0", "1"},
        placeholder=src if waiting and src not in (one.url for one, _ in waiting) else "",
    )


def _sets(tag: Tag, found_in: str) -> Iterator[tuple[Candidate, str]]:
    for name in ("srcset", *lazy.SRCSET):
        for one in islice(srcset.parse(text(tag, name)), MAX_CANDIDATES):
            yield one, found_in if name == "srcset" else name


def _one_url(tag: Tag) -> Sighting:
    found_in, names = _ONE_URL.get(tag.name, ("", ()))
    urls = [url for name in names if (url := text(tag, name))]
    return Sighting([(Candidate(url), found_in) for url in urls[:1]], alt=text(tag, "alt"))


def _painted(tag: Tag) -> Iterator[Sighting]:
    for url in css.urls(text(tag, "style")):
        yield Sighting([(Candidate(url), "css")])
    for name in lazy.BACKGROUND:
        value = text(tag, name)
        for url in css.urls(f"background: {value}"):
            yield Sighting([(Candidate(url), name)])
        if value and "url(" not in value:
            yield Sighting([(one, name) for one in islice(srcset.parse(value), MAX_CANDIDATES)])


def text(tag: Tag, name: str) -> str:
    """Give an attribute, empty when it is missing."""
    return str(tag.get(name) or "").strip()
