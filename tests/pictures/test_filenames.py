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
    ("title", "expected"),
    [
        ("Parks of Munich", "Parks-of-Munich-2026-11-20.zip"),
        ("../../etc/passwd", "etc-passwd-2026-11-20.zip"),
        ("公园 | 慕尼黑", "公园-慕尼黑-2026-11-20.zip"),
        ("x" * 300, f"{'x' * 105}-2026-11-20.zip"),
        ("???", "example.com-2026-11-20.zip"),
        ("", "example.com-2026-11-20.zip"),
        (None, "example.com-2026-11-20.zip"),
    ],
)
def test_an_archive_has_the_title_of_its_page_where_there_is_one(
    title: str | None, expected: str
) -> None:
    made_at = datetime(2026, 11, 20, tzinfo=UTC)

    assert filenames.archive_name("https://example.com/", made_at, title) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/a/sunset.jpg?size=large", "sunset.png"),
        ("https://example.com/", "image.png"),
        ("https://example.com/%E5%86%99%E7%9C%9F.jpg", "写真.png"),
        ("https://example.com/Con.jpg", "image-Con.png"),
        ("https://example.com/aux.tar.gz", "image-aux.tar.png"),
        ("https://example.com/console.jpg", "console.png"),
        ("https://example.com/%E2%80%AEgnp%22%0d%0a.exe", "gnp.png"),
    ],
)
def test_a_picture_is_named_as_its_origin_did_and_after_what_it_is(url: str, expected: str) -> None:
    assert filenames.image_name(url, "png") == expected


VALUES = {
    "position": "007",
    "name": "sunset",
    "alt": "The sun, at last",
    "site": "example.com",
    "title": "A/B: a page",
    "id": "01a1f882-94ec-7569-8cff-cd211d2c85f9",
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{position}-{name}", "007-sunset.jpg"),
        ("{name}", "sunset.jpg"),
        ("{site} {title} {position}", "example.com A-B-a-page 007.jpg"),
        ("my_{alt}", "my_The-sun-at-last.jpg"),
        ("{id}", f"{VALUES['id']}.jpg"),
        ("..{name}-", "sunset.jpg"),
        ("con", "image-con.jpg"),
        ("com\u00b9", "image-com\u00b9.jpg"),
        ("Ünï {name}", "Ünï sunset.jpg"),
        (" ", "image.jpg"),
    ],
)
def test_a_pattern_makes_names(pattern: str, expected: str) -> None:
    filenames.check_pattern(pattern)
    assert list(filenames.pattern_names(pattern, [(VALUES, "jpg")])) == [expected]


@pytest.mark.parametrize(
    "pattern",
    [
        *("{nam}", "{}", "{name:03}", "{position!r}", "{name.__class__}", "{{name}}", "{name"),
        *("name}", "a/{name}", "..\\{name}", "a:b", "{name}?", "\0", "a\nb", "\u202e", "\ud800"),
    ],
)
def test_a_pattern_that_makes_no_names_is_refused_with_the_words_there_are(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\{position\}, \{name\}, \{alt\}"):
        filenames.check_pattern(pattern)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IMG_1234.JPG", "IMG_1234"),
        ("a.heif", "a"),
        ("v1.2", "v1.2"),
        ("png", "png"),
        (".png", ""),
        ("", ""),
    ],
)
def test_a_text_that_names_a_file_loses_its_ending(text: str, expected: str) -> None:
    assert filenames.without_ending(text) == expected


def test_names_by_a_pattern_are_unique_without_regard_to_case() -> None:
    names = ["a", "A", "a-2", "b", "A", "\u0130", "i\u0307"]
    pictures = [({**VALUES, "name": name}, "jpg") for name in names]

    got = list(filenames.pattern_names("{name}", pictures))

    assert got[:5] == ["a.jpg", "A-2.jpg", "a-2-2.jpg", "b.jpg", "A-3.jpg"]
    assert len({name.casefold() for name in got}) == len(names)


LONG = st.text(max_size=400)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*(f"{{{word}}}" for word in filenames.WORDS), "-", "a.", " "])),
    st.lists(st.tuples(LONG, LONG, LONG, LONG), max_size=4),
)
def test_no_page_makes_an_unsafe_name_by_a_pattern(
    pattern: list[str], pages: list[tuple[str, ...]]
) -> None:
    pictures = [
        ({**VALUES, **dict(zip(("name", "alt", "site", "title"), page, strict=True))}, "jpg")
        for page in pages
    ]
    names = list(filenames.pattern_names("".join(pattern), pictures))

    assert len({name.casefold() for name in names}) == len(pages)
    for name in names:
        assert len(name.encode()) <= filenames.MAX_NAME_BYTES
        assert name.isprintable()
        assert not set(name) & set('/\\:*?"<>|')
        assert name[0] not in "-. "


def test_of_what_is_long_position_and_id_stay_whole() -> None:
    long = {**VALUES, "alt": "x" * 300, "title": "ü" * 300}
    [name] = filenames.pattern_names("{alt}-{title}-{position}-{id}", [(long, "jpeg")])

    assert name.endswith(f"-007-{VALUES['id']}.jpeg")
    assert 110 < len(name.encode()) <= filenames.MAX_NAME_BYTES


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
