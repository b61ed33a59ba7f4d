"""Hostile pages cost little, and random ones never break the scraper."""

import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pictures.sources import Source
from app.scrape import find_pictures

CPU_SECONDS = 30  # what takes three at worst; a stall would take minutes
MEMORY = 1 << 30  # address space, of which the interpreter's libraries take the half

IMAGE = "b'<img src=/deep.png>'"
OPEN = "b'<p>' + b''.join(b'<b a%d>' % n for n in range(400)) + b'<p>x' * 100_000"
PAGES = {
    "what elements say that they show": (
        "b'<style>p{background:' + b','.join(b'url(%d)' % n for n in range(20_000))"
        " + b'}</style><p>' + b'<b app-painting=1></b>' * 20_000"
    ),
    "strings within each other": (
        "b'<style>p{background:image-set(' + b'url(\"a\" ' * 100_000 + b'</style><p>'"
    ),
    "nested": "b'<div>' * 100_000",
    "nested formatting": "b'<b><p>' * 100_000",
    "open formatting": f"{OPEN}",
    "open formatting in UTF-16": f"b'\\xff\\xfe' + ({OPEN} + {IMAGE}).decode().encode('utf-16-le')",
    "open formatting behind escapes": (
        f"b'<meta charset=iso-2022-jp>' + ({OPEN}).replace(b'<b', b'<\\x1b(Bb')"
    ),
    "open formatting that two-byte characters seem to end": (
        "b'<meta charset=iso-2022-jp><p>'"
        " + b''.join(b'<b a%d>\\x1b$B</b>\\x1b(B' % n for n in range(400)) + b'<p>x' * 100_000"
    ),
    "open formatting in a feed": (
        f"b'<rss><item><description><![CDATA[' + {IMAGE} + {OPEN}"
        " + b']]></description></item></rss>'"
    ),
    "open formatting behind a late encoding": (
        f"b'<p>' * 2_000 + b'<meta charset=iso-2022-jp>' + ({OPEN}).replace(b'<b', b'<\\x1b(Bb')"
    ),
    "attributes of what is open": (
        "b'<b ' + b' '.join(b'a%d' % n for n in range(10_000)) + b'>' + b'<p>x' * 500_000"
    ),
    "attributes of an open link": (
        "b'<a ' + b' '.join(b'a%d=\">\"' % n for n in range(5_000)) + b'>' + b'<p>x' * 500_000"
    ),
    "attributes of what is open behind a comment": (
        "b'<p><!--<b 1 2 3 4 5=\"--><b ' + b' '.join(b'a%d' % n for n in range(10_000)) + b'>\"'"
        " + b'<p>x' * 500_000"
    ),
    "open formatting in frames": (
        "(b'<iframe srcdoc=\"' + b''.join(b'&lt;b a%d>' % n for n in range(100))"
        " + b'&lt;p>x' * 19_000 + b'\"></iframe>') * 50"
    ),
    "one root again and again": "b''.join(b'<html a%d>' % n for n in range(500_000))",
    "one root of many attributes": (
        "b''.join(b'<body ' + b' '.join(b'%c%d' % (c, n) for n in range(300_000)) + b'>'"
        " for c in b'ab')"
    ),
    "one root in a feed": (
        "b'<rss xml:base=\"/a\"><item><description>&lt;img src=/deep.png>'"
        " + b''.join(b'&lt;html a%d>' % n for n in range(600_000))"
        " + b'</description></item></rss>'"
    ),
    "bases of a feed": (
        "b'<feed><entry><content>&lt;img src=/deep.png></content></entry>' + (b'<entry>'"
        " + b'<d xml:base=\"a/\">' * 50 + b'<content url=\"a.png\"/>' * 5_000 + b'</d>' * 50"
        " + b'</entry>') * 75 + b'</feed>'"
    ),
    "unended tags in each other": "(b'<b ' * 60 + b'>') * 9_000",
    "tags in a value": "b'<b/a=' * 500_000 + b'>'",
    "tags behind four attributes": "b'<b/a/a/a/a=' * 500_000 + b'>'",
    "nested pictures": "b'<picture>' * 100_000",
    "nested noscript": "b'<p><noscript>' * 100_000",
    "attributes": "b'<p ' + b' '.join(b'a%d=1' % n for n in range(100_000)) + b'>'",
    "angles": "b'<' * 500_000",
    "ampersands": "b'&' * 500_000",
    "prose": "b'<p>Lorem ipsum <a href=/x>dolor</a> sit amet, consectetur.</p>' * 160_000",
    "dashes in a sheet": "b'<style>p{background:url(x);' + b'-' * 2_000_000 + b'</style>'",
    "names of properties": "b'<style>p{background:url(x);' + b'--a ' * 500_000 + b'</style>'",
    "alternative text": "b'<img alt=\"' + b'x' * 10_000_000 + b'\">'",
    "data": "b'<img src=\"data:,' + b'x' * 10_000_000 + b'\">'",
    "candidates": "b'<img srcset=\"' + b'a 1x,' * 2_000_000 + b'\">'",
    "parentheses": "b'<img srcset=\"' + b'a (' * 3_000_000 + b'\">'",
    "descriptors": "b'<img srcset=\"a ' + b'1w ' * 3_000_000 + b'\">'",
    "functions": "b'<p style=\"background:' + b'f(' * 5_000_000 + b'url(a)\">'",
    "rules": "b'<style>' + b'p{background:url(a)}' * 250_000 + b'</style>' + b'<p>x' * 500_000",
    "selectors": "b'<style>' + b'a,' * 5_000_000 + b'a{background:url(a)}</style>'",
    "descendants": "b'<style>' + b'a ' * 5_000_000 + b'{background:url(a)}</style>'",
    "unclosed rule": "b'<style>' + b'p{background:url(' * 500_000 + b'</style>'",
    "addresses without a rule": "b'<style>' + b'url(' * 2_500_000 + b'</style>'",
    "unclosed media": "b'<style>' + b'@media ' * 1_500_000 + b'url(</style>'",
    "unclosed comments": "b'<style>' + b'/*/' * 3_000_000 + b'url(</style>'",
    "nested rules": "b'<style>' + b'p{background:url(a);' * 500_000 + b'</style><p>'",
    "nested selectors": "b'<style>' + b'p,&,& &{' * 300_000 + b'background:url(a)</style><p>'",
    "open strings": "b'<style>p{background:url(a)}' + b'\"{' * 3_000_000 + b'</style><p>'",
    "conditions": "b'<style>@media ' + b'(' * 5_000_000 + b'{p{background:url(a)}}</style><p>'",
    "media of sources": (
        "b'<picture>' + b''.join(b'<source media=\"(width>%dpx)\" srcset=a>' % n"
        " for n in range(20_000)) + b'<img src=a></picture>'"
    ),
    "alternatives": "b'<p data-bgset=\"./ ' + b' [ ' * 2_000_000 + b' | ' * 1_000_000 + b'\">'",
    "addresses and a property": (
        "b'<style>p{color:var(--x)}' + b'--url(' * 1_500_000 + b'</style><p>'"
    ),
    "properties": (
        "b'<style>' + b''.join(b'p{--p%d:url(a) ' % n + b'var(--p%d)' % (n + 1) * 1_000 + b'}'"
        " for n in range(500)) + b'p{background:var(--p0)}</style>' + b'<p>' * 20_000"
    ),
    "properties of many": (
        "b'<style>' + b'p{--p:url(a);background:var(--p)}' * 100_000 + b'</style>'"
        " + b'<p>' * 100_000"
    ),
    "many images of many": (
        "b'<style>p{--p:url(a);background:' + b'url(a),' * 10_000 + b'url(a)!important}</style>'"
        " + b'<p style=\"background:url(b)\">' * 5_000"
    ),
    "taken away": (
        "b'<style>' + b'div p{background:url(a)}' * 5_000 + b'div div p{background:none}' * 50_000"
        " + b'</style>' + b'<div>' * 400 + b'<p></p>' * 50_000"
    ),
    "rules for what is deep": (
        "b'<style>' + b''.join(b'.x.y%d .a{background:url(a)}' % n for n in range(600))"
        " + b'</style>'"
        " + (b'<div class=\"x a\">' * 500 + b'</div>' * 500) * 60"
    ),
    "hidden deep": (
        "b'<style>' + b'div{display:none}' * 20_000 + b'</style>' + b'<div>' * 500"
        " + b'<i style=\"background:url(a)\"></i>' * 20_000"
    ),
    "blanks in an import": (
        "b'<style>' + (b\"@import 'a'\" + b' ' * 100_000 + b'{}') + b'</style>'"
        " + b'<style>@import url(' + b' ' * 100_000 + b'{}</style>'"
    ),
    "blanks in a style": "b'<img src=b width=1 style=\"width:x' + b' ' * 1_000_000 + b'x;\">'",
    "blanks of a layer": "b'<style>p{background:url(a)}@layer' + b' ' * 1_000_000 + b'</style>'",
    "open layers": "b'<style>p{background:url(a)}' + b'@layer ' * 500_000 + b'</style>'",
    "slashes": "b'<a data-full=\"' + b'/' * 1_000_000 + b' x\"><img src=a></a>'",
    "blanks in queries": (
        "b''.join(b'<style media=\"(width < %dx' % n + b' ' * 1_900 + b'=)\">p{background:url(a)}'"
        " b'</style>' for n in range(500))"
    ),
    "frames": "b'<iframe srcdoc=\"' + b'&lt;img src=a&gt;' * 1_000 + b'\"></iframe>' * 1_000",
    "links": "b'<a href=a.png>' + b'<img src=a>' * 25_000",
    "addresses": "b'<img ' + b' '.join(b'data-%d-src=/a.png' % n for n in range(100_000)) + b'>'",
    "quotes": "b'<style>p{background:url(' + b'\"\\n' * 3_000_000 + b'</style>'",
    "looking around": (
        "b'<style>' + b':has(:not(p) ~ b){background:url(a)}' * 10_000 + b'</style>'"
        " + b'<div>' * 500 + b'<b></b>' * 50_000"
    ),
}


