"""The sizes of one `img`, among them those of the `picture` around it."""

import re
from collections.abc import Iterable, Iterator

from bs4 import Tag

from app.pictures.formats import BY_CONTENT_TYPE
from app.scrape import gallery, lazy
from app.scrape.schemes import scheme_of
from app.scrape.screen import DENSITIES, shows
from app.scrape.sightings import (
    MAX_CANDIDATES,
    Found,
    Sighting,
    Tier,
    address_or_set,
    candidates,
    is_image_file,
)
from app.scrape.srcset import Candidate
from app.scrape.tags import given, text

# What pages call the types that we take.
_TYPES = {"", *BY_CONTENT_TYPE, "image/jpg", "image/pjpeg", "image/apng", "image/x-icon"}
_SETS = {"srcset"} | lazy.SRCSET
_SIDE = re.compile(r"(?:^|;)\s*+((?:min-(?![a-z]++\s*+:\s*+auto))?(?:width|height))\s*+:([^;]*+)")
_TINY = re.compile(r"[01](?:px)?(?:\s*!important)?")
_OUTSIDE = re.compile(r"(?:^|;)\s*(?:left|top)\s*:\s*-[0-9]{4,5}px", re.IGNORECASE)
_TINY_SIDES = {"0", "1", "0px", "1px"}
# Some scripts use the same names for flags: data-lazy="true".
URL = re.compile(r"[./]")
_WIDTH = re.compile(r"\{width\}|%width%|%7Bwidth%7D", re.IGNORECASE)  # themes of Shopify
_NUMBER = re.compile(r"[0-9]{2,4}")


def read(tag: Tag, sources: list[Tag]) -> Sighting:
    """Read an `img`; of two the same size its own, which opens everywhere, precedes `sources`.

    The first source whose media query holds is what a browser shows, and the `img` if there is
    none: those are the best, and the other ones are what is left when they cannot be had.
    """
    later = _later(tag)
    src = text(tag, "src")
    if later or sources or "srcset" in tag.attrs:
        found = _sizes(tag, src, sources, later)
    else:
        found = [Found(Candidate(src), "img.src")] if src else []
    if not found or (found[0].candidate.url[:5].lower() == "data:" and _is_data(found)):
        found += any_address(tag)
    if "referrerpolicy" in tag.attrs:
        found = [size._replace(policy=text(tag, "referrerpolicy")) for size in found]
    tiny = not later and tag.name == "img" and _is_tiny(tag, found)
    if tiny and any(gallery.named(tag.attrs, gallery.NAMES)):
        tiny, found = False, [size._replace(tier=Tier.PLACEHOLDER) for size in found]
    return Sighting([*behind(tag), *found], text(tag, "alt"), tiny, scheme_of(tag))


def _is_data(found: list[Found]) -> bool:
    return all(size.candidate.url[:5].lower() == "data:" for size in found)


def _sizes(tag: Tag, src: str, sources: list[Tag], later: list[Found]) -> list[Found]:
    media = _media_shown(sources)
    own = Tier.SHOWN if "" in media else Tier.ELSEWHERE
    later = [found._replace(tier=own) for found in later]
    urls = _urls(later)
    sizes = _set(tag, "img.srcset", own)
    others = [found for source in sources for found in _source(source, media)]
    waits = bool(urls) and src not in urls and not _is_sized(src, [*sizes, *others])
    if waits and [size.candidate for size in sizes] == list(map(Candidate, _urls(sizes) - urls)):
        sizes = [size._replace(tier=Tier.PLACEHOLDER) for size in sizes]
    found = [*sizes, *later, *others]
    if src:
        found.append(Found(Candidate(src), "img.src", Tier.PLACEHOLDER if waits else own))
    return _without_stand_ins(found) if waits or sources else found


def behind(tag: Tag) -> list[Found]:
    """Return the files that a thumbnail stands for."""
    if gallery.FILES not in tag.attrs and gallery.NAMES.isdisjoint(tag.attrs):
        return []
    around = str(tag.attrs.get(gallery.FILES, "")).splitlines()
    own = gallery.named(tag.attrs, gallery.ORIGINALS), gallery.named(tag.attrs, gallery.LARGE)
    lines = (line.partition(" ") for line in (*own[0], *around, *own[1]))
    policy = str(tag.attrs.get(gallery.POLICY, ""))
    return [
        Found(Candidate(url), place, Tier.BEHIND, policy if place == gallery.LINK else "")
        for place, _, url in lines
    ]


def _urls(found: list[Found]) -> set[str]:
    return {size.candidate.url for size in found}


def _is_sized(url: str, found: list[Found]) -> bool:
    """Tell whether an address is one size among others: placeholders have none."""
    return any(size.candidate.url == url and size.candidate.width > 1 for size in found) or (
        len(_urls(found)) > 1 and url in _urls(found)
    )


def _without_stand_ins(found: list[Found]) -> list[Found]:
    """Put what is a placeholder in one place last in the other places too."""
    urls = _urls([size for size in found if size.tier == Tier.PLACEHOLDER])
    if not urls:
        return found
    return [
        size._replace(tier=Tier.PLACEHOLDER) if size.candidate.url in urls else size
        for size in found
    ]


