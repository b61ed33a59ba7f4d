"""From a page's URL to the pictures that a browser shows there."""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from app.errors import Interrupted, RefusedUrl
from app.fetch import Fetcher
from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.render.failures import CommandFailed, RenderFailed
from app.scrape import find_pictures, list_pictures
from app.settings import Settings
from app.urls import Url

if TYPE_CHECKING:
    from app.render.devtools import Message

FOUND_IN = "rendered"
DRAWN = "drawn by a script"


class Renderer:
    """Opens pages, each in a browser of its own, so many at once as the settings allow."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = threading.Semaphore(settings.browsers_at_once)

    def pictures(
        self,
        url: Url,
        fetcher: Fetcher,
        cut: Callable[[], bool] = lambda: False,
        sources: Collection[str] = (Source.SEEN,),
    ) -> tuple[Url, list[Picture]]:
        """Return where the page is in the end, and its pictures.

        Raises:
            RenderFailed: with the reason.
            Interrupted: the job has to end.
        """
        if not self._settings.browser:
            raise RenderFailed("there is no browser any more")
        from app.render.browser import Browser  # most processes open none
        from app.render.devtools import CHECK_SECONDS
        from app.render.tab import Tab

        while not self._turns.acquire(timeout=CHECK_SECONDS):
            if cut():
                raise Interrupted
        try:
            with Browser(self._settings, fetcher, cut) as browser:
                agent = browser.devtools.call("Browser.getVersion")["userAgent"]
                tab = Tab(browser, f"{agent} {fetcher.agent}")
                taken = tab.take(str(url))
        except CommandFailed as failure:
            raise RenderFailed(str(failure)) from failure
        finally:
            self._turns.release()
        try:
            final = Url.lenient(taken["url"].partition("#")[0])
        except RefusedUrl as refusal:
            raise RenderFailed("the page has gone elsewhere") from refusal
        return final, _pictures(taken, tab.marker, sources)


def _pictures(taken: "Message", marker: str, sources: Collection[str]) -> list[Picture]:
    """Return the pictures of a page, those of its frames where these stand."""
    pictures = _with_gone(list(_merged(taken, marker, sources)), taken)
    known = {address for picture in pictures for address in (*picture.candidates, picture.written)}
    more = [(url, alt) for url, alt in _shown(taken) if url not in known]
    drawn = sum(url == "canvas:" for url, _ in more)
    listed = {url: alt for url, alt in more if url != "canvas:"}
    for picture, alt in zip(list_pictures(listed, taken["url"]), listed.values(), strict=True):
        pictures.append(picture._replace(found_in=FOUND_IN, alt=alt[:300]))
    canvas = Picture((), FOUND_IN, skipped=DRAWN, written="canvas")
    return [*pictures, *[canvas] * min(drawn, 10)]


def _with_gone(pictures: list[Picture], taken: "Message") -> list[Picture]:
    """Put what the page has shown and dropped since, as long lists do, behind what it followed."""
    known = {address for picture in pictures for address in picture.candidates}
    following: defaultdict[str, list[Picture]] = defaultdict(list)
    for url, before, alt in taken["gone"]:
        if url not in known:
            known.add(url)
            [picture] = list_pictures([url], taken["url"])
            following[before].append(picture._replace(found_in=FOUND_IN, alt=alt))
    if not following:
        return pictures
    placed: list[Picture] = []
    waiting = [*following.pop("", []), *pictures][::-1]
    while waiting:
        placed.append(waiting.pop())
        for address in placed[-1].candidates:
            waiting += following.pop(address, [])[::-1]
    return [*placed, *(picture for rest in following.values() for picture in rest)]


def _merged(taken: "Message", marker: str, sources: Collection[str]) -> Iterator[Picture]:
    frames = dict(map(tuple, taken["frames"]))
    seen: set[str] = set()
    for picture in find_pictures(taken["html"].encode(), "utf-8", taken["base"], sources):
        number = picture.url.removeprefix(marker)
        found = [picture]
        if number != picture.url and number.isdigit() and int(number) in frames:
            found = list(_merged(frames[int(number)], marker, sources))
        for each in found:
            if each.candidates and seen.intersection(each.candidates):
                continue
            seen.update(each.candidates)
            yield each


def _shown(taken: "Message") -> Iterator[tuple[str, str]]:
    for url, alt in taken["shown"]:
        yield url.partition("#")[0], alt
    for _, frame in taken["frames"]:
        yield from _shown(frame)
