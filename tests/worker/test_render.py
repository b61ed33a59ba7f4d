"""What a job makes of a browser's answer, or of none; the browser itself is in tests/render."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app import jobs
from app.database.models import Download
from app.pictures.picture import Picture
from app.render import Renderer, RenderFailed
from app.settings import Settings
from app.urls import Url
from tests.site import Site

Work = Callable[[], int]
Ask = Callable[..., Download]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, browser="/usr/bin/chromium-headless-shell")


@pytest.fixture
def ask(work: Work) -> Ask:
    def do(url: str, **values: Any) -> Download:
        download = jobs.add_download(url=url, limit=50, dry_run=True, **values)
        assert work() == 1
        return jobs.get(Download, download.id)

    return do


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Have the browser show pictures, or fail; return what it is asked to open."""
    opened: list[str] = []

    def do(*urls: str, problem: str = "", skipped: str | None = None) -> list[str]:
        def pictures(self: Renderer, url: Url, *_: Any) -> tuple[Url, list[Picture]]:
            opened.append(str(url))
            if problem:
                raise RenderFailed(problem)
            return url, [Picture((each,), "rendered", skipped=skipped) for each in urls]

        monkeypatch.setattr(Renderer, "pictures", pictures)
        return opened

    return do


def listed(download: Download) -> list[str]:
    return [picture.source_url for picture in jobs.pictures_of(download)]


def test_what_a_browser_shows_is_taken(site: Site, ask: Ask, shows: Any) -> None:
    url = site.page("/", "<img src=a>")
    opened = shows("https://a.example/1", "https://a.example/2")
    download = ask(url, render=True)
    assert opened == [url]
    assert listed(download) == ["https://a.example/1", "https://a.example/2"]
    assert (download.rendered, download.render_detail) == (True, None)


def test_no_browser_is_started_unless_it_was_asked_for(site: Site, ask: Ask, shows: Any) -> None:
    opened = shows("https://a.example/1")
    download = ask(site.page("/", "<img src=a>"))
    assert opened == []
    assert download.rendered is None


def test_where_rendering_fails_the_page_is_taken_as_it_came(
    site: Site, ask: Ask, shows: Any
) -> None:
    shows(problem="not done within 30 s")
    download = ask(site.page("/", "<img src=a>"), render=True)
    assert listed(download) == [site.url("/a")]
    assert (download.rendered, download.render_detail) == (False, "not done within 30 s")


def test_what_a_browser_shows_is_not_taken_where_it_is_nothing(
    site: Site, ask: Ask, shows: Any
) -> None:
    shows("blob:x", skipped="not http")
    download = ask(site.page("/", "<img src=a>"), render=True)
    assert listed(download) == [site.url("/a")]
    assert (download.rendered, download.render_detail) == (False, "the browser showed no pictures")


def test_an_image_is_not_opened_in_a_browser(site: Site, ask: Ask, shows: Any) -> None:
    opened = shows("https://a.example/1")
    download = ask(site.file("/a.png", b"\x89PNG\r\n\x1a\n" + bytes(99)), render=True)
    assert opened == []
    assert download.rendered is False


def test_a_page_without_pictures_names_the_browser_or_else_the_bookmarklet(
    site: Site, ask: Ask, shows: Any
) -> None:
    url = site.page("/", "<script>nothing()</script>")
    assert "; ask with render to have a browser open it; if" in str(ask(url).error_detail)
    for problem in "", "not done within 6 s":
        shows(problem=problem)
        detail = str(ask(url, render=True).error_detail)
        assert "bookmarklet" in detail
        assert "ask with render" not in detail


def test_a_page_that_seems_to_wait_for_its_scripts_says_so(
    site: Site, ask: Ask, shows: Any
) -> None:
    shows("https://a.example/1")
    frame = "<img src=logo.png><div id=root></div><script src=app.js></script>"
    waiting = ask(site.page("/", frame))
    assert (waiting.status, waiting.rendered) == ("finished", None)
    assert str(waiting.render_detail).startswith(
        "the page seems to wait for its scripts; ask with render to have a browser open it; if"
    )
    assert ask(site.page("/", frame), render=True).render_detail is None
    for page in (frame.replace("</div>", "Text</div>"), frame + "text " * 50, "<img src=a>"):
        assert ask(site.page("/", page)).render_detail is None


def test_what_was_asked_for_is_asked_for_again(site: Site, ask: Ask, shows: Any) -> None:
    shows()
    failed = ask(site.page("/", ""), render=True)
    assert jobs.retry(failed).render