# Reads a page's expression a line and answers how its own process for that page ended.
READER = f"""
import os, resource, sys
from app.scrape import find_pictures
for line in sys.stdin:
    if not (child := os.fork()):
        resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
        resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
        pictures = find_pictures(eval(line) + {IMAGE}, None, 'http://site/')
        assert any(one.url == 'http://site/deep.png' for one in pictures)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def reader():
    root = Path(__file__).parents[2]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", READER], cwd=root, text=True, **pipes) as reader:
        yield reader


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_hostile_page_costs_little_and_its_picture_is_found(reader, page):
    reader.stdin.write(f"{page}\n")
    reader.stdin.flush()
    assert reader.stdout.readline() == "0\n"


@pytest.mark.parametrize("unit", ["<img src={}>", "<p style='background:url({})'>", "<p>{}"])
def test_the_output_is_bounded(unit):
    html = "".join(unit.format(n) for n in range(100_000))
    assert len(find_pictures(html.encode(), None, "http://site/")) <= 30_000


def test_nothing_long_of_a_page_is_kept():
    sheets = "".join(f"<style media='{'x' * 200_000}{n}'></style>" for n in range(20))
    styles = "".join(f"<p style='background:url({'x' * 200_000}{n}.png)'>" for n in range(20))
    find_pictures(b"<img src=a.png>", None, "http://site/")
    tracemalloc.start()
    find_pictures((sheets + styles).encode(), None, "http://site/")
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000


WORDS = """
    <img <picture> <source <noscript> </noscript> <style> </style> <svg> <image <base <template>
    src= srcset= data-src= data-bg= style= href= poster= " ' > < = / , ( ) { } ; : # . @media
    background:url( image-set( url("a") p{ * ::before 1x 9w data:, http:// [ ] \\ \x00 é \ufeff
    <meta charset=utf-16> <script type=application/ld+json> {"image": </script> <a <!-- --> &#0;
"""
FRAGMENTS = st.lists(st.sampled_from(WORDS.split()), max_size=60)


@settings(max_examples=300, deadline=None)
@given(
    body=st.one_of(st.binary(max_size=300), FRAGMENTS.map(" ".join).map(str.encode)),
    charset=st.sampled_from([None, "utf-8", "utf-16le", "shift_jis", "replacement", "x", ""]),
    url=st.sampled_from(["http://site/", "http://site/é?#"]),
)
def test_any_bytes_give_a_list(body, charset, url):
    for picture in find_pictures(body, charset, url, tuple(Source)):
        assert bool(picture.candidates) == (picture.skipped is None)
        assert all(one.startswith(("http://", "https://")) for one in picture.candidates)
        assert len(picture.candidates) <= 200
