"""Names that are given out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pictures import filenames


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/sunset.jpg", "001-sunset.png"),
        ("/a/sunset.jpg?size=large#top", "001-sunset.png"),
        ("/a/sun%20set.jpeg", "001-sun-set.png"),
        ("/a/", "001-a.png"),
        ("/", "001.png"),
        ("", "001.png"),
        ("/..%2f..%2fetc%2fpasswd", "001-passwd.png"),
        ("/.htaccess", "001-htaccess.png"),
        ("/a.tar.gz", "001-a.tar.png"),
        ("/%00%0d%0a%22.png", "001.png"),
        ("/C%3A%5CWindows%5Ccon.png", "001-C-Windows-con.png"),
        ("/%D7%A9%D7%9C%D7%95%D7%9D.png", "001-שלום.png"),
        ("/%E2%80%AEgnp.exe", "001-gnp.png"),
        ("/%FF%FE.png", "001.png"),
        ("/e%CC%81t%C3%A9.png", "001-été.png"),
    ],
)
def test_a_name_is_the_place_and_what_is_safe_of_the_url(path: str, expected: str) -> None:
    assert filenames.member_name(1, 3, f"https://example.com{path}", "png") == expected


def test_the_place_has_as_many_digits_as_the_last_one() -> None:
    assert filenames.member_name(7, 4, "https://a/x", "gif") == "0007-x.gif"


@settings(deadline=None)
@given(st.text(), st.integers(1, 10_000))
def test_every_name_is_safe_on_every_file_system(path: str, position: int) -> None:
    name = filenames.member_name(position, 3, "https://a/" + path, "jpg")

    assert len(name.encode()) <= filenames.MAX_NAME_BYTES
    assert name.startswith(f"{position:03}")
    assert name.endswith(".jpg")
    assert not set(name) & set('/\\:*?"<>|\0\r\n\t ')
    assert name.isprintable()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/", "example.com-2026-11-20.zip"),
        ("https://example.com/parks/a.html?b#c", "example.com-a-2026-11-20.zip"),
        ("https://xn--mnchen-3ya.example/%C3%84", "münchen.example-Ä-2026-11-20.zip"),
        ("https://xn--zz--/%2e%2e%2f", "xn--zz-2026-11-20.zip"),
        ("https://example.com/%E2%80%AEgnp%22%0d%0a", "example.com-gnp-2026-11-20.zip"),
        ("https://EXAMPLE.com:8080/", "example.com-2026-11-20.zip"),
        ("http://[2001:db8::1]/", "2001-db8-1-2026-11-20.zip"),
        ("http://bücher.example/Ä", "bücher.example-Ä-2026-11-20.zip"),
        ("http://BÜCHER.example/", "bücher.example-2026-11-20.zip"),
        ("http://\uff4cocalhost/", "localhost-2026-11-20.zip"),
        ("http://faß.example/", "faß.example-2026-11-20.zip"),
        ("http://例え。テスト/", "例え.テスト-2026-11-20.zip"),
        ("http://xn--a/", "xn--a-2026-11-20.zip"),
        ("http://[/", "images-2026-11-20.zip"),
    ],
)
def test_an_archive_is_named_after_its_page_and_day(url: str, expected: str) -> None:
    assert filenames.archive_name(url, datetime(2026, 11, 20, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/a/sunset.jpg?size=large", "sunset.png"),
        ("https://example.com/", "image.png"),
        ("https://example.com/%E5%86%99%E7%9C%9F.jpg", "写真.png"),
        ("https://example.com/%E2%80%AEgnp%22%0d%0a.exe", "gnp.png"),
    ],
)
def test_a_picture_is_named_as_its_origin_did_and_after_what_it_is(url: str, expected: str) -> None:
    assert filenames.image_name(url, "png") == expected


@settings(deadline=None)
@given(st.text())
def test_no_url_makes_the_naming_fail(host: str) -> None:
    for url in host, f"http://{host}/":
        assert filenames.image_name(url, "jpg").endswith(".jpg")
        assert filenames.archive_name(url, datetime(2026, 11, 20, tzinfo=UTC)).endswith(".zip")
        assert filenames.member_name(1, 3, url, "jpg").startswith("001")


@settings(deadline=None)
@given(st.text())
def test_no_name_is_longer_than_file_systems_take(path: str) -> None:
    for name in (
        filenames.image_name("https://a/" + path, "jpg"),
        filenames.archive_name("https://a/" + path, datetime(2026, 11, 20, tzinfo=UTC)),
    ):
        assert len(name.encode()) <= filenames.MAX_NAME_BYTES
        assert name.isprintable()
        assert not set(name) & set('/\\:*?"<>|')
