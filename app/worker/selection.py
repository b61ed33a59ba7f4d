"""Which pictures of a page are taken, and under which name: pure choices, no input or output."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.database.models import Download, Image
from app.errors import Skipped, Unwanted
from app.fetch import ImageFacts
from app.pictures import filenames
from app.pictures.formats import BY_CONTENT_TYPE
from app.pictures.picture import Picture
from app.urls import readable_host

# Of a page with dead links, so many pictures are tried for each that was asked for.
TRIES_PER_IMAGE = 3
# Fifty sizes would be fifty tries: the best ones and the plainest are enough.
SIZES_TRIED = 5
LEFT_OUT = "left out by include or exclude"


def considered(pictures: Iterable[Picture], download: Download) -> Iterator[Picture]:
    """Yield what is recorded of a page: as many pictures as may be tried, and the skips between."""
    wanted = skipped = download.limit * (1 if download.dry_run else TRIES_PER_IMAGE)
    for picture in pictures:
        if picture.skipped:
            skipped -= 1
            if skipped < 0:
                continue
        elif not wanted:
            return
        else:
            wanted -= 1
        yield picture


def by_address(pictures: list[Picture], download: Download) -> list[Picture]:
    """Drop the addresses that the client's patterns leave out; skip pictures without any left."""
    include, exclude = download.include or ["*"], download.exclude or []

    def chosen(picture: Picture) -> Picture:
        kept = tuple(
            url
            for url in picture.candidates
            if _matches(url, include) and not _matches(url, exclude)
        )
        if picture.skipped or len(kept) == len(picture.candidates):
            return picture
        return picture._replace(candidates=kept) if kept else picture._replace(skipped=LEFT_OUT)

    return list(map(chosen, pictures)) if download.include or exclude else pictures


def _matches(url: str, patterns: Iterable[str]) -> bool:
    """Look for patterns anywhere in an address; `*` is any text, and case does not matter.

    Each piece is searched for once, behind the one before: no pattern takes long.
    """
    url = url.lower()
    return any(_holds(url, pattern.lower().split("*")) for pattern in patterns)


def _holds(text: str, pieces: Iterable[str]) -> bool:
    at = 0
    for piece in pieces:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def tried(candidates: Sequence[str]) -> list[str]:
    """Return the addresses of a picture that are tried, one after another."""
    return list(dict.fromkeys([*candidates[: SIZES_TRIED - 1], *candidates[-1:]]))


def check_wanted(download: Download, facts: ImageFacts) -> None:
    """Hold an image against the client's filter; a drawing without a size fits any.

    Raises:
        Skipped: it is a counter, which nobody is meant to see.
        Unwanted: it does not pass.
    """
    if facts.width == facts.height == 1:
        raise Skipped("skipped: tracking pixel, 1 × 1")
    kind = BY_CONTENT_TYPE[facts.content_type].name
    if download.types and kind not in download.types:
        raise Unwanted(f"type not asked for: {kind}")
    if facts.bytes < download.min_bytes:
        raise Unwanted(f"too small: {facts.bytes:,} bytes")
    if facts.width is None or facts.height is None:
        return
    if facts.width < download.min_width or facts.height < download.min_height:
        raise Unwanted(f"too small: {facts.width} × {facts.height} pixels")


def member_names(
    images: Iterable[Image], download: Download, pages: Mapping[int, Download]
) -> Iterator[str]:
    """Yield the names of images in the archive, by the client's pattern.

    `pages` says which download the picture of a place was taken from, if it was from another.
    """
    digits = _digits(download)
    pictures = (
        (
            {
                "position": f"{image.position:0{digits}}",
                "name": (name := filenames.stem_of(image.source_url)),
                "alt": filenames.without_ending(image.alt or "") or name,
                "id": str(image.id),
                **_page_words(pages.get(image.position or 0, download)),
            },
            BY_CONTENT_TYPE[str(image.content_type)].extension,
        )
        for image in images
    )
    return filenames.pattern_names(download.pattern or "", pictures)


def _page_words(download: Download) -> dict[str, str]:
    site = readable_host(download.url)
    return {"site": site, "title": download.title or site}


def member_name(image: Image, download: Download, url: str, facts: ImageFacts) -> str:
    """Return the image's name in the archive."""
    extension = BY_CONTENT_TYPE[facts.content_type].extension
    return filenames.member_name(image.position or 0, _digits(download), url, extension)


def _digits(download: Download) -> int:
    """Return how many digits each place in the archive has."""
    return max(3, len(str(download.limit * TRIES_PER_IMAGE)))
