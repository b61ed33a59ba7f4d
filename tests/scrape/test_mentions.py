"""The groups of sources that have to be asked for."""

import pytest

from app.pictures.sources import Source
from app.scrape import Skip, find_pictures

META = [
    ("<meta property=og:image content=a.png>", "og:image", "a.png"),
    ("<meta property='OG:image:secure_url' content=a.png>", "og:image:secure_url", "a.png"),
    ("<meta name=twitter:image content=a.png>", "twitter:image", "a.png"),
    ("<meta itemprop=image content=a.png>", "image", "a.png"),
    ("<link rel=image_src href=a.png>", "image_src", "a.png"),
]
JSON_LD = [
    ('{"image": "a.png"}', "a.png"),
    ('{"image": ["a.png", "b.png"]}', "a.png b.png"),
    ('{"image": {"@type": "ImageObject", "url": "a.png", "width": 3}}', "a.png"),
    ('[{"@graph": [{"thumbnailUrl": "a.png", "url": "page.html"}]}]', "a.png"),
    ('{"publisher": {"logo": {"contentUrl": "a.png"}}}', "a.png"),
    ('{"image": null, "name": "b.png"}', ""),
    (r'{"image": "a\ud800.png"}', "a%EF%BF%BD.png"),  # as browsers' `new URL` has it
    ("{not json", ""),
    ("[" * 100_000, ""),
]
LINKS = [
    ("a.png", True),
    ("a.JPEG?size=big", True),
    ("a.webp#x", True),
    ("page.html", False),
    ("?file=a.png", False),
    ("png", False),
]


def found(html, *sources):
    return find_pictures(html.encode(), None, "http://site/", sources)


@pytest.mark.parametrize(("html", "place", "name"), META)
def test_meta_pictures_are_found_when_asked_for(html, place, name):
    (picture,) = found(html, Source.META)
    assert (picture.found_in, picture.url) == (place, f"http://site/{name}")


def test_an_empty_meta_picture_is_skipped():
    (picture,) = found("<meta property=og:image content=' '>", Source.META)
    assert picture.skipped == Skip.PAGE


@pytest.mark.parametrize(("script", "names"), JSON_LD)
def test_images_of_json_ld_are_found(script, names):
    pictures = found(f"<script type=application/ld+json>{script}</script>", "meta")
    assert [one.url for one in pictures] == [f"http://site/{name}" for name in names.split()]


@pytest.mark.parametrize(("href", "is_image"), LINKS)
def test_links_to_image_files_are_told_from_others(href, is_image):
    assert bool(found(f"<a href='{href}'>x</a>", "links")) == is_image


def test_icons_are_found_when_asked_for():
    html = """
        <link rel="shortcut icon" href=1.ico><link rel=apple-touch-icon href=2.png>
        <link rel=stylesheet href=x.css><meta name=msapplication-TileImage content=3.png>
    """
    assert [one.url for one in found(html, "icons")] == [
        "http://site/1.ico",
        "http://site/2.png",
        "http://site/3.png",
    ]


def test_what_is_seen_comes_before_what_is_only_mentioned():
    html = """
        <link rel=icon href=d.png><meta property=og:image content=a.png>
        <a href=b.png>text</a><img src=c.png>
    """
    urls = [one.url[-5] for one in found(html, *reversed(Source))]
    assert urls == ["c", "a", "b", "d"]
