"""The files behind thumbnails, and behind proxies that resize."""

import pytest

from app.scrape import find_pictures
from app.scrape.proxies import wrapped

BEHIND = [
    ("<a href=/full.jpg><img src=/s.jpg></a>", "link", "full.jpg s.jpg"),
    (
        "<a href=/full.JPEG?v=1><p><picture><img src=/s.jpg></picture></a>",
        "link",
        "full.JPEG?v=1 s.jpg",
    ),
    ("<a href=/f.jpg><img srcset='/l.jpg 900w, /s.jpg 9w'></a>", "link", "f.jpg l.jpg s.jpg"),
    ("<a href=/photo/7 data-fancybox=g><img src=/s.jpg></a>", "link", "photo/7 s.jpg"),
    ("<a href=/photo/7 class='x glightbox'><img src=/s.jpg></a>", "link", "photo/7 s.jpg"),
    ("<a href=/photo/7 rel='lightbox[a]'><img src=/s.jpg></a>", "link", "photo/7 s.jpg"),
    ("<a href=/full.jpg style='background: url(/s.jpg)'></a>", "link", "full.jpg s.jpg"),
    ("<a href=/f.jpg><i style='background: url(/s.jpg)'></i></a>", "link", "f.jpg s.jpg"),
    (
        "<a href=/photo/7 data-pswp-width=9 data-pswp-src=/f.jpg><img src=/s.jpg></a>",
        "data-pswp-src",
        "f.jpg photo/7 s.jpg",
    ),
    ("<a href=/photo/7 data-fancybox data-type=iframe><img src=/s.jpg></a>", "img.src", "s.jpg"),
    (
        "<img src=/s.jpg data-large-file=/l.jpg data-orig-file=/o.jpg>",
        "data-orig-file",
        "o.jpg l.jpg s.jpg",
    ),
    ("<img src=/s.jpg data-zoom-image=/z.jpg data-full=/f.jpg>", "data-full", "f.jpg z.jpg s.jpg"),
    ("<img src=/s.jpg data-large_image=/l.jpg?x>", "data-large_image", "l.jpg?x s.jpg"),
    ("<img src=/s.jpg data-full=/media/7>", "data-full", "media/7 s.jpg"),
    ("<li data-src=/f.jpg><a href=/p><img src=/s.jpg></a></li>", "data-src", "f.jpg s.jpg"),
    ("<a href=/p data-image=/f.jpg><img src=/s.jpg></a>", "data-image", "f.jpg s.jpg"),
    (
        "<a href=/f.jpg><img src=/s.jpg data-orig-file=/o.jpg></a>",
        "data-orig-file",
        "o.jpg f.jpg s.jpg",
    ),
    (
        "<a href=/f.jpg><img src=/s.jpg><noscript><img src=/s.jpg></noscript></a>",
        "link",
        "f.jpg s.jpg",
    ),
    ("<a href=/f.jpg><img src='data:,' data-src=/s.jpg></a>", "link", "f.jpg s.jpg"),
]
SEEN_BEHIND = [  # by the name of the box, or by an address that is the same but for its size
    *(
        (f"<a href=/photo/7 {mark}><img src=/s.jpg></a>", "photo/7 s.jpg")
        for mark in (
            *("class=mfp-image", "class=luminous", "class='js-lbImage x'", "class=cloud-zoom"),
            *("data-lity", "data-lightbox-gallery=g", "data-lg-size=9-9", "data-toggle=lightbox"),
            *("data-bs-toggle=lightbox", "data-rel='prettyPhoto[a]'", "data-rel=lightcase:c"),
            *("class=spotlight", "class=lity", "class='x chocolat-image'"),
            *("class=magnific_popup", "class=js-magnific"),
        )
    ),
    ("<a href='/f.php?id=7&mode=view'><img src='/f.php?id=7&t=1'></a>",
     "f.php?id=7&mode=view f.php?id=7&t=1"),
    ("<a href='/i?do=x;attach=5;image'><img src='/i?do=x;attach=5;thumb'></a>",
     "i?do=x;attach=5;image i?do=x;attach=5;thumb"),
    ("<a href=/img/a><img src=/img/a=s320></a>", "img/a img/a=s320"),
    ("<a href=/p data-super-full-img=/f.jpg><img src=/s.jpg></a>", "f.jpg s.jpg"),
    ("<a href=/f.jpg><span style='background:url(data:,x)'></span><img src=/s.jpg></a>",
     "f.jpg s.jpg"),
    ("<a href=/f.jpg><div data-thumbnail=/s.jpg></div></a>", "f.jpg s.jpg"),
]  # fmt: skip
NOTHING_BEHIND = [
    "<a href=/photo/7 class=mfp-iframe><img src=/s.jpg></a>",
    *(
        f"<a href=/post/7 class='{words}'><img src=/s.jpg></a>"
        for words in (
            *("quality card--spotlight", "chocolates", "magnificent alfresco"),
            *("bread baguette-tradition", "chocolat-noir", "chocolat", "luminous-paint"),
        )
    ),
    "<a href=/photo/7 data-toggle=modal data-rel=next><img src=/s.jpg></a>",
    "<a href=/s><img src=/s.jpg></a>",
    "<a href='/p?id=7'><img src=/s.jpg></a>",
    "<a href=/page.html><img src=/s.jpg></a>",
    "<a href='#big'><img src=/s.jpg></a>",
    "<a href=/page.html class=lightbox><img src=/s.jpg></a>",
    "<a href=https://youtube.com/watch?v=1 data-fancybox><img src=/s.jpg></a>",
    "<a href=/wiki/File:Full.jpg><img src=/s.jpg></a>",
    "<a href=/wiki/Datei%3AFull.jpg><img src=/s.jpg></a>",
    "<a href=https://code.example/me/it/blob/main/full.png><img src=/s.jpg></a>",
    "<a href=//1.blog.example/s1600-h/full.jpg><img src=/s.jpg></a>",
    "<a href=/share?media=full.jpg><img src=/s.jpg></a>",
    "<img src=/s.jpg data-full=true data-zoom=2>",
    "<a data-src=/f.jpg>text</a><img src=/s.jpg>",
    "<div data-zoom-image=/f.jpg><p><p><b><i><u><img src=/s.jpg></div>",
]
WRAPPED = [
    ("/_next/image?url=%2Fa.jpg&w=640&q=75", "/a.jpg"),
    ("/_next/image?w=640&url=https%3A%2F%2Fcdn%2Fa.jpg%3Fx%3D1", "https://cdn/a.jpg?x=1"),
    ("/_vercel/image?url=%2Fa.jpg&w=640", "/a.jpg"),
    ("/.netlify/images?url=/a.jpg&w=640", "/a.jpg"),
    ("/_image?href=%2Fa.jpg&w=640", "/a.jpg"),
    ("/wp-content/timthumb.php?src=/up/a.jpg&w=100", "/up/a.jpg"),
    ("/cdn-cgi/image/width=80,quality=75/up/a.jpg", "/up/a.jpg"),
    ("/cdn-cgi/image/width=80/https://cdn/a.jpg", "https://cdn/a.jpg"),
    ("/_ipx/w_640,f_webp/up/a.jpg", "/up/a.jpg"),
    ("/_ipx/_/https://cdn/a.jpg", "https://cdn/a.jpg"),
    ("/image/fetch/w_1456,c_limit/https%3A%2F%2Fcdn%2Fa.jpg", "https://cdn/a.jpg"),
    ("/insecure/rs:fit:300/plain/https://cdn/a.jpg@webp", "https://cdn/a.jpg"),
    (
        "https://i0.wp.com/example.com/up/a.jpg?resize=300%2C200&ssl=1",
        "https://example.com/up/a.jpg",
    ),
    ("/_image/?href=%2Fa.jpg", "/a.jpg"),
    ("/phpThumb.php?w=9&src=/a.jpg", "/a.jpg"),
    ("/image-proxy?url=https%3A%2F%2Fcdn%2Fa.jpg", "https://cdn/a.jpg"),
    ("/_gatsby/image/x/y/a.jpg?u=https%3A%2F%2Fcdn%2Fa.jpg&a=w%3D9", "https://cdn/a.jpg"),
    ("https://x.imgix.net/https%3A%2F%2Fcdn%2Fa.jpg?w=300", "https://cdn/a.jpg"),
    ("/insecure/rs:fit:300/aHR0cHM6Ly9j/ZG4vYS5qcGc.webp", "https://cdn/a.jpg"),
    ("/insecure/w:300/aHR0cHM6Ly9jZG4vYWIuanBn?v", "https://cdn/ab.jpg"),
    ("https://e.cdn.ampproject.org/ii/w1000/s/example.com/a.jpg", "https://example.com/a.jpg"),
    ("https://cdn.ampproject.org/i/example.com/a.jpg", "http://example.com/a.jpg"),
    ("https://wsrv.nl/?url=example.com/a.jpg&w=300", "example.com/a.jpg"),
]
PLAIN = [
    "/aHR0c/a.jpg",
    "/aHR0cHM6______.jpg",
    "/a.jpg",
    "/a.jpg?url=b",
    "/search?q=image&url=/x",
    "https://wp.com/a.jpg",
    "/http/a.jpg",
]


