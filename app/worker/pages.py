"""The pictures of a page, fetched and found."""

from collections.abc import Collection

from app.database.models import Download
from app.errors import BOOKMARKLET, ImageInstead
from app.fetch import Fetcher
from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.render import Renderer, RenderFailed
from app.scrape import find_pictures, title_of, waits_for_scripts
from app.urls import Url
from app.worker.cut import Cut
from app.worker.sheets import SheetLoader

# Where the picture is found that a URL leads to by itself.
ITSELF = "url"
FEW = 3  # pictures, with which a page may still wait for its scripts
WAITS = "the page seems to wait for its scripts"


def read_page(
    url: Url,
    fetcher: Fetcher,
    sheets: SheetLoader,
    sources: Collection[str] = (Source.SEEN,),
    download: Download | None = None,
) -> tuple[Url, list[Picture]]:
    """Return where a page comes from in the end, and its pictures; an image is its own picture.

    The download gets the title of the page, and whether that seems to wait for its scripts.

    Raises:
        Failure: the page cannot be had, or is neither HTML nor a feed nor an image.
    """
    try:
        page = fetcher.page(url)
    except ImageInstead as found:
        return url, [Picture((found.url,), ITSELF)]
    if download:
        download.title = title_of(page.body, page.charset)
    load_sheet = sheets.of(page.url)
    pictures = find_pictures(page.body, page.charset, str(page.url), sources, load_sheet)
    if download and len(pictures) <= FEW and waits_for_scripts(page.body, page.charset):
        download.render_detail = WAITS
    return page.url, pictures


def advice(download: Download, browser: str) -> str:
    """Return what else may get the pictures of a page that shows few as it came."""
    if download.render or not browser:
        return BOOKMARKLET
    return f"ask with render to have a browser open it; {BOOKMARKLET}"


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
                download.rendered, download.render_detail = True, None
                return final, shown
            problem = "the browser showed no pictures"
    download.rendered, download.render_detail = False, problem
    return read
