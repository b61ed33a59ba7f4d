"""What the elements of a page show, as written there."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest

from bs4 import Tag

from app.pictures.formats import BY_CONTENT_TYPE
from app.scrape import css, images, lazy, schemes
from app.scrape.painted import MARK
from app.scrape.screen import DENSITIES, shows
from app.scrape.sightings import PLAIN, Found, Sighting, Tier, candidates, is_image_file
from app.scrape.srcset import Candidate
from app.scrape.tags import Tags, given, text

# Sources of one `picture` that are read.
MAX_SOURCES = 50

_DENSE = "-hidpi"  # behind the name of the same image for dense screens
_ALTERNATIVES = re.compile(r"\|\s|\s\|")
_CONDITION = re.compile(r"\s\[")
_TYPE = re.compile(r"[\s(]*type\s*:\s*([^\s()]+)[\s)]*", re.IGNORECASE)
_IMAGES = ("img", "amp-img", "amp-anim")
# Boxes that scripts paint with what stands in these attributes.
_BOXES = ("div", "section", "header", "footer", "main", "article", "aside", "figure")
_PAINTED = ("data-src", "data-srcset", "data-original", "data-thumbnail")
# What custom elements, and players that scripts make of others, show.
_SHOWN = ("src", "image", "poster", "data-poster")
_WITH_BACKGROUND = {"body", "table", "thead", "tbody", "tfoot", "tr", "td", "th"}
_BY_SCRIPTS = lazy.BACKGROUND - {"background"}
_MAY_BE_ANYTHING = {"object", "embed"}
# element: the name of the place, and the attributes of which the first one counts
_ONE_URL = {
    "input": ("input", ("data-src", "src")),
    "video": ("poster", ("data-poster", "poster")),
    "amp-video": ("poster", ("poster",)),
    "image": ("svg", ("href", "xlink:href")),
    "object": ("object", ("data",)),
    "embed": ("embed", ("src",)),
}
WANTED = ", ".join(
    (
        "noscript:has(img), picture:has(> img), picture:has(> noscript > img), picture > source",
        *_IMAGES,
        'input[type="image" i], image',
        *(
            f"[{name}]:is(video, amp-video, :has(video, audio, iframe), :not(:has(img)))"
            for name in ("poster", "data-poster")
        ),
        'object[data], embed[src], link[rel~="preload" i][as="image" i]',
        f'[style*="url(" i], [style*="image-set(" i], [{MARK}]',
        *(f"[{name}]" for name in sorted(lazy.BACKGROUND)),
        *(
            f"[{name}]:is({', '.join(_BOXES)}):not(:has(img))"
            for name in ("data-src", "data-original", "data-thumbnail")
        ),
        "[image]:not(:has(img)), [src]:not(img, script, iframe, input, embed, source, :has(img))",
    )
)


def seen(page: Tags) -> list[Sighting]:
    """List what a person sees, in document order."""
    sightings: list[Sighting] = []
    ahead: list[Sighting] = []
    alone: defaultdict[str, list[tuple[Tag, Sighting]]] = defaultdict(list)
    last: Tag | None = None
    for tag, sighting in _sightings(page):
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
            if len(sighting.candidates) == 1 and sighting.candidates[0].place == "img.src":
                alone[sighting.candidates[0].candidate.url].append((tag, sighting))
    for same in alone.values():
        if len(same) > 1:
            _see_through(same)
    sightings = [*schemes.joined(sightings), *ahead]
    for sighting in sightings:
        sighting.rank()
    return sightings


def _see_through(same: list[tuple[Tag, Sighting]]) -> None:
    """Take what several images name elsewhere, if what all of them show stands in for that."""
    others = [
        [found for found in images.any_address(tag) if lazy.size(found.place)] for tag, _ in same
    ]
    if all(others) and len({other[0].candidate.url for other in others}) > 1:
        for (_, sighting), other in zip(same, others, strict=True):
            shown = sighting.candidates[0]._replace(tier=Tier.PLACEHOLDER)
            sighting.candidates = [*other, shown]


def _noscript(tag: Tag) -> Tag | None:
    around = tag.parent
    while around is not None and around.name != "noscript":
        around = around.parent
    return around


def _sightings(page: Tags) -> Iterator[tuple[Tag, Sighting]]:
    sources: list[Tag] = []
    styles = css.MAX_STYLE
    for tag in page.soup.find_all(True):
        if tag.name in ("source", "noscript"):
            sources += [tag] * (tag.name == "source" and len(sources) < MAX_SOURCES)
            continue
        own = _own(tag, sources)
        sources = []
        painting: css.Painting = {}
        if MARK in tag.attrs:
            painting = page.painted.on.get(text(tag, MARK), {})
        elif "style" in tag.attrs:
            style = text(tag, "style")
            styles -= len(style)
            painting = css.painting(style if styles >= 0 else "")
        if painting or not lazy.BACKGROUND.isdisjoint(tag.attrs):
            if painting and tag.name in _IMAGES and "content" not in painting and _covers(own):
                painting = {}
            files = images.behind(tag)
            for found in _painted(tag, painting):
                yield tag, Sighting([*files, *found])
                files = []
        yield tag, own


def _own(tag: Tag, sources: list[Tag]) -> Sighting:
    """Read what an element shows by itself, which may be nothing."""
    if tag.name in _IMAGES:
        return images.read(tag, sources if _in_picture(tag) else [])
    if tag.name in _ONE_URL:
        return _one_url(tag)
    if tag.name == "link":
        return _ahead(tag)
    found = list(_by_scripts(tag))
    return Sighting([*images.behind(tag), *found] if found else [])


def _covers(image: Sighting) -> bool:
    """Tell whether an image hides what is painted under it: it comes later, or in several sizes.

    Any other may be nothing but transparent, to hold the room for what is painted.
    """
    shown = [one for one in image.candidates if one.tier == Tier.SHOWN]
    real = {one.candidate.url for one in shown if one.candidate.url[:5].lower() != "data:"}
    return len(real) > 1 or not real <= {one.candidate.url for one in shown if one.place in PLAIN}


def _by_scripts(tag: Tag) -> Iterable[Found]:
    """Read what scripts paint a box with, or show in an element that only they know."""
    if tag.name in _BOXES:
        yield from images.plain(tag, _PAINTED)
    if ("-" in tag.name and "icon" not in tag.name) or "data-poster" in tag.attrs:
        yield from islice(images.plain(tag, _SHOWN), 1)


def _in_picture(tag: Tag) -> bool:
    """Tell whether a `picture` is around, at most with a `noscript` between."""
    around = tag.parent
    if around and around.name == "noscript":
        around = around.parent
    return around is not None and around.name == "picture"


def _ahead(tag: Tag) -> Sighting:
    """Read what a browser loads ahead; it may be that only a script names it later."""
    sizes = []
    if (
        text(tag, "as")
        and images.is_taken(tag)
        and any(shows(text(tag, "media"), density) for density in DENSITIES)
    ):
        sizes = [*candidates(text(tag, "imagesrcset")), Candidate(text(tag, "href"))]
    policy = text(tag, "referrerpolicy")
    found = (Found(size, "preload", policy=policy) for size in sizes if size.url)
    return Sighting(list(found))


def _one_url(tag: Tag) -> Sighting:
    place, names = _ONE_URL[tag.name]
    urls = (url for url in (text(tag, name) for name in names) if url)
    if tag.name in _MAY_BE_ANYTHING:
        kind = text(tag, "type").lower()
        urls = (url for url in urls if kind[:6] == "image/" or (not kind and is_image_file(url)))
    return Sighting([Found(Candidate(url), place) for url in islice(urls, 1)], text(tag, "alt"))


def _painted(tag: Tag, painting: css.Painting) -> Iterator[list[Found]]:
    images_there = (image for images in painting.values() for image in images)
    shown = [[Found(size, "css") for size in image] for image in images_there]
    given_later = given(tag, lazy.BACKGROUND if tag.name in _WITH_BACKGROUND else _BY_SCRIPTS)
    later = {name: list(_later(name, value)) for name, value in given_later}
    if shown and any(map(later.get, later.keys() & _BY_SCRIPTS)):  # which replace it
        name = next(name for name in later if name in _BY_SCRIPTS and later[name])
        stand_ins = [found._replace(tier=Tier.PLACEHOLDER) for image in shown for found in image]
        later[name][0] = [*later[name][0], *stand_ins]
        shown = []
    yield from shown
    for name, found in later.items():
        plain = name.removesuffix(_DENSE)
        if plain == name or plain not in later:
            dense, none = later.get(name + _DENSE, []), list[Found]()
            for larger, image in zip_longest(dense, found, fillvalue=none):
                yield larger + image


def _later(name: str, value: str) -> Iterator[list[Found]]:
    """Yield the images, each in its sizes, that a script paints as backgrounds."""
    if "url(" in value:
        values = [value]
        if name in lazy.BACKGROUND_SET:
            values = [f"image-set({part})" for part in value.split("|", MAX_SOURCES)]
        for part in values:
            for found in css.painting(f"content:{part}").values():
                yield from ([Found(size, name) for size in image] for image in found)
    elif images.URL.search(value):
        yield list(_alternatives(name, value))


def _alternatives(name: str, value: str) -> Iterator[Found]:
    """Read an address, a set, or sets with media queries: `a.jpg 1x, b.jpg 2x [(width > 9em)] | …`.

    Those are lazysizes' way of writing a `picture`, of which the first that applies is shown.
    """
    shown = False
    for part in _ALTERNATIVES.split(value, MAX_SOURCES):
        written, *conditions = _CONDITION.split(part, MAX_SOURCES)
        applies = not shown and all(map(_applies, conditions))
        shown = shown or applies
        tier = Tier.SHOWN if applies else Tier.ELSEWHERE
        for size in candidates(written) or [Candidate(written.strip())]:
            yield Found(size, name, tier)


def _applies(condition: str) -> bool:
    condition = condition.strip().removesuffix("]")
    kind = _TYPE.fullmatch(condition)
    if kind:
        return kind[1].lower() in BY_CONTENT_TYPE
    return any(shows(condition, density) for density in DENSITIES)
