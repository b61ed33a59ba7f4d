"""Feeds are read like pages."""

import pytest

from app.scrape import find_pictures

SPACES = (
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
]


def find(xml, charset=None):
    body = xml if isinstance(xml, bytes) else xml.encode()
    pictures = find_pictures(body, charset, "http://site/feed")
    return [picture.url for picture in pictures if not picture.skipped]


@pytest.mark.parametrize("entry", ["item", "entry"])
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