def _is_tiny(tag: Tag, found: list[Found]) -> bool:
    """Tell whether a picture is made to be unseen; without any area, scripts or styles size it."""
    if "style" in tag.attrs and _OUTSIDE.search(text(tag, "style")):
        return True
    if "style" not in tag.attrs and tag.attrs.get("width") not in _TINY_SIDES:
        return False
    if len(_urls(found)) > 1 or any(size.candidate.width > 1 for size in found):
        return False  # nobody counts in several sizes
    sides = {"width": text(tag, "width"), "height": text(tag, "height")}
    if set(sides.values()) == {"0"}:
        sides = {}
    if "style" in tag.attrs:
        written = _SIDE.findall(text(tag, "style").lower())
        sides |= {name: value.strip() for name, value in written}
    return sides.keys() >= {"width", "height"} and all(map(_TINY.fullmatch, sides.values()))


def _source(tag: Tag, media: set[str]) -> list[Found]:
    tier = Tier.SHOWN if _media(tag) in media and is_taken(tag) else Tier.ELSEWHERE
    later = [found._replace(tier=tier) for found in _later(tag)]
    return [*_set(tag, "picture", tier), *later]


def _media_shown(sources: list[Tag]) -> set[str]:
    """Return the media queries of what this screen shows, a dense one too; empty is the `img`.

    Sources of one query and several types are one choice: they hold the same picture.
    """
    choices = [(_media(tag), tag) for tag in sources if any(given(tag, _SETS)) and is_taken(tag)]
    return {
        next((media for media, _ in choices if shows(media, density)), "") for density in DENSITIES
    }


def _media(tag: Tag) -> str:
    media = " ".join((text(tag, "media") or text(tag, "data-media")).lower().split())
    return "" if media in ("all", "screen") else media


def is_taken(tag: Tag) -> bool:
    """Tell whether an element names none but types that we take."""
    return text(tag, "type").partition(";")[0].strip().lower() in _TYPES


def _set(tag: Tag, place: str, tier: Tier) -> list[Found]:
    """Read `srcset`; a lone address in it is a placeholder where a script puts a set."""
    sizes = candidates(text(tag, "srcset"))
    urls = {size.url for size in sizes}
    sets = lazy.SRCSET.intersection(tag.attrs) if len(urls) == 1 else ()
    later = _urls(_sets(tag, sets))
    tier = Tier.PLACEHOLDER if later and not urls & later else tier
    return [Found(size, place, tier) for size in sizes]


def _later(tag: Tag) -> list[Found]:
    """Read what a script puts into `srcset` and `src`; lazysizes fills in the `data-widths`."""
    sets, urls, likely = [], [], []
    for name in tag.attrs:
        if name in lazy.SRCSET:
            sets.append(name)
        elif name in lazy.SRC or (name == lazy.FILE and not lazy.BESIDE_FILE.isdisjoint(tag.attrs)):
            urls.append(name)
        elif name == lazy.FILE or (name[:5] == "data-" and _is_likely(name)):
            likely.append(name)
    found = _sets(tag, sets) if sets else []
    for name in urls:
        value = text(tag, name)
        if _WIDTH.search(value):
            found += _widths(tag, name, value)
        elif URL.search(value):
            found += [Found(size, name) for size in address_or_set(value)]
    for name in _largest_first(likely) if likely else ():
        density = 2 if lazy.size(name) == lazy.LARGEST else 1
        for size in _plain_address(tag, name):
            dense = max(density, size.candidate.density)
            found.append(size._replace(candidate=size.candidate._replace(density=dense)))
    return found


def _is_likely(name: str) -> bool:
    return name not in gallery.NAMES and lazy.is_likely(name)


def _sets(tag: Tag, names: Iterable[str]) -> list[Found]:
    """Read what a script puts into `srcset`."""
    return [Found(size, name) for name in names for size in candidates(text(tag, name))]


def _widths(tag: Tag, name: str, url: str) -> Iterator[Found]:
    widths = sorted(map(int, _NUMBER.findall(text(tag, "data-widths"))), reverse=True) or [1024]
    for width in widths[:MAX_CANDIDATES]:
        yield Found(Candidate(_WIDTH.sub(str(width), url), width), name)


def any_address(tag: Tag) -> list[Found]:
    """Read every attribute but `src` that plainly holds the address of an image."""
    found = ((name, list(_plain_address(tag, name))) for name in tag.attrs if name != "src")
    sizes = dict(one for one in found if one[1] and lazy.may_hold(one[0]))
    return [size for name in _largest_first(sizes) for size in sizes[name]]


def plain(tag: Tag, names: Iterable[str]) -> list[Found]:
    """Read those of some attributes that plainly hold the address of an image."""
    return [size for name in names for size in _plain_address(tag, name)]


def _largest_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lazy.size, reverse=True)


def _plain_address(tag: Tag, name: str) -> Iterator[Found]:
    value = text(tag, name)
    for size in address_or_set(value) if "." in value and value[:5].lower() != "data:" else ():
        if is_image_file(size.url):
            yield Found(size, name)
