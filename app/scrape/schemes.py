"""Pictures that a page has twice: for light screens, and for dark ones."""

import re

from bs4 import Tag

from app.scrape.sightings import Sighting, Tier

LIGHT, DARK = "light", "dark"
_OTHER = {LIGHT: DARK, DARK: LIGHT}
# Classes, or fragments of addresses, by which an image is seen in one scheme alone.
_SHOWS = (
    *("{}-only", "only-{}", "{}-mode-only", "gh-{}-mode-only", "show-on-{}"),
    *("themedComponent--{}", "themedImage--{}"),  # Docusaurus
)
# Tailwind and what uses it
_HIDES = ("{}:hidden", "{}:!hidden", "{}:sl-hidden", "{}:nx-hidden", "hide-on-{}")
_DISPLAYS = "block", "inline", "inline-block", "flex", "inline-flex", "grid"
_MARKS = {mark.format(scheme): scheme for scheme in _OTHER for mark in _SHOWS}
_MARKS |= {mark.format(_OTHER[scheme]): scheme for scheme in _OTHER for mark in _HIDES}
# Those that say so only beside another class.
_BESIDE = {
    "VPImage": ("{}",),  # VitePress
    "hidden": [f"{{}}:{sign}{display}" for display in _DISPLAYS for sign in ("", "!")],
}
_MARKS_BESIDE = {
    other: {mark.format(scheme): scheme for scheme in _OTHER for mark in marks}
    for other, marks in _BESIDE.items()
}
_SCHEME = re.compile("[-_.]?(?:light|dark)")


def scheme_of(tag: Tag) -> str:
    """Return the scheme that an image is for, as its class or the end of its address has it.

    `only-dark`, `themedImage--light_x`, `hidden dark:block`, `dark:hidden`, `#gh-dark-mode-only`.
    """
    written = str(tag.attrs.get("class", ""))
    if "#" in (src := str(tag.attrs.get("src", ""))):
        written = f"{written} {src.partition('#')[2]}"
    if DARK not in written and LIGHT not in written:
        return ""
    marks = {mark.partition("_")[0] for mark in written.split()}  # what a bundler adds follows
    found = {_MARKS[mark] for mark in marks & _MARKS.keys()}
    for other in marks & _MARKS_BESIDE.keys():
        beside = _MARKS_BESIDE[other]
        found |= {beside[mark] for mark in marks & beside.keys()}
    return found.pop() if len(found) == 1 else ""


def joined(sightings: list[Sighting]) -> list[Sighting]:
    """Make one picture of two neighbours for the two schemes.

    The candidates of the light one precede; those of the dark one are a fallback.
    """
    pictures: list[Sighting] = []
    for sighting in sightings:
        before = pictures[-1] if sighting.scheme and pictures else None
        if not before or not _are_twins(before, sighting):
            pictures.append(sighting)
            continue
        light, dark = (before, sighting) if before.scheme == LIGHT else (sighting, before)
        others = (one._replace(tier=max(one.tier, Tier.ELSEWHERE)) for one in dark.candidates)
        tiny = light.tiny and dark.tiny
        pictures[-1] = Sighting([*light.candidates, *others], light.alt, tiny)
    return pictures


def _are_twins(one: Sighting, other: Sighting) -> bool:
    """Tell whether two are the same picture: by their text, or by addresses but for the scheme."""
    if one.scheme != _OTHER[other.scheme] or one.alt != other.alt:
        return False
    return bool(one.alt) or _address(one) == _address(other)


def _address(sighting: Sighting) -> str:
    address = sighting.candidates[0].candidate.url.partition("#")[0].lower()
    return _SCHEME.sub("", address)
