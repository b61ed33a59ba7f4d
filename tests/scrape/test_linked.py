"""Style sheets that a page links or imports: which are read, and what they are relative to."""

import pytest

from app.scrape import Loaded, find_pictures
from app.scrape.linked import Kept
from app.scrape.relevance import words
from app.scrape.sheets import Text

URL = "http://site/folder/page"
A = "p{background:url(a.png)}"
FILES = {
    "http://site/folder/a.css": A,
    "http://site/css/a.css": A,
    "http://cdn/x/a.css": A,
    "http://site/folder/b.css": "p{background:url(b.png)}",
    "http://site/folder/once.css": "@import 'a.css';",
    "http://site/folder/twice.css": "/* x */ @charset 'x'; @import url(once.css);",
    "http://site/folder/thrice.css": '@import "twice.css";',
    "http://site/folder/itself.css": "@import 'itself.css'; p{background:url(a.png)}",
    "http://site/folder/semicolon.css": "@import url(http://f/css?w=1;2); p{background:url(a.png)}",
    "http://site/folder/set.css": "p{background:image-set('a.png' 1x, url(b.png) .5x)}",
    "http://site/folder/fragment.css": "p{mask:url(#m);background:url(a.png)}",
    "http://site/folder/empty.css": "p{background:url()}",
    "http://site/folder/property.css": "p{--x:url(../x.png);background:var(--y)}",
    "http://site/folder/none.css": "p{background:none}",
}
# Head, then what is found.
PAGES = [
    ("<link rel=stylesheet href=a.css>", ["/folder/a.png"]),
    ("<link rel=StyleSheet href=' /css/a.css '>", ["/css/a.png"]),
    ("<link rel='x stylesheet' href=//cdn/x/a.css#f>", ["http://cdn/x/a.png"]),
    ("<base href=/css/><link rel=stylesheet href=a.css>", ["/css/a.png"]),
    ("<link rel=stylesheet type=TEXT/css media=screen href=a.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet type=text/less href=a.css>", []),
    ("<link rel=stylesheet media=print href=a.css>", []),
    ("<link rel=stylesheet disabled href=a.css>", []),
    ("<link rel='alternate stylesheet' title=x href=a.css>", []),
    ("<link rel=stylesheet title=x href=a.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet title=x href=a.css><link rel=stylesheet title=y href=b.css>",
     ["/folder/a.png"]),
    ("<link rel=stylesheet title=x href=a.css><link rel=stylesheet href=b.css>", ["/folder/b.png"]),
    ("<link rel=preload as=style href=a.css>", []),
    ("<link rel=preload as=style onload=\"this.rel='stylesheet'\" href=a.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet media=print onload=\"this.media='all'\" href=a.css>", ["/folder/a.png"]),
    ("<noscript><link rel=stylesheet href=a.css></noscript>", ["/folder/a.png"]),
    ("<template><link rel=stylesheet href=a.css></template>", []),
    ("<style>@import url(a.css) screen;</style>", ["/folder/a.png"]),
    ("<style>@import url(a.css) print;</style>", []),
    ("<style>@import 'a.css' supports(display: grid);</style>", ["/folder/a.png"]),
    ("<style>@import 'a.css' supports(display: -ms-grid) screen;</style>", []),
    ("<style>p{color:red} @import url(a.css);</style>", []),
    ("<style>@layer{body p{background:url(x.png)}}</style>"
     "<style>@layer{p{background:url(a.png)}}</style>", ["/folder/a.png"]),
    ("<style>@layer{a{color:red}} @layer x{a{color:red}}</style>"
     "<style>@layer{p{background:url(a.png)}}</style>"
     "<style>@layer x{p{background:url(x.png)}}</style>", ["/folder/a.png"]),
    ("<style>@layer x; @import 'b.css' layer(y); @import 'a.css' layer(x);</style>",
     ["/folder/b.png"]),
    ("<style>@import 'a.css' layer; p{background:none}</style>", []),
    ("<base href=/css/><style>@import 'a.css';</style>", ["/css/a.png"]),
    ("<link rel=stylesheet href=once.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet href=twice.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet href=thrice.css>", []),
    ("<link rel=stylesheet href=itself.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet href=semicolon.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet href=missing.css>", []),
    ("<link rel=stylesheet href><link rel=stylesheet>", []),
    ("<link rel=stylesheet href=http://[>", []),
    ("<link rel=stylesheet href='data:text/css,p{background:url(a.png)}'>", []),
    ("<link rel=stylesheet href=a.css><link rel=stylesheet href=b.css>", ["/folder/b.png"]),
    ("<link rel=stylesheet href=a.css><style>p{background:none}</style>", []),
    ("<style>p{background:none}</style><link rel=stylesheet href=a.css>", ["/folder/a.png"]),
    ("<link rel=stylesheet href=a.css><link rel=stylesheet href=none.css>", []),
    ("<base href=/css/><link rel=stylesheet href=http://site/folder/set.css>",
     ["/folder/a.png"]),
    ("<base href=/css/><link rel=stylesheet href=http://site/folder/fragment.css>",
     ["/folder/a.png"]),
    ("<link rel=stylesheet href=empty.css>", []),
    # An address in a property is relative to where the property is used.
    ("<base href=/><link rel=stylesheet href=folder/property.css><style>*{--y:url(y.png)}</style>",
     ["/folder/y.png"]),
    ("<base href=/css/><link rel=stylesheet href=/folder/property.css>"
     "<style>p{background:var(--x)}</style>", ["/x.png"]),
]  # fmt: skip


