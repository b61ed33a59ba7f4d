"""One picture as it is written in a page: its addresses, the best first."""

import re
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from app.scrape import lazy, srcset
from app.scrape.srcset import Candidate

# Real sets hold some twenty candidates; an attacker's a million.
MAX_CANDIDATES = 50
MAX_READ = 1_000

# Places that a browser reads without scripts.
PLAIN = {"img.srcset", "img.src", "picture"}
# Places where the sign for "please wait" may stand by itself.
STANDING = {*PLAIN, "css", *lazy.BACKGROUND}

_SIZED = re.compile(r"\s[0-9]{1,9}(?:\.[0-9]{1,9})?[wx]\s*(?:,|\Z)")
_IMAGE_FILES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".avif", ".jxl", ".bmp"),
    *(".tif", ".tiff", ".svg"),
)


class Tier(IntEnum):
    """Why some candidates precede others, whatever their sizes."""

    BEHIND = 0  # the file that a thumbnail stands for
    SHOWN = 1
    ELSEWHERE = 2  # on other screens than ours, or in a format that we do not take
    WRAPPED = 3  # what a resizing proxy takes it from
    PLACEHOLDER = 4  # until a script puts the picture there


class Found(NamedTuple):
    """A candidate and the place it was found in."""

    candidate: Candidate
    place: str
    tier: Tier = Tier.SHOWN
    policy: str = ""  # of its element for the Referer

    @property
    def order(self) -> tuple[int, float, float]:
        """What to sort by: tier, then size."""
        return self.tier, -self.candidate.width, -self.candidate.density


@dataclass(slots=True)
class Sighting:
    """One picture: each candidate with the place it was found in, the best first."""

    candidates: list[Found]
    alt: str = ""
    tiny: bool = False
    scheme: str = ""  # light or dark, if it is for such screens alone

    def rank(self) -> None:
        """Order by tier and size; of two the same size, the first stays first."""
        if len(self.candidates) > 1:
            self.candidates.sort(key=attrgetter("order"))
            del self.candidates[MAX_CANDIDATES:]

    def waits(self) -> bool:
        """Tell whether a script has still to put the picture here."""
        shown = [found for found in self.candidates if found.tier != Tier.BEHIND]
        return any(found.place not in PLAIN for found in shown) or all(
            found.candidate.url.startswith("data:") for found in shown
        )


def candidates(value: str) -> list[Candidate]:
    """Read a set of candidates; of too many, keep the largest."""
    read = list(islice(srcset.parse(value), MAX_READ))
    if len(read) > MAX_CANDIDATES:
        read.sort(key=lambda candidate: (-candidate.width, -candidate.density))
    return read[:MAX_CANDIDATES]


def address_or_set(value: str) -> list[Candidate]:
    """Read what scripts understand: one address, a set with sizes, or bLazy's two densities."""
    if "|" in value and all(map(is_image_file, parts := value.split("|", 2))):
        return [Candidate(url.strip(), density=n) for n, url in enumerate(parts, 1)]
    return (_SIZED.search(value) and candidates(value)) or [Candidate(value)]


def is_image_file(url: str) -> bool:
    """Tell whether a URL's path ends as those of image files do."""
    path = url.partition("?")[0].partition("#")[0].lower()
    return path.endswith(_IMAGE_FILES) and not path.startswith(".") and len(url.split()) == 1
