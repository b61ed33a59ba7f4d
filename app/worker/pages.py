"""The pictures of a page, fetched and found."""

from collections.abc import Collection

from app.database.models import Download
from app.errors import ImageInstead
from app.fetch import Fetcher
from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.render import Renderer, RenderFailed
from app.scrape import find_pictures, title_of
from app.settings import load
from app.urls import Url
from app.worker.claim import Cut
from app.worker.sheets import SheetLoader

# Where the picture is found that a URL leads to by itself.
ITSELF = "url"


def get_image_urls_sync(url: str) -> list[str]:
    """Fetch a page and list the URLs of its pictures in document order, of each the largest shown.

    What galleries and links open instead is left to a download, which falls back if that is gone.

    Raises:
        Failure: the page cannot be had, or is neither HTML nor a feed nor an image.

    """
    settings = load()
    with Fetcher(settings) as fetcher:
        sheets = SheetLoader(fetcher, settings.style_sheets)
        _, pictures = read_page(Url.parse(url), fetcher, sheets=sheets)
    return [picture.shown or picture.url for picture in pictures if not picture.skipped]


def read_page(
    url: Url,
    fetcher: Fetcher,
    sources: Collection[str] = (Source.SEEN,),
    sheets: SheetLoader | None = None,
    download: Download | None = None,
) -> tuple[Url, list[Picture]]:
    """Return where a page comes from in the end, and its pictures; an image is its own picture.

    The download gets the title of the page.

    Raises:
        Failure: the page cannot be had, or is neither HTML nor a feed nor an image.

    """
    try:
        page = fetcher.page(url)
    except ImageInstead as found:
        return url, [Picture((found.url,), ITSELF)]
    if download:
        download.title = title_of(page.body, page.charset)
    load_sheet = sheets.of(page.url) if sheets else None
    pictures = find_pictures(page.body, page.charset, str(page.url), sources, load_sheet)
    return page.url, pictures


def render_page(
    download: Download,
    renderer: Renderer,
    read: tuple[Url, list[Picture]],
    fetcher: Fetcher,
    cut: Cut,
) -> tuple[Url, list[Picture]]:
    """Return what a browser shows of a page that was read; the page as read, if it fails.

    The download says which.
    """
    url, pictures = read
    problem = "it is an image, not a page"
    if [picture.found_in for picture in pictures] != [ITSELF]:
        try:
            final, shown = renderer.pictures(url, fetcher, cut, download.sources or [Source.SEEN])
        except RenderFailed as failure:
            problem = str(failure)
        else:
            if not pictures or any(picture.skipped is None for picture in shown):
                download.rendered = True
                return final, shown
            problem = "the browser showed no pictures"
    download.rendered, download.render_detail = False, problem
    return read
