"""From a page's URL to the URLs of its pictures."""

import pytest

from app import get_image_urls_sync
from app.errors import NotHtml, TooLarge
from app.fetch import Fetcher
from app.settings import load
from app.urls import Url
from app.worker.pages import read_page
from app.worker.sheets import ALL_SECONDS, MAX_BYTES, SheetLoader
from tests.samples import picture
from tests.site import Reply


@pytest.fixture(autouse=True)
def loopback(monkeypatch):
    monkeypatch.setenv("DOWNLOADER_ALLOW_NETWORKS", "127.0.0.0/8")


@pytest.fixture
def fetcher():
    with Fetcher(load()) as fetcher:
        yield fetcher


def test_it_lists_the_best_url_of_each_picture_of_a_page(site):
    page = site.page("/page", "<img src=a srcset='b 2x'><img src='data:,'><img src=c><img src=c>")
    assert get_image_urls_sync(page) == [site.url("/b"), site.url("/c")]


@pytest.mark.parametrize(
    ("body", "listed"),
    [
        ("<a href=f.jpg><img src=s.jpg></a>", ["/s.jpg"]),
        ("<a href=f.jpg><img src=s.jpg srcset='l.jpg 9w, s.jpg 1w'></a>", ["/l.jpg"]),
        ("<img src=s.jpg data-large-file=l.jpg data-orig-file=o.jpg>", ["/s.jpg"]),
        ("<a href=f.jpg><img src=s.jpg></a><img src=f.jpg>", ["/f.jpg"]),
        ("<img src=f.jpg><a href=f.jpg><img src=s.jpg></a>", ["/f.jpg"]),
        ("<a href=f.jpg><img src=f.jpg></a>", ["/f.jpg"]),
        ("<a href=f.jpg><img src='data:,'></a>", ["/f.jpg"]),
        ("<a href=f.jpg><img src=s.jpg></a><a href=f.jpg><img src=t.jpg></a>", ["/s.jpg"]),
        (
            "<img src=s.jpg data-large-file=l.jpg data-orig-file=o.jpg><img src=o.jpg>"
            "<img src=l.jpg>",
            ["/o.jpg"],
        ),
    ],
)
def test_a_thumbnail_is_listed_as_the_page_shows_it(site, fetcher, body, listed):
    page = site.page("/page", body)
    assert get_image_urls_sync(page) == [site.url(path) for path in listed]
    _, [first, *_] = read_page(Url.parse(page), fetcher, SheetLoader(fetcher, 0))
    assert first.url.endswith(("f.jpg", "o.jpg"))


def test_urls_are_joined_to_where_a_redirect_ends(site):
    site.page("/folder/page", "<img src=a>")
    site.replies["/page"] = Reply(status=302, headers={"Location": "/folder/page"})
    assert get_image_urls_sync(site.url("/page")) == [site.url("/folder/a")]


def test_what_is_no_page_is_refused_with_the_fetchers_reason(site):
    with pytest.raises(NotHtml):
        get_image_urls_sync(site.file("/a.pdf", b"%PDF-1.7"))


def test_the_address_of_an_image_is_that_one_picture(site):
    image = site.file("/a.png", picture())
    site.replies["/moved"] = Reply(status=302, headers={"Location": "/a.png"})
    assert get_image_urls_sync(image) == [image]
    assert get_image_urls_sync(site.url("/moved")) == [image]


def test_an_image_may_be_larger_than_a_page(site, monkeypatch):
    monkeypatch.setenv("DOWNLOADER_MAX_PAGE_BYTES", "1KiB")
    large = Reply(picture() + bytes(2000), "image/png")
    page = Reply(b"<p>" * 2000, "text/html")
    site.replies |= {"/a.png": large, "/page": page}
    assert get_image_urls_sync(site.url("/a.png")) == [site.url("/a.png")]
    with pytest.raises(TooLarge):
        get_image_urls_sync(site.url("/page"))


def test_a_feed_lists_the_pictures_of_its_entries(site):
    feed = "<rss><channel><item><description>&lt;img src=a></description></item></channel></rss>"
    site.replies["/feed"] = Reply(feed.encode(), "application/rss+xml")
    assert get_image_urls_sync(site.url("/feed")) == [site.url("/a")]


PAINTED = "<link rel=stylesheet href=/css/a.css><link rel=stylesheet href=/b.css><p id=a><b>"


def test_style_sheets_are_read_with_who_names_them_as_their_referer(site):
    page = site.page("/page", PAINTED)
    site.file("/css/a.css", b"p{background:url(a.png)} @import 'late.css';", "text/css")
    site.replies["/b.css"] = Reply(status=302, headers={"Location": "/c/c.css"})
    site.file("/c/c.css", b"@import 'd.css'; b{background:url(b.png)}", "")
    site.file("/c/d.css", b"#a{background:url(c.png)}", "text/css; charset=utf-8")
    assert get_image_urls_sync(page) == [site.url("/c/c.png"), site.url("/c/b.png")]
    named = {request.path: request.headers["Referer"] for request in site.requests[1:]}
    imported = named.pop("/c/d.css")
    assert set(named.values()) == {page}
    assert imported == site.url("/c/c.css")


def test_sheets_that_fail_are_left_out_and_counted(site, fetcher):
    links = "".join(f"<link rel=stylesheet href=/{name}>" for name in range(9))
    page = Url.parse(site.page("/page", f"{links}<p><b>"))
    good = b"p{background:url(a.png)}"
    site.file("/0", good, "text/css")
    site.file("/1", b"b{background:url(b.png)}", "text/html")
    site.replies["/2"] = Reply(status=500)
    site.replies["/3"] = Reply(status=302, headers={"Location": "http://10.0.0.1/"})
    site.file("/4", good + bytes(MAX_BYTES), "text/css")
    site.file("/5", good + bytes(MAX_BYTES - 100), "text/css")
    sheets = SheetLoader(fetcher, 7)
    _, pictures = read_page(page, fetcher, sheets)
    assert [picture.url for picture in pictures] == [site.url("/a.png")]
    assert sheets.failed == 7


def test_without_sheets_none_is_asked_for(site, fetcher):
    page = Url.parse(site.page("/page", PAINTED))
    sheets = SheetLoader(fetcher, 0)
    assert read_page(page, fetcher, sheets) == (page, [])
    assert not sheets.failed
    assert len(site.requests) == 1


def test_sheets_share_their_seconds(site, fetcher):
    page = Url.parse(site.url("/page"))
    clock = iter([0.0, 0.0, 9.0, ALL_SECONDS]).__next__
    load_sheet = SheetLoader(fetcher, 20, clock).of(page)
    site.file("/a.css", b"", "text/css")
    asked = [load_sheet(site.url("/a.css"), "", "") for _ in range(3)]
    assert [bool(sheet) for sheet in asked] == [True, True, False]