POLICIES = [
    ("<img src=/s.jpg referrerpolicy=' no-referrer '>", {"s.jpg": "no-referrer"}),
    (
        "<img srcset='/l.jpg 9w, /s.jpg 1w' src=/s.jpg referrerpolicy=origin>",
        {"l.jpg": "origin", "s.jpg": "origin"},
    ),
    (
        "<picture><source srcset=/a.webp><img src=/s.jpg referrerpolicy=origin></picture>",
        {"a.webp": "origin", "s.jpg": "origin"},
    ),
    ("<img src=/s.jpg>", {}),
    ("<div referrerpolicy=origin><img src=/s.jpg></div>", {}),
    ("<a href=/f.jpg referrerpolicy=origin><img src=/s.jpg></a>", {"f.jpg": "origin"}),
    ("<a href=/f.jpg rel='noopener NoReferrer'><img src=/s.jpg></a>", {"f.jpg": "no-referrer"}),
    (
        "<a href=/f.jpg rel=noopener><img src=/s.jpg referrerpolicy=origin></a>",
        {"s.jpg": "origin"},
    ),
    ("<a href=/p rel=noreferrer><img src=/s.jpg data-full=/f.jpg></a>", {}),
    ("<link rel=preload as=image href=/s.jpg referrerpolicy=origin>", {"s.jpg": "origin"}),
    (
        "<img src=/s.jpg><link rel=preload as=image href=/s.jpg referrerpolicy=origin>",
        {},
    ),
]


