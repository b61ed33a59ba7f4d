"""The title of a page, as it is shown and stored."""

import pytest

from app.scrape import title_of
from app.scrape.titles import MAX_TITLE


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<title>Parks</title>", "Parks"),
        ("<title>\n  Parks \t of&nbsp; Munich\r\n</title>", "Parks of Munich"),
        ("<title>A &amp; B &lt;c&gt;</title>", "A & B <c>"),
        ("<title>First</title><title>Second</title>", "First"),
        ("<body><p>x</p><title>In the body</title>", "In the body"),
        ("<svg><title>A drawing</title></svg><title>Page</title>", "Page"),
        ("<svg><title>A drawing</title></svg>", None),
        ("<template><title>Never</title></template>", None),
        ("<title></title>", None),
        ("<title> \u200b\u202e </title>", None),
        ("", None),
        ("<title>a\u202egnp.exe\u2066\u200f\u061c</title>", "agnp.exe"),
        ("<title>a\x00b\x07c\x1b[31m\x85d\ufeff\ue000</title>", "a\ufffdb c [31m d"),
        ("<title>\u0645\u06cc\u200c\u062e</title>", "\u0645\u06cc\u200c\u062e"),
        ("<title>\U0001f469\u200d\U0001f52c at work</title>", "\U0001f469\u200d\U0001f52c at work"),
        (f"<title>{'x' * 5000}</title>", "x" * MAX_TITLE),
        (f"<title>{' ' * 200}{'x ' * 5000}</title>", ("x " * (MAX_TITLE // 2)).rstrip()),
    ],
)
def test_it_is_one_line_that_turns_nothing(html: str, title: str | None) -> None:
    assert title_of(html.encode(), None) == title


def test_it_is_read_in_the_encoding_of_the_page() -> None:
    for html in (
        "<meta charset=koi8-r><title>Парки</title>",
        "<title>Парки</title><meta charset=koi8-r>",
    ):
        assert title_of(html.encode("koi8-r"), None) == "Парки"
    assert title_of("<title>Парки</title>".encode("koi8-r"), "koi8-r") == "Парки"


@pytest.mark.parametrize(
    "feed",
    [
        "<rss><channel><title>News &amp; more</title><item><title>One</title></item></channel>"
        "</rss>",
        "<rss><channel><title><![CDATA[News & more]]></title></channel></rss>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>News &amp; more</title>"
        "<entry><title>One</title></entry></feed>",
    ],
)
def test_a_feed_has_one_too(feed: str) -> None:
    assert title_of(feed.encode(), None) == "News & more"
