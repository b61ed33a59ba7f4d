"""Pictures that a page has twice: for light screens, and for dark ones."""

import re

from bs4 import Tag

from app.scrape.sightings import Sighting, Tier

LIGHT, DARK = "light", "dark"
_OTHER = {LIGHT: DARK, DARK: LIGHT}
_HIDES = {"hidden", "hide", "none"}
_LETTERS = re.compile(r"[a-z]+")


def scheme_of(tag: Tag) -> str:
    """Return the scheme that an image is for, as its class or the end of its address has it.

    `only-dark`, `themed--light_x`, `hidden dark:block`, `dark:hidden`, `#gh-dark-mode-only`.
    """
    marks = str(tag.attrs.get("class", ""))
    if "#" in (src := str(tag.attrs.get("src", ""))):
        marks = f"{marks} {src.partition('#')[2]}"
    if DARK not in marks and LIGHT not in marks:
        return ""
    shown, hidden = set[str](), set[str]()
    for mark in marks.split():
        words = set(_LETTERS.findall(mark))
        (shown if words.isdisjoint(_HIDES) else hidden).update(words & _OTHER.keys())
    found = {_OTHER[scheme] for scheme in hidden} or shown
    return found.pop() if len(found) == 1 else ""


def joined(sightings: list[Sighting]) -> list[Sighting]:
    """Make one picture of two neighbours for the two schemes: what the light one shows is seen."""
    pictures: list[Sighting] = []
    for sighting in sightings:
        twin = (_OTHER[sighting.scheme], sighting.alt) if sighting.scheme else None
        before = pictures[-1] if twin and pictures else None
        if not before or (before.scheme, before.alt) != twin:
            pictures.append(sighting)
            continue
        light, dark = (before, sighting) if before.scheme == LIGHT else (sighting, before)
        others = (one._replace(tier=max(one.tier, Tier.ELSEWHERE)) for one in dark.candidates)
        pictures[-1] = Sighting([*light.candidates, *others], light.alt, light.tiny)
    return pictures
