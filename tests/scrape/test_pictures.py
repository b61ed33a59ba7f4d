"""How what is written becomes a URL, and what is skipped with which reason."""

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scrape import Skip, find_pictures, list_pictures, pictures

URL = "http://site/folder/page?q#f"

JOINED = [
    ("a.png", "http://site/folder/a.png"),
    (" \n/a.png\t", "http://site/a.png"),
    ("//cdn/a.png", "http://cdn/a.png"),
    ("https:/a.png", "https://a.png/"),
    ("http:a.png", "http://site/folder/a.png"),
    ("\\a\\b.png", "http://site/a/b.png"),
    ("?a", "http://site/folder/page?a"),
    ("a b.png", "http://site/folder/a%20b.png"),
    ("a&#10;b.png", "http://site/folder/ab.png"),
    ("%2e%2e/a.png", "http://site/a.png"),
    ("é.png?é", "http://site/folder/%C3%A9.png?%C3%A9"),
    ("http://ÉCOLE.example:80/a.png#x", "http://xn--cole-9oa.example/a.png"),
    ("a.png#top", "http://site/folder/a.png"),
    ("https://a.example/b/../c.png", "https://a.example/c.png"),
    ("https://a--b.example/--c.png", "https://a--b.example/--c.png"),
]
BASES = [
    ("<base href=/other/>", "http://site/other/a.png"),
    ("<base href='http://cdn/x/'>", "http://cdn/x/a.png"),
    ("<base target=_top><base href=/one/><base href=/two/>", "http://site/one/a.png"),
    ("<p><base href=/late/>", "http://site/late/a.png"),
    ("<base href=''>", "http://site/folder/a.png"),
    ("<base href='http://['>", "http://site/folder/a.png"),
    ("<base href='data:text/plain,x'>", "http://site/folder/a.png"),
    ("<base href='javascript:x'>", "http://site/folder/a.png"),
    ("<!-- <base href=/comment/> -->", "http://site/folder/a.png"),
]
SKIPPED = [
    ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", Skip.DATA),
    ("<img src=' DATA:,x'>", Skip.DATA),
    ("<img width=1 height=1 src=count.gif>", Skip.PIXEL),
    ("<img width=0 height=1px src=count.gif>", Skip.PIXEL),
    ("<img style='width: 1px; height:1px' src=count.gif>", Skip.PIXEL),
    ("<img style='height:0!important;WIDTH:0' src=count.gif>", Skip.PIXEL),
    ("<img width=1 style='height:1px' src=count.gif>", Skip.PIXEL),
    ("<img style='width:1px;height:1px;min-width:0;min-height:0' src=count.gif>", Skip.PIXEL),
    ("<img style='width:1px;height:1px;MIN-width : auto' src=count.gif>", Skip.PIXEL),
    ("<img width=1 height=1 srcset='' src=count.gif>", Skip.PIXEL),
    ("<img width=1 height=1 srcset='count.gif 1x' src=count.gif>", Skip.PIXEL),
    ("<img style='position:absolute; left:-9999px' src=count.gif>", Skip.PIXEL),
    ("<img src='//stats.example/matomo.php?idsite=1&amp;rec=1'>", Skip.PIXEL),
    ("<img src='https://stats.example/a/piwik.php?idsite=1'>", Skip.PIXEL),
    ("<img src='//top-fwz1.mail.ru/counter?id=1;js=na'>", Skip.PIXEL),
    ("<img src='https://www.googleadservices.com/pagead/conversion/1/?x'>", Skip.PIXEL),
    ("<img src='https://www.facebook.com/tr?id=1&amp;ev=PageView'>", Skip.PIXEL),
    ("<img src='http://[x]/a.png'>", Skip.MALFORMED),
    ("<img src='http://site:99999/a.png'>", Skip.MALFORMED),
    (f"<img src='{'a' * 9000}'>", Skip.MALFORMED),
    ("<img src='javascript:alert(1)'>", Skip.NOT_HTTP),
    ("<img src='file:///etc/passwd'>", Skip.NOT_HTTP),
    ("<img src='blob:http://site/1'>", Skip.NOT_HTTP),
    ("<base href='ftp://site/'><img src=a.png>", Skip.NOT_HTTP),
    ("<svg><image href='#part'></svg>", Skip.PAGE),
    ("<img data-src=holder.js/300x200>", Skip.PLACEHOLDER),
]
KEPT = [
    "<img width=1 src=a.png>",
    "<img style='margin-left:-20px; left:-10px' src=a.png>",
    "<img width=1 height=100 src=a.png>",
    "<img width=0 height=0 src=a.png>",
    "<img width=1 height=1 style='width:100%;height:auto' src=a.png>",
    "<img style='max-width:1px; max-height:1px' src=a.png>",
    "<img style='width:0;height:0;min-width:100%;max-width:100%;min-height:100%' src=a.png>",
    "<img style='width:0;height:0;min-width:100%' src=a.png>",
    "<img style='min-width:0;min-height:0' width=0 height=0 src=a.png>",
    "<img width=1 height=1 srcset='a.png 300w'>",
    "<img width=1 height=1 srcset='a.png 2x, b.png' src=c.png>",
    "<img width=1 height=1 src='data:,' data-src=a.png>",
    "<img width=1 height=1 src='data:,' data-hd-src=a.png>",
    "<img width=1 height=1 src=b.gif data-full-src=a.png>",
    "<img width=1 height=1 src=b.gif data-original-url=a.png>",
    "<img src='http://[x]/' srcset='http://site/folder/a.png 1x'>",
]