def load(url: str, by: str, policy: str) -> Loaded | None:
    return Loaded(url, FILES[url].encode(), None) if url in FILES else None


@pytest.mark.parametrize(("head", "urls"), PAGES)
def test_sheets_of_a_page_paint_in_their_order(head: str, urls: list[str]) -> None:
    pictures = find_pictures(f"{head}<p>".encode(), None, URL, load=load)
    found = [picture.url for picture in pictures if not picture.skipped]
    assert found == ["http://site" + url if url[0] == "/" else url for url in urls]


def test_without_a_loader_linked_sheets_are_left_out() -> None:
    assert not find_pictures(b"<link rel=stylesheet href=a.css><p>", None, URL)


def test_a_sheet_is_loaded_once_and_sheets_of_fonts_never() -> None:
    asked = []

    def count(url: str, by: str, policy: str) -> None:
        asked.append(url)

    page = """
        <link rel=stylesheet href=a.css><link rel=stylesheet href=a.css>
        <iframe srcdoc='<link rel=stylesheet href=a.css><link rel=stylesheet href=b.css>'></iframe>
        <link rel=stylesheet href='https://fonts.googleapis.com/css?family=A'>
    """
    find_pictures(page.encode(), None, URL, load=count)
    assert asked == ["http://site/folder/a.css", "http://site/folder/b.css"]


def test_each_request_names_who_makes_it() -> None:
    asked = []

    def note(url: str, by: str, policy: str) -> Loaded | None:
        asked.append((url.rpartition("/")[2], by.rpartition("/")[2], policy))
        return load(url, by, policy)

    page = """
        <link rel=stylesheet href=once.css referrerpolicy=' origin '>
        <link rel=stylesheet href=b.css>
        <style>@import 'set.css';</style>
    """
    find_pictures(page.encode(), None, URL, load=note)
    assert asked == [
        ("once.css", "", "origin"),
        ("a.css", "once.css", ""),
        ("b.css", "", ""),
        ("set.css", "", ""),
    ]


