"""What the elements of a page show, as written there."""

from collections.abc import Iterator
from itertools import islice

from bs4 import BeautifulSoup, Tag

from app.scrape import css, images, lazy
from app.scrape.screen import DENSITIES, shows
from app.scrape.sightings import Found, Sighting, candidates, is_image_file
from app.scrape.srcset import Candidate
from app.scrape.tags import given, text

# Sources of one `picture` that are read.
MAX_SOURCES = 50

_IMAGES = ("img", "amp-img", "amp-anim")
_MAY_BE_ANYTHING = {"object", "embed"}
# element: the name of the place, and the attributes of which the first one counts
_ONE_URL = {
    "input": ("input", ("src",)),
    "video": ("poster", ("data-poster", "poster")),
    "amp-video": ("poster", ("poster",)),
    "image": ("svg", ("href", "xlink:href")),
    "object": ("object", ("data",)),
    "embed": ("embed", ("src",)),
}
WANTED = ", ".join(
    (
        "noscript:has(img), picture:has(> img), picture > source",
        *_IMAGES,
        'input[type="image" i], video[poster], video[data-poster], amp-video[poster], image',
        'object[data], embed[src], link[rel~="preload" i][as="image" i]',
        '[style*="url(" i], [style*="image-set(" i]',
        *(f"[{name}]" for name in sorted(lazy.BACKGROUND)),
    )
)


def seen(soup: BeautifulSoup) -> list[Sighting]:
    """List what a person sees, in document order."""
    sightings: list[Sighting] = []
    ahead: list[Sighting] = []
    last: Tag | None = None
    for tag, sighting in _sightings(soup):
        if not sighting.candidates:
            continue
        if tag.name == "link":
            ahead.append(sighting)
            continue
        noscript = _noscript(tag)
        if noscript:
            sighting.candidates = [
                found._replace(place="noscript") for found in sighting.candidates
            ]
        if noscript and last is noscript.previous_element and sightings[-1].waits():
            sightings[-1].candidates += sighting.candidates
            last = None
        else:
            sightings.append(sighting)
            last = tag
    sightings += ahead
    for sighting in sightings:
        sighting.rank()
    return sightings


def _noscript(tag: Tag) -> Tag | None:
    around = tag.parent
    while around and around.name != "noscript":
        around = around.parent
    return around


def _sightings(soup: BeautifulSoup) -> Iterator[tuple[Tag, Sighting]]:
    sources: list[Tag] = []
    styles = css.MAX_STYLE
    for tag in soup.find_all(True):
        if "style" in tag.attrs or not lazy.BACKGROUND.isdisjoint(tag.attrs):
            style = text(tag, "style")
            styles -= len(style)
            files = images.behind(tag)
            for found in _painted(tag, style if styles >= 0 else ""):
                yield tag, Sighting([*files, *found])
                files = []
        if tag.name == "source":
            sources = [*sources, tag][:MAX_SOURCES]
            continue
        if tag.name in _IMAGES:
            in_picture = sources and tag.parent is not None and tag.parent.name == "picture"
            yield tag, images.read(tag, sources if in_picture else [])
        elif tag.name in _ONE_URL:
            yield tag, _one_url(tag)
        elif tag.name == "link":
            yield tag, _ahead(tag)
        sources = []


def _ahead(tag: Tag) -> Sighting:
    """Read what a browser loads ahead; it may be that only a script names it later."""
    sizes = []
    if text(tag, "as") and any(shows(text(tag, "media"), density) for density in DENSITIES):
        sizes = [*candidates(text(tag, "imagesrcset")), Candidate(text(tag, "href"))]
    return Sighting([Found(size, "preload") for size in sizes if size.url])


def _one_url(tag: Tag) -> Sighting:
    place, names = _ONE_URL[tag.name]
    urls = (url for url in (text(tag, name) for name in names) if url)
    if tag.name in _MAY_BE_ANYTHING:
        kind = text(tag, "type").lower()
        urls = (url for url in urls if kind[:6] == "image/" or (not kind and is_image_file(url)))
    return Sighting([Found(Candidate(url), place) for url in islice(urls, 1)], text(tag, "alt"))


def _painted(tag: Tag, style: str) -> Iterator[list[Found]]:
    yield from ([Found(size, "css") for size in image] for image in css.images(style))
    for name, value in given(tag, lazy.BACKGROUND):
        if "url(" in value:
            for image in css.images(f"content:{value}"):
                yield [Found(size, name) for size in image]
        elif images.URL.search(value):
            yield [Found(size, name) for size in candidates(value) or [Candidate(value)]]
