"""The backgrounds that style sheets paint on elements that are there."""

import pytest

from app.scrape import find_pictures

PAINTED = [
    ("p { background: url(a.png) }", "a.png"),
    ("p { BACKGROUND-IMAGE : URL( 'a.png' ) }", "a.png"),
    ('p { background: no-repeat url("a;b}.png") , linear-gradient(red, blue) }', "a;b%7D.png"),
    ("p { background: url(a\\20 b.png) }", "a%20b.png"),
    ("p { background: url(a.png), url(b.png) }", "a.png b.png"),
    ("p { background: url(a.png); background: url(b.png) }", "b.png"),
    ("p { list-style: url(a.png) }", "a.png"),
    ("p { border-image-source: url(a.png) }", "a.png"),
    ("p { background: image-set('a.png' 1x, url(b.png) 2x) }", "b.png"),
    ("p { background: -webkit-image-set(url(a.png) 1x, url(b.png) 2x) }", "b.png"),
    ("p::before { content: url(a.png) }", "a.png"),
    ("b, .x > p:not(.y) { background: url(a.png) }", "a.png"),
    ("@media screen and (min-width: 600px) { p { background: url(a.png) } }", "a.png"),
    ("@media (max-width: 1400px) { p { background: url(a.png) } }", "a.png"),
    ("@charset 'x'; @import url(x.css); p { background: url(a.png) }", "a.png"),
    ("p { background: url(a.png)", "a.png"),
    ("::-moz-nonsense { background: url(b.png) } p { background: url(a.png) }", "a.png"),
    # the stronger rule wins, and the style attribute over both
    ("p { background: url(a.png) } p { background: url(b.png) }", "b.png"),
    (".x p { background: url(a.png) } p { background: url(b.png) }", "a.png"),
    ("p { background: url(a.png) !important } .x p { background: url(b.png) }", "a.png"),
    ("em { background: url(b.png) }", "inline.png"),
]
UNPAINTED = [
    "b { background: url(a.png) }",
    "b; p { background: url(a.png) }",
    "p:hover { background: url(a.png) }",
    "/* p { background: url(a.png) } */",
    "p { color: red; /* background: url(a.png) */ }",
    "p { content: 'url(a.png)' }",
    "p { cursor: url(a.png) }",
    "@font-face { src: url(a.woff) }",
    "@media print { p { background: url(a.png) } }",
    "@media (max-width: 600px) { b { color: red } p { background: url(a.png) } }",
    "@media only screen and (max-width:47.9em) { p { background: url(a.png) } }",
    "@media (prefers-color-scheme: dark) { p { background: url(a.png) } }",
    "@media (-webkit-min-device-pixel-ratio: 2) { p { background: url(a.png) } }",
    "p { background: url(data:image/png;base64,AA==) }",
    "p { background: url() }",
]


def painted(style):
    html = f"<style>{style}</style><div class=x><p>text <em style='background:url(inline.png)'>"
    found = [one.url for one in find_pictures(html.encode(), None, "http://site/")]
    return [url for url in found if url != "http://site/inline.png"] or found


@pytest.mark.parametrize(("style", "names"), PAINTED)
def test_what_a_rule_paints_is_found(style, names):
    assert painted(style) == [f"http://site/{name}" for name in names.split()]


@pytest.mark.parametrize("style", UNPAINTED)
def test_what_nobody_sees_is_not_found(style):
    assert painted(style) == ["http://site/inline.png"]


def test_a_background_on_many_elements_is_one_picture():
    html = "<style>li { background: url(dot.png) }</style>" + "<li>" * 1000
    assert len(find_pictures(html.encode(), None, "http://site/")) == 1