def find(html, charset="utf-8"):
    return find_pictures(html.encode(charset), charset, URL)


@pytest.mark.parametrize(("written", "url"), JOINED)
def test_urls_are_joined_as_browsers_do(written, url):
    assert [one.url for one in find(f'<img src="{written}">')] == [url]


@pytest.mark.parametrize(("html", "url"), BASES)
def test_the_first_usable_base_counts(html, url):
    assert [one.url for one in find(html + "<img src=a.png>")] == [url]


@pytest.mark.parametrize(("html", "reason"), SKIPPED)
def test_a_picture_not_worth_a_request_is_skipped_with_its_reason(html, reason):
    (picture,) = find(html)
    assert (picture.skipped, picture.candidates) == (reason, ())
    assert 0 < len(picture.url) <= 300


@pytest.mark.parametrize("html", KEPT)
def test_a_doubtful_picture_is_kept(html):
    assert [one.url for one in find(html)] == ["http://site/folder/a.png"]


@pytest.mark.parametrize(
    "second",
    [
        "<img src=a.png>",
        "<img src=a.png#x>",
        "<img srcset='b.png 2x'>",
        "<p style='background:url(b.png)'>",
    ],
)
def test_the_same_picture_again_is_skipped_in_any_size(second):
    first, again = find("<img srcset='a.png 1x, b.png 2x'>" + second)
    assert (first.skipped, again.skipped) == (None, Skip.AGAIN)


@pytest.mark.parametrize("real", ["data-src={}.png", "srcset='{}.png 1x'"])
def test_what_stands_in_for_several_pictures_is_none_itself(real):
    html = "".join(f"<img src=w.gif {real.format(name)}>" for name in "ab") + "<img src=w.gif>"
    pictures = find(html)
    assert [one.candidates for one in pictures] == [
        ("http://site/folder/a.png",),
        ("http://site/folder/b.png",),
        (),
    ]
    assert pictures[2].skipped == Skip.PLACEHOLDER


def test_the_preview_of_one_picture_is_its_last_resort():
    (picture,) = find("<img src=small.jpg data-src=big.jpg>")
    assert picture.candidates == ("http://site/folder/big.jpg", "http://site/folder/small.jpg")


@pytest.mark.parametrize(
    ("body", "charset", "alt"),
    [
        ("<img src=a alt='日本'>".encode("euc-jp"), "euc-jp", "日本"),
        ("<meta charset=euc-jp><img src=a alt='日本'>".encode("euc-jp"), None, "日本"),
        ("<meta charset=ascii><img src=a alt='日本'>".encode(), "utf-8", "日本"),
        ("\ufeff<img src=a alt='日本'>".encode("utf-16-le"), "euc-jp", "日本"),
        ("<img src=a alt='日本'>".encode(), None, "日本"),
        ("<img src=a alt='é'>".encode("latin-1"), None, "é"),
        ("<img src=a alt='é'>".encode(), "no-such-encoding", "é"),
    ],
)
def test_the_encoding_is_found_as_browsers_do(body, charset, alt):
    assert [one.alt for one in find_pictures(body, charset, URL)] == [alt]


@pytest.mark.parametrize(
    ("charset", "query"), [("utf-8", "%C3%A9"), ("windows-1252", "%E9"), ("utf-16le", "%C3%A9")]
)
def test_a_query_is_encoded_as_the_page_is(charset, query):
    assert [one.url for one in find("<img src='é.png?é'>", charset)] == [
        f"http://site/folder/%C3%A9.png?{query}"
    ]


