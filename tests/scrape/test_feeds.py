"""Feeds are read like pages."""

import sys

import pytest

from app.pictures.formats import is_feed
from app.scrape import find_pictures
from app.scrape.feeds import MAX_DEPTH, MAX_GROWTH, SMALL, page_of

SPACES = (
    "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' xmlns:g='http://base.google.com/ns'"
    " xmlns:m='http://search.yahoo.com/mrss/' xmlns:c='http://purl.org/rss/1.0/modules/content/' "
    "xmlns:media='http://search.yahoo.com/mrss/'"
    " xmlns:content='http://purl.org/rss/1.0/modules/content/'"
)
ENTRIES = [
    ("<description><![CDATA[<p><img src=a>]]></description>", "a"),
    ("<description>&lt;img src=a&gt;</description>", "a"),
    ("<content:encoded><![CDATA[<img srcset='a 1x, b 2x'>]]></content:encoded>", "b"),
    ("<content type='xhtml'><div><img src='a'/></div></content>", "a"),
    ("<summary type='html'>&lt;img src=a&gt;</summary>", "a"),
    ("<enclosure url='a' type='image/png'/>", "a"),
    ("<enclosure url='a.png'/>", "a.png"),
    ("<enclosure url='a.mp3' type='audio/mpeg'/>", ""),
    ("<link rel='enclosure' href='a' type='image/png'/><link href='b.png'/>", "a"),
    ("<link rel='http://www.iana.org/assignments/relation/enclosure' href='a.png'/>", "a.png"),
    ("<media:content url='a' medium='image'/><media:thumbnail url='b'/>", "a"),
    ("<media:content url='a b' type='image/png'/>", "a%20b"),
    ("<media:content url='a.mp4' medium='video'/><media:thumbnail url='b'/>", "b"),
    (
        "<media:group><media:content url='a' type='image/png' width='9'/>"
        "<media:content url='b' type='image/png' width='90'/></media:group>",
        "b",
    ),
    ("<description>&lt;img src=a&gt;</description><enclosure url='a' type='image/png'/>", "a"),
    ("<description>&lt;img src=a&gt;</description><enclosure url='b' type='image/png'/>", "a b"),
    ("<title>&lt;img src=a&gt;</title>", ""),
    ("<enclosure url='a.png' type='application/octet-stream'/>", "a.png"),
    ("<enclosure url='a.png' type='png'/><enclosure url='b.png' type='video/mp4'/>", "a.png"),
    ("<enclosure url='a' type=''/><link rel='enclosure' href='b.png'/>", "b.png"),
    ("<link rel='alternate' href='a.png' type='image/png'/>", ""),
    ("<media:content url='a' width='9'/><media:content url='b.mp4'/>", "a"),
    ("<media:content url='a?w=1' width='1'/><media:content url='a?w=9' width='9'/>", "a?w=9"),
    ("<media:content url='a.png' width='1'/><media:content url='b.png' width='9'/>", "a.png b.png"),
    ("<media:thumbnail url='a' width='7'/><media:thumbnail url='b' width='70'/>", "b"),
    (
        "<media:group><media:content url='a.mp4' type='video/mp4'/><media:thumbnail url='b'/>"
        "</media:group>",
        "b",
    ),
    ("<itunes:image href='a'/><enclosure url='a.mp3' type='audio/mpeg'/>", "a"),
    ("<image>/a.png</image>", "a.png"),
    ("<image><url>/a</url><title>x</title></image>", "a"),
    ("<image>a title</image><thumbnail/>", ""),
    ("<g:image_link>/a?1</g:image_link><g:additional_image_link>/b</g:additional_image_link>",
     "a?1 b"),
    ("<content type='image/png' src='a'/>", "a"),
    ("<m:content url='a' medium='image'/>", "a"),
    ("<c:encoded><![CDATA[<img src=a>]]></c:encoded>", "a"),
    ("<body xmlns='http://www.w3.org/1999/xhtml'><img src='a'/></body>", "a"),
    ("<content type='xhtml'><h:div xmlns:h='x'><h:img src='a'/></h:div></content>", "a"),
    # what is relative belongs to the nearest base
    ("<content xml:base='/x/' type='html'>&lt;img src=a srcset='/c 9w'&gt;</content>", "c"),
    ("<content xml:base='/x/' type='html'>&lt;img src=a&gt;</content>", "x/a"),
    ("<summary xml:base='/x/' type='xhtml'><div xml:base='y/'><img src='a'/></div></summary>",
     "x/a"),
    ("<enclosure xml:base='/x/' url='a.png'/>", "x/a.png"),
    ("<media:group xml:base='x/'><media:content xml:base='y/' url='a.png'/></media:group>",
     "x/y/a.png"),
    ("<a xml:base='x/y/'><content xml:base='../z/'>&lt;img src=a&gt;</content></a>", "x/z/a"),
    ("<content xml:base='http://[' type='html'>&lt;img src=a&gt;</content>", "a"),
    # what is not XML, and is there all the same
    ("<title>a &nbsp; b & c</title><enclosure url='a.png?b&c'/>", "a.png?b&c"),
    ("<a>\x0b</a><description><![CDATA[<img src='a?b&amp;c&d'>]]></description>", "a?b&c&d"),
    ("<b:x b:y='z'/><enclosure url='a.png'/>", "a.png"),
    ("<title></titel><enclosure url='a.png'/>", ""),
]  # fmt: skip


