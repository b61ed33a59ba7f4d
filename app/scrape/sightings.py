"""One picture as it is written in a page: its addresses, the best first."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import NamedTuple

from bs4 import Tag

from app.scrape import srcset
from app.scrape.srcset import Candidate

# Real sets hold some twenty candidates; an attacker's a million.
MAX_CANDIDATES = 50

# Places that a browser reads without scripts.
PLAIN = {"img.srcset", "img.src", "picture"}


class Tier(IntEnum):
    """Why some candidates precede others, whatever their sizes."""

    SHOWN = 1
    ELSEWHERE = 2  # on other screens than ours, or in a format that we do not take
    PLACEHOLDER = 3  # until a script puts the picture there


class Found(NamedTuple):
    """A candidate and the place it was found in."""

    candidate: Candidate
    place: str
    tier: Tier = Tier.SHOWN


@dataclass(slots=True)
class Sighting:
    """One picture: each candidate with the place it was found in, the best first."""

    candidates: list[Found]
    alt: str = ""
    tiny: bool = False

    def rank(self) -> None:
        """Order by tier and size; of two the same size, the first stays first."""
        self.candidates.sort(
            key=lambda found: (found.tier, -found.candidate.width, -found.candidate.density)
        )

    def waits(self) -> bool:
        """Tell whether a script has still to put the picture here."""
        return any(found.place not in PLAIN for found in self.candidates) or all(
            found.candidate.url.startswith("data:") for found in self.candidates
        )


def candidates(value: str) -> list[Candidate]:
    """Read a set of candidates."""
    return list(islice(srcset.parse(value), MAX_CANDIDATES))


def given(tag: Tag, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of those attributes that are there and not empty."""
    for name in tag.attrs:
        if name in names and (value := text(tag, name)):
            yield name, value


def text(tag: Tag, name: str) -> str:
    """Return an attribute without the white space around it; empty when it is missing."""
    return str(tag.attrs.get(name, "")).strip()