SMALL_SET = "<img src=s srcset='s 80w, l 640w'>"
MERGED = [
    ("<img src=s><p>" + SMALL_SET, ["l s"]),
    (SMALL_SET + "<img src=s>", ["l s"]),
    ("<img src=s><img src=x>" + SMALL_SET, ["l s", "x"]),
    ("<img src=s srcset='s 80w, m 320w'>" + SMALL_SET, ["l m s"]),
    # two pictures turn out to be one
    ("<img src=a><img src=b><img srcset='a 1w, b 2w, c 3w'>", ["c b a"]),
    ("<img data-src=/a><noscript><img src=b></noscript><p>x<img src=b srcset='c 2x'>", ["c a b"]),
    # on the way to one another
    ("<img srcset='a 1w, b 2w'><img srcset='c 4w, d 3w'><img srcset='b 2w, c 4w'>", ["c d b a"]),
    ("<picture><source media=print srcset='p 9w'><img src=a></picture><img src=p>", ["a p"]),
]
STAND_INS = [
    ("<img src={} srcset=spin.gif>", "{}"),
    ("<picture><source srcset=spin.gif><img src={}></picture>", "{}"),
    ("<img src=spin.gif srcset='{} 2x'>", "{}"),
    ("<img src=spin.gif data-src=./{}>", "{}"),
    ("<img src={} srcset='spin.gif 1w'>", "{}"),  # a width of one says nothing
]
NO_STAND_INS = [
    # the best of one picture is no placeholder of the others
    ("<img src=a data-src=./b><img src=a data-src=./c><img srcset='a 2w'>", "b c a"),
    ("<img src=a data-src=./b><img src=a data-src=./c><img srcset='a 1.5x'>", "b c a"),
    ("<img src=./a data-src=./b><img src=./a data-src=./c><img data-src=./a>", "b c a"),
    # a small size of both
    ("<img srcset='b 3w, a 2w'><img srcset='c 3w, a 2w'>", "a b c"),
    (
        "<p style=\"background:image-set('b' 2x,'a' 1x)\">"
        "<p style=\"background:image-set('c' 2x,'a' 1x)\">",
        "a b c",
    ),
    # phones get different pictures, the desktop one
    (
        "<picture><source media=print srcset=b><img src=a></picture>"
        "<picture><source media=print srcset=c><img src=a></picture>",
        "a b c",
    ),
]


def names(picture):
    return " ".join(url.rpartition("/")[2] for url in picture.candidates)


@pytest.mark.parametrize(("html", "pictures"), MERGED)
def test_sightings_that_share_an_address_are_one_picture_with_all_sizes(html, pictures):
    found = find(html)
    assert [names(picture) for picture in found if not picture.skipped] == pictures
    assert {picture.skipped for picture in found} <= {None, Skip.AGAIN}


@pytest.mark.parametrize(("html", "wanted"), STAND_INS)
def test_what_stands_beside_several_pictures_is_none_of_them(html, wanted):
    found = find("<img src=x>" + html.format("a.png") + html.format("b.png"))
    shown = [wanted.format("a.png"), wanted.format("b.png")]
    assert [names(picture) for picture in found] == ["x", *shown]


@pytest.mark.parametrize(("html", "wanted"), NO_STAND_INS)
def test_what_is_a_picture_by_itself_stands_in_for_none(html, wanted):
    found = {url.rpartition("/")[2] for picture in find(html) for url in picture.candidates}
    assert found == set(wanted.split())


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<a href=f.jpg><img src=s.jpg></a>", "s.jpg"),
        ("<a href=f.jpg><img src=s.jpg></a><img src=f.jpg>", "f.jpg"),
        ("<a href=f.jpg><img src=w.gif data-src=f.jpg></a>", "f.jpg"),
        ("<a href=f.jpg><img srcset='s.jpg 300w, f.jpg 900w'></a>", "f.jpg"),
        ("<a href=s.jpg><img srcset='s.jpg 300w, l.jpg 900w'></a>", "l.jpg"),
        ("<a href=s.jpg><img src=s.jpg data-src=l.jpg></a>", "l.jpg"),
        ("<img src=s.jpg data-zoom-image=f.jpg>", "s.jpg"),
        ("<img src=w.gif data-full-src=f.jpg width=1 height=1>", ""),
    ],
)
def test_the_file_behind_is_shown_if_the_page_does_so_too(html, shown):
    picture = find(html)[0]
    assert picture.shown.rpartition("/")[2] == shown