def find(xml, charset=None):
    body = xml if isinstance(xml, bytes) else xml.encode()
    pictures = find_pictures(body, charset, "http://site/feed")
    return [picture.url for picture in pictures if not picture.skipped]


@pytest.mark.parametrize("entry", ["item", "entry", "ITEM", "a:entry"])
@pytest.mark.parametrize(("content", "names"), ENTRIES)
def test_the_pictures_of_an_entry_are_found(entry, content, names):
    inner = f"<{entry}>{content}</{entry}>"
    xml = f"<?xml version='1.0'?>\n<rss {SPACES}><channel>{inner}</channel></rss>"
    assert find(xml) == [f"http://site/{name}" for name in names.split()]


RDF = "rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"


@pytest.mark.parametrize("root", ["rss version='2.0'", "feed", RDF])
def test_entries_come_in_order(root):
    entries = "".join(f"<item><enclosure url='{name}.png'/></item>" for name in "cab")
    xml = f"<{root}><image><url>logo.png</url></image>{entries}</{root.split()[0]}>"
    assert find(xml) == [f"http://site/{name}.png" for name in "cab"]


ITEM = "<item><enclosure url='a.png'/></item>"
WHOLE = [
    f"\n <?xml version='1.0'?><?xml-stylesheet href='x'?><rss>{ITEM}</rss>",
    f"<!DOCTYPE rss PUBLIC '-//x//RSS 0.91//EN' 'http://x/rss.dtd'>\n<rss>{ITEM}</rss>",
    f"<rss>{ITEM}</rss><script>1</script>",
    f"<rss><channel>{ITEM}<item><descr",
    f"<rss><channel>{ITEM}</item></rss>",
    f"<rss><item><title>a & <b></item>{ITEM}</rss>",
    f"<atom:feed>{ITEM}</atom:feed>",
    f"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>{ITEM}</r:RDF>",
    "<feed xml:base='/x/'><entry xml:base='../'><enclosure url='a.png'/></entry></feed>",
    "<urlset xmlns:i='x'><url><loc>/p</loc><i:image><i:loc>/a.png</i:loc></i:image></url></urlset>",
    '{"version":"https://jsonfeed.org/version/1.1","items":[{"image":"a.png"}]}',
    '{"title":"x", "version" : "https:\\/\\/jsonfeed.org\\/version\\/1","items":[1,{},'
    '{"content_html":"<img src=a.png>"}]}',
    '{"version":"https://jsonfeed.org/version/1","items":[{"attachments":[2,{"url":"b.mp3",'
    '"mime_type":"audio/mpeg"},{"url":"a.png","mime_type":"image/png"}],"image":3}]}',
    # the picture of the whole, where its entries have none
    "<rss><channel><image><url>/a.png</url></image><item><title>x</title></item></channel></rss>",
    "<rss xmlns:i='x'><channel><i:image href='a.png'/><item><b>x</b></item></channel></rss>",
    "<feed><logo>/a.png</logo><icon>/b.png</icon></feed>",
]


@pytest.mark.parametrize("text", WHOLE)
def test_a_feed_is_known_and_read_in_any_form(text):
    assert is_feed(text.encode())
    assert find(text) == ["http://site/a.png"]


DEEP = MAX_DEPTH + 1
HOSTILE = [
    "<content>" * DEEP + "</content>" * DEEP,
    "</item>" + "<item>" * DEEP + "</item>" * DEEP,
    "&" + "<item " * DEEP,
    "<content xml:base='a/'>" * DEEP + "</content>" * DEEP,
    "<![CDATA[" * DEEP,
]


@pytest.mark.parametrize("content", HOSTILE)
def test_what_nests_too_deep_is_left_out_and_the_others_stay(content):
    assert find(f"<rss><item>{content}</item></rss>") == []
    assert find(f"<rss>{ITEM}<item>{content}</item></rss>") == ["http://site/a.png"]