@pytest.mark.parametrize(
    ("head", "painted"),
    [
        ("<link rel=stylesheet href=a.css>", [("a.png", "a.css")]),
        ("<link rel=stylesheet href=once.css>", [("a.png", "a.css")]),
        ("<link rel=stylesheet href=set.css>", [("a.png", "set.css"), ("b.png", "set.css")]),
        ("<style>p{background:url(a.png)}</style>", []),
        # a property is the page's where the page uses it
        ("<link rel=stylesheet href=property.css><style>p{background:var(--x)}</style>", []),
        ("<link rel=stylesheet href=property.css><style>*{--y:url(y.png)}</style>",
         [("y.png", "property.css")]),
        ("<iframe srcdoc='<link rel=stylesheet href=a.css><p>'></iframe>", [("a.png", "a.css")]),
        ("<link rel=stylesheet href=a.css><img src=a.png>", []),
    ],
)  # fmt: skip
def test_a_picture_tells_which_linked_sheet_paints_it(
    head: str, painted: list[tuple[str, str]]
) -> None:
    picture = find_pictures(f"{head}<p>".encode(), None, URL, load=load)[0]
    names = [(url.rpartition("/")[2], sheet.rpartition("/")[2]) for url, sheet in picture.painted]
    assert names == painted


def test_a_sheet_is_relative_to_where_a_redirect_ends() -> None:
    page = b"<link rel=stylesheet href=a.css><p>"
    moved = Loaded("http://cdn/y/z.css", A.encode(), None)
    assert find_pictures(page, None, URL, load=lambda *_: moved)[0].url == "http://cdn/y/a.png"


@pytest.mark.parametrize(
    ("start", "charset", "of_page", "encoding"),
    [
        (b"", None, "utf-8", "utf-8"),
        (b"", None, "windows-1251", "windows-1251"),
        (b"", "shift_jis", "windows-1251", "shift_jis"),
        (b'@charset "big5";', None, "windows-1251", "big5"),
        (b'@charset "utf-16";', None, "windows-1251", "utf-8"),
        (b'@charset "big5";', "koi8-r", None, "koi8-r"),
        (b"\xef\xbb\xbf", "koi8-r", None, "utf-8"),
        (b"\xff\xfe", "koi8-r", None, "utf-16-le"),
        (b"", "nonsense", "koi8-r", "koi8-r"),
    ],
)
def test_a_sheet_is_decoded_by_css_syntax(
    start: bytes, charset: str | None, of_page: str | None, encoding: str
) -> None:
    word = {"shift_jis": "ジ", "big5": "中"}.get(encoding, "Ж")
    sheet = start + f"p{{background:url({word}.png)}}".encode(encoding)
    page = b"<link rel=stylesheet href=a.css><p>"
    pictures = find_pictures(page, of_page, URL, load=lambda url, *_: Loaded(url, sheet, charset))
    assert pictures[0].written.endswith("/%" + word.encode().hex("%").upper() + ".png")


def test_the_same_bytes_are_not_the_same_sheet_in_another_charset() -> None:
    found = []
    for charset in ("utf-8", "cp1252", "utf-8"):
        sheet = Loaded("http://site/s.css", "p{background:url(ä.png)}".encode(), charset)
        page = b"<link rel=stylesheet href=s.css><p>"
        found += [one.url for one in find_pictures(page, None, URL, load=lambda *_, s=sheet: s)]
    assert found == [f"http://site/{name}.png" for name in ("%C3%A4", "%C3%83%C2%A4", "%C3%A4")]


def test_the_sheets_read_last_are_kept_within_bounds() -> None:
    kept = Kept(1000)

    def read(rules: int) -> object:
        return kept.of(b"p{color:red}" * rules, None, "utf-8")

    first, second = read(5), read(6)
    assert read(6) is second
    assert read(5) is first
    for rules in range(10, 15):
        read(rules)
    assert read(14) is read(14)
    assert read(5) is not first
    assert read(100) is not read(100)  # larger than all that is kept


@pytest.mark.parametrize(
    ("sheet", "is_kept"),
    [
        ("p{color:red}" * 50 + "p{background:red}", True),
        ("@media all{p{background:red}}" + "p{color:red}" * 50, True),
        ("p{background:red}" * 50, False),  # as objects, ten times as large as it is
    ],
)
def test_blocks_are_kept_of_sheets_that_have_few(sheet: str, is_kept: bool) -> None:
    text, wanted = Text(sheet), words("background", hiding=False, properties=False)
    assert text.read(wanted).blocks
    assert (text.read(wanted) is text.read(wanted)) is is_kept