def test_a_file_behind_what_is_not_fetched_is_not_shown_by_any_other_address():
    behind, plain = find("<a href=f.jpg><img src='data:,'></a><img src=a>")
    assert (names(behind), behind.shown) == ("f.jpg", "")
    assert (names(plain), plain.shown) == ("a", "")


def test_what_no_database_takes_is_replaced():
    page = r"""<script type=application/ld+json>{"image": "data:\u0000"}</script>"""
    [found] = find_pictures(page.encode(), "utf-8", URL, ("meta",))
    assert found.written == "data:\ufffd"


def test_the_first_text_of_a_picture_counts():
    first, again = find("<img src=a><img src=a alt=text><img src=b>")[:2]
    assert (first.alt, again.skipped) == ("text", Skip.AGAIN)


def test_a_long_chain_of_shared_addresses_is_one_picture():
    chain = "".join(f"<img srcset='{n} 1w, {n + 1} 2w'>" for n in range(20_000, 0, -1))
    pictures = [picture for picture in find(chain) if not picture.skipped]
    assert len(pictures) == 1
    assert len(pictures[0].candidates) == 50


@pytest.mark.parametrize(("spare", "count"), [(0, 4), (-1, 3)])
def test_the_addresses_of_a_page_are_bounded_together(
    monkeypatch: pytest.MonkeyPatch, spare: int, count: int
) -> None:
    length = len("http://site/folder/0.png")
    monkeypatch.setattr(pictures, "MAX_URLS", 3 * length + spare)
    html = "".join(f"<img src={number}.png>" for number in range(9))

    assert len(find_pictures(html.encode(), "utf-8", URL)) == count


def test_pictures_that_share_any_of_their_sizes_are_the_same() -> None:
    html = "<img srcset='a.png 640w, s.png 80w'><img srcset='b.png 1024w, s.png 80w'>"
    found = find_pictures(html.encode(), "utf-8", URL)

    [one] = [picture for picture in found if not picture.skipped]
    assert {url.rpartition("/")[2] for url in one.candidates} == {"a.png", "b.png", "s.png"}


PIECES = [*"aB0.-_~%?=&,+;:@/", "..", "./", "/.", "//", "--", "%2e", "a.de", "0x1", "xn--"]


@given(
    st.sampled_from(["http://", "https://"]),
    st.sampled_from([".de", "de", ""]),
    st.lists(st.sampled_from(PIECES), max_size=8),
)
def test_an_absolute_address_is_what_the_url_standard_makes_of_it(scheme, end, pieces):
    written = f"{scheme}{''.join(pieces[:4])}{end}/{''.join(pieces[4:])}"
    [picture] = list_pictures([written], "http://site/page")
    try:
        assert picture.url == ada_url.join_url("http://site/page", written)
    except ValueError:
        assert picture.skipped == "malformed URL"


@pytest.mark.parametrize(
    ("charset", "written", "sent"),
    [
        ("windows-1251", "a?ж=日&c", "a?%E6=%26%2326085%3B&c"),
        ("windows-1252", "a?é/!$'()*+,;:@", "a?%E9/!$%27()*+,;:@"),
        ("windows-1252", "é?a", "%C3%A9?a"),
    ],
)
def test_a_query_is_sent_in_the_encoding_of_its_page(charset: str, written: str, sent: str) -> None:
    page = f'<img src="{written}">'.encode(charset, "xmlcharrefreplace")
    [found] = find_pictures(page, charset, "http://site/")

    assert found.url == f"http://site/{sent}"


def test_a_query_in_an_encoding_that_python_does_not_know_is_sent_in_utf_8() -> None:
    [found] = find_pictures(b"<img src='a?\xe9'>", "x-user-defined", "http://site/")

    assert found.url == "http://site/a?%EF%9F%A9"


def test_a_listed_picture_says_so_and_is_sent_in_utf_8() -> None:
    [found] = list_pictures(["a?é"], "http://site/")

    assert (found.url, found.found_in) == ("http://site/a?%C3%A9", "image_urls")


def test_an_address_may_be_as_long_as_the_longest_that_is_taken() -> None:
    longest = "/".ljust(pictures.MAX_LENGTH, "a")
    fits, longer = find_pictures(
        f"<img src={longest}><img src={longest}a>".encode(), "utf-8", "http://site/"
    )

    assert (fits.skipped, longer.skipped) == (None, Skip.MALFORMED)
