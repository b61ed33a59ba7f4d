"""The pictures of a page, fetched and found."""

from collections.abc import Collection

from app.errors import ImageInstead
from app.fetch import Fetcher
from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.scrape import find_pictures
from app.settings import load
from app.urls import Url

# Where the picture is found that a URL leads to by itself.
ITSELF = "url"


def get_image_urls_sync(url: str) -> list[str]:
    """Fetch a page and list one URL for each of its pictures, the best, in document order.

    Raises:
        Failure: the page cannot be had, or is neither HTML nor a feed nor an image.

    """
    with Fetcher(load()) as fetcher:
        _, pictures = read_page(Url.parse(url), fetcher)
    return [picture.url for picture in pictures if not picture.skipped]


def read_page(
    url: Url, fetcher: Fetcher, sources: Collection[str] = (Source.SEEN,)
) -> tuple[Url, list[Picture]]:
    """Return where a page comes from in the end, and its pictures; an image is its own picture.

    Raises:
        Failure: the page cannot be had, or is neither HTML nor a feed nor an image.

    """
    try:
        page = fetcher.page(url)
    except ImageInstead as found:
        return url, [Picture((found.url,), ITSELF)]
    return page.url, find_pictures(page.body, page.charset, str(page.url), sources)
