"""From a page's URL to the URLs of its pictures."""

import pytest

from app.errors import NotHtml
from app.scrape import get_image_urls_sync
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
        get_image_urls_sync(site.file("/a.png", b"\x89PNG\r\n\x1a\n" + bytes(50)))