TEXT = "<b/>" + "text " * 10_000
ENCLOSED = "".join(f"<enclosure url='{n}.png'/>" for n in range(500))
SHOWN = "".join(f"<img src='{n}.png'/>" for n in range(500))
NESTED = [
    ("<item>", ENCLOSED, "</item>"),
    ("<item xml:base='a/'>", ENCLOSED, "</item>"),
    ("<item><a:entry xmlns:a='a'>", ENCLOSED, "</a:entry></item>"),
    ("<item><description>", TEXT, "</description></item>"),
    ("<entry><content xml:base='/a/'>", SHOWN, "</content></entry>"),
    ("<item>", f"<description>{TEXT}</description>", "</item>"),
    ("<item><b>", f"<summary>{TEXT}</summary>" * 2, "</b></item>"),
    ("<description><summary>", TEXT, "</summary></description>"),
    ("<description><summary>", TEXT.replace("<b/>", ""), "</summary></description>"),
    ("<content><b>", ENCLOSED + TEXT, "</b></content>"),
    ("<content type='image/png'>", f"<url>/{'a' * 50_000}</url>", "</content>"),
    ("<group><content>", ENCLOSED, "</content></group>"),
]


def nested(begin, content, end, depth):
    return f"<rss><item>{begin * depth}{content}{end * depth}</item></rss>".encode()


@pytest.mark.parametrize(("begin", "content", "end"), NESTED)
def test_what_is_nested_is_not_written_for_each_element_around_it(begin, content, end):
    body = nested(begin, content, end, 25)
    page = page_of(body, None, "http://site/feed")

    assert page is not None
    assert len(content) / 2 < len(page) < 3 * len(body)


def work(body):
    """Count the calls that reading a feed makes."""
    calls = 0

    def count(frame, event, what):
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        page_of(body, None, "http://site/feed")
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize(("begin", "content", "end"), NESTED)
def test_the_work_grows_with_the_depth_and_not_with_its_square(begin, content, end):
    less, more = (work(nested(begin, content, end, depth)) for depth in (7, 28))

    assert more < 5 * less


LONG = f"xml:base='/{'a' * 8_000}/'"
BASES = [
    f"<rss {LONG}><item>{ENCLOSED * 4}</item></rss>",
    f"<rss {LONG}>{f'<item>{ENCLOSED}</item>' * 4}</rss>",
    f"<feed {LONG}><entry><content>{SHOWN * 4}</content></entry></feed>",
    f"<feed {LONG}>{'<entry><content>&lt;img src=a></content></entry>' * 900}</feed>",
    f"<feed><entry><summary {LONG}>{'&lt;a href=a>' * 2_000}</summary></entry></feed>",
    f"<feed xml:base='/{'a' * 1_000_000}/'>{f'<entry>{ENCLOSED}</entry>' * 4}</feed>",
]


@pytest.mark.parametrize("text", BASES)
def test_a_long_base_does_not_multiply_the_feed(text):
    page = page_of(text.encode(), None, "http://site/feed")

    assert page is not None
    assert len(page) <= max(MAX_GROWTH * len(text), SMALL)


@pytest.mark.parametrize("text", ['{"version":"1.0","items":[{"image":"a.png"}]}', "<urls/>", "[]"])
def test_what_is_no_feed_is_not_read_as_one(text):
    assert not is_feed(text.encode())


@pytest.mark.parametrize("charset", [None, "iso-8859-1"])
def test_the_encoding_is_that_of_the_header_or_the_declaration(charset):
    declared = "" if charset else " encoding='iso-8859-1'"
    xml = f"<?xml version='1.0'{declared}?><rss><item><enclosure url='é.png'/></item></rss>"
    assert find(xml.encode("iso-8859-1"), charset) == ["http://site/%C3%A9.png"]


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"


@pytest.mark.parametrize(
    "xml",
    [
        "<rss>",
        "<rss><item>",
        "<feed><entry>&nope;</entry></feed>",
        f"<rss>{BOMB}</rss>",
        "<rss></x>",
    ],
)
def test_a_broken_feed_has_no_pictures(xml):
    assert find(xml) == []


def test_what_entries_say_of_their_encoding_does_not_count() -> None:
    entry = "<item><description>&lt;meta charset=euc-jp>&lt;img src=a alt=é></description></item>"
    [picture] = find_pictures(f"<rss>{entry}</rss>".encode(), None, "http://site/feed")

    assert picture.alt == "é"