@pytest.mark.parametrize(("html", "policies"), POLICIES)
def test_an_element_says_what_the_host_of_its_image_learns(html, policies):
    picture = find_pictures(html.encode(), None, "http://site/")[0]
    assert dict(picture.policies) == {f"http://site/{url}": word for url, word in policies.items()}


@pytest.mark.parametrize("attribute", ["rel=noreferrer", "referrerpolicy=no-referrer"])
def test_a_link_says_what_the_host_of_its_file_learns(attribute):
    html = f"<a href=/f.jpg {attribute}>full size</a><a href=/g.jpg rel=nofollow>too</a>"
    first, second = find_pictures(html.encode(), None, "http://site/", ["links"])
    assert first.policies == (("http://site/f.jpg", "no-referrer"),)
    assert second.policies == ()


def find(html, *sources):
    return find_pictures(html.encode(), None, "http://site/page", sources or ("seen",))


def names(picture):
    return " ".join(url.removeprefix("http://site/") for url in picture.candidates)


@pytest.mark.parametrize(("html", "place", "files"), BEHIND)
def test_the_file_behind_a_thumbnail_is_its_best_size(html, place, files):
    picture = find(html)[0]
    assert (picture.found_in, names(picture)) == (place, files)


@pytest.mark.parametrize(("html", "files"), SEEN_BEHIND)
def test_the_file_behind_is_known_by_its_box_or_its_address(html, files):
    assert [names(picture) for picture in find(html) if not picture.skipped] == [files]


@pytest.mark.parametrize(
    "link", ["/i?do=x", "/i?topic=7", "/i?attach=5;thumb", "/i", "/j?attach=5"]
)
def test_another_address_of_the_same_script_is_no_file_behind(link):
    html = f"<a href='{link}'><img src='/i?attach=5;thumb'></a>"
    assert [names(picture) for picture in find(html)] == ["i?attach=5;thumb"]


@pytest.mark.parametrize("html", NOTHING_BEHIND)
def test_a_page_or_a_flag_is_no_file_behind(html):
    assert [names(picture) for picture in find(html)] == ["s.jpg"]


def test_a_link_around_several_pictures_belongs_to_the_first():
    html = "<a href=/f.jpg><img src=/a.jpg><img src=/zoom.png></a>"
    assert [names(picture) for picture in find(html)] == ["f.jpg a.jpg", "zoom.png"]


def test_a_sign_for_several_linked_files_is_none_of_them():
    html = "<a href=/a.jpg><img src=/zoom.png></a><a href=/b.jpg><img src=/zoom.png></a>"
    assert [names(picture) for picture in find(html)] == ["a.jpg", "b.jpg"]


def test_linked_thumbnails_count_once_where_links_are_asked_for_too():
    html = "<a href=/a.jpg><img src=/a-s.jpg></a><a href=/b.jpg><img src=/b-s.jpg></a>"
    pictures = [picture for picture in find(html, "seen", "links") if not picture.skipped]
    assert [names(picture) for picture in pictures] == ["a.jpg a-s.jpg", "b.jpg b-s.jpg"]


@pytest.mark.parametrize(("url", "inner"), WRAPPED)
def test_what_a_proxy_resizes_is_known_by_its_address(url, inner):
    assert wrapped(url if "://" in url[:8] else f"http://site{url}") == inner


@pytest.mark.parametrize("url", PLAIN)
def test_an_address_that_wraps_none_is_left_alone(url):
    assert wrapped(url if "://" in url[:8] else f"http://site{url}") is None


def test_what_is_wrapped_is_a_candidate_behind_the_proxys():
    html = "<img srcset='/_next/image?url=%2Fa.jpg&w=1 1x, /_next/image?url=%2Fa.jpg&w=2 2x'>"
    (picture,) = find(html)
    assert picture.url.endswith("w=2")
    assert picture.candidates[-1] == "http://site/a.jpg"


def test_two_cuts_of_one_file_stay_two_pictures():
    html = "<img src='/_next/image?url=%2Fa.jpg&w=1'><img src='/_next/image?url=%2Fa.jpg&w=2'>"
    assert [picture.skipped for picture in find(html)] == [None, None]
