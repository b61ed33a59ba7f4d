"""From a page's URL to the URLs of its pictures."""

import pytest

from app import get_image_urls_sync
from app.errors import NotHtml, TooLarge
from tests.samples import picture
from tests.site import Reply


@pytest.fixture(autouse=True)
def loopback(monkeypatch):
    monkeypatch.setenv("DOWNLOADER_ALLOW_NETWORKS", "127.0.0.0/8")


def test_it_lists_the_best_url_of_each_picture_of_a_page(site):
    page = site.page("/page", "<img src=a srcset='b 2x'><img src='data:,'><img src=c><img src=c>")
    assert get_image_urls_sync(page) == [site.url("/b"), site.url("/c")]


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
