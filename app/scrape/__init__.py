"""From a page to the pictures a person sees, the best size of each."""

from app.fetch import Fetcher
from app.scrape.pictures import Skip, find_pictures, list_pictures
from app.settings import load
from app.urls import Url

__all__ = ["Skip", "find_pictures", "get_image_urls_sync", "list_pictures"]


def get_image_urls_sync(url: str) -> list[str]:
    """Fetch a page and list one URL for each of its pictures, the best, in document order.

    Raises:
        Failure: the page cannot be had, or is not HTML.

    """
    with Fetcher(load()) as fetcher:
        page = fetcher.page(Url.parse(url))
    pictures = find_pictures(page.body, page.charset, str(page.url))
    return [picture.url for picture in pictures if not picture.skipped]
