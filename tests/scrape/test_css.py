"""The backgrounds that style sheets paint on elements that are there."""

import re

import pytest

from app.scrape import Loaded, find_pictures

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
    ("p { background: image-set(url('a.png') 1x, url('b.png') 2x) }", "b.png"),
    ("p { background: -webkit-image-set(url(a.png) 1x, url(b.png) 2x) }", "b.png"),
    ("p::before { content: url(a.png) }", "a.png"),
    ("p::before { background: url(a.png); content: '' }", "a.png"),
    ("*::before { content: var(--c) } p::before { background: url(a.png) }", "a.png"),
    ("p::first-letter { background: url(a.png) }", "a.png"),
    ("p:first-line { background: url(a.png) }", "a.png"),
    ("p::marker { content: url(a.png); background: url(b.png) }", "a.png"),
    ("p { -webkit-mask-box-image: url(a.png) 30 }", "a.png"),
    ("b, .x > p:not(.y) { background: url(a.png) }", "a.png"),
    ("@media screen and (min-width: 600px) { p { background: url(a.png) } }", "a.png"),
    ("@media (max-width: 1400px) { p { background: url(a.png) } }", "a.png"),
    ("@charset 'x'; @import url(x.css); p { background: url(a.png) }", "a.png"),
    ("p { background: url(a.png)", "a.png"),
    ("<!--\np { background: url(a.png) }\n-->", "a.png"),
    ("b::after { content: '}' } p { background: url(a.png) }", "a.png"),
    ("b::after { content: '{' } p { background: url(a.png) }", "a.png"),
    ("p { background: #fff URL(\n a.png )\t50% / cover }", "a.png"),
    ('p { background: url("a b.png") }', "a%20b.png"),
    ("p { background: url(a.png) /* url(b.png) */ }", "a.png"),
    ("::-moz-nonsense { background: url(b.png) } p { background: url(a.png) }", "a.png"),
    (":root { --x: red } p { background: var(--x) url(a.png) }", "a.png"),
    # the stronger rule wins, and the style attribute over both
    ("p { background: url(a.png) } p { background: url(b.png) }", "b.png"),
    (".x p { background: url(a.png) } p { background: url(b.png) }", "a.png"),
    ("p { background: url(a.png) !important } .x p { background: url(b.png) }", "a.png"),
    ("em { background: url(b.png) }", "inline.png"),
]
# Each page paints a.png and nothing else that is on it; A and X stand for backgrounds.
PAGES = {
    "a later rule takes it away": "p{X} p{background:none} b{A}",
    "a colour takes it away": "p{X} p{background:red} b{A}",
    "a stronger one stays": "#p{A} p{background:none}",
    "importance stays": "p{A!important} #p{background:none}",
    "a longhand behind": "p{X} p{background-image:none} b{A}",
    "a size alone": "p{A} p{background-size:cover}",
    "within one block": "p{background-image:none;A}",
    "within one block, the other way": "p{X;background-image:url(a.png)}",
    "another browser's value": "p{A;background:-moz-linear-gradient(red,blue)}",
    "a mark is taken away": "p{list-style:url(x.png)} p{list-style:none} b{A}",
    "content of a pseudo-element is taken away": "p::before{X} p::before{content:none} b{A}",
    "a name that ends like another": "p{A} p{mask-content:none}",
    "layers are weaker": "p{A} @layer x{#p{X}}",
    "a later layer wins": "@layer x,y; @layer y{p{A}} @layer x{p{X}}",
    "supports": "@supports (display:grid){p{A}}",
    "supports that fails": "@supports (display:nonsense){p{X}} b{A}",
    "supports not": "@supports not (display:grid){p{X}} b{A}",
    "media within a rule": "p{@media print{X} @media screen{A}}",
    "nested by &": "div{& p{A}}",
    "nested without &": "div{p{A}}",
    "nested child": "div{> p{A} > u{X}}",
    "nested behind": "p{b &{X} div &{A}}",
    "nested compound": "p{&.c{A} &.d{X}}",
    "nested in a list": "u, div{ p, i{A} }",
    "behind a nested rule": "p{ b{color:red} A }",
    "nested thrice": "body{ div{ & p{ &#p{A} } } }",
    "var of the root": ":root{--x:url(a.png)} p{background:var(--x)}",
    "var that nobody uses": ":root{--y:url(x)} p{background:var(--x)} b{A}",
    "var from around": "div{--x:url(a.png)} p{background-image:var(--x)}",
    "the nearest var": ":root{--x:url(x)} div{--x:url(a.png)} p{background:var(--x)}",
    "case of var": ":root{--X:url(x);--x:url(a.png)} p{background:var(--x)}",
    "var in var": ":root{--x:var(--y);--y:url(a.png)} p{background:no-repeat var(--x)}",
    "var in a circle": ":root{--x:var(--y);--y:var(--x)} p{background:var(--x,url(a.png))}",
    "fallback of var": "p{background:var(--x, url(a.png))}",
    "var before the fallback": ":root{--x:url(a.png)} p{background:var(--x, url(x))}",
    "var of style": "i{--z:url(x)} p{background:var(--own)}",
    "registered": (
        "@property --x{syntax:'*';inherits:true;initial-value:url(a.png)} p{background:var(--x)}"
    ),
    "not inherited": (
        "@property --x{syntax:'*';inherits:false;initial-value:url(a.png)}"
        "div{--x:url(x)} p{background:var(--x)}"
    ),
    "types of a set": (
        "p{background:image-set('x.jxx' type('image/jxx') 3x, 'a.png' type('image/png') 2x)}"
    ),
    "density of a set": "p{background:image-set('x' 96dpi, 'a.png' 192dpi)}",
    "mask": "p{-webkit-mask:url(a.png)}",
    "mask-image": "p{mask-image:url(a.png)}",
    "mask taken away": "p{mask:url(x)} p{mask:none} b{A}",
    "border-image": "p{border-image:url(a.png) 30 round}",
    "no cross-fade": "p{background:cross-fade(url(x),url(y))} b{A}",
    "hidden": "p{display:none;X} b{A}",
    "hidden around": "div{display:none} p{X} b{A}",
    "hidden and shown": "p{display:none;A} #p{display:block}",
    "content hidden": "div{content-visibility:hidden} p{X} b{A}",
    "content hidden in itself": "p{content-visibility:hidden;A}",
    "no content before": "p::before{content:none;X} b{A}",
    "nothing said of a content before": "p::before{X} b{A}",
    "content of the element itself": "p{content:''} p::after{X} b{A}",
    "nothing drawn of what comes after": "p::after{content:'';display:none;X} b{A}",
    "braces in a string": "u{content:'}'} p{background:url('a.png')} u{content:\"{\"}",
    "keyframes": "@keyframes k{from{X}} p{A}",
    "escaped names": ".md\\:c{X} .md\\:c{background:none} b{A}",
    "var behind a comment": "p{background:var(--x)} :root{/* x */ --x:url(a.png)}",
    "var behind another image": "p{background:var(--x)} b{color:red}:root{--x:red url(a.png)}",
    "var behind the first image": "p{--x:url(x),url(x);--y: url(a.png);background:var(--y)}",
    "in capitals": "P{BACKGROUND:URL(x)} P{BACKGROUND:NONE} B{BACKGROUND:URL(a.png)}",
}
SHUT = [
    "<details><summary>s</summary><p class=x></details>",
    "<dialog><p class=x></dialog>",
    "<div hidden><p class=x></div>",
    "<div popover><p class=x></div>",
    "<div style='display: none'><p class=x></div>",
    "<p class=x style='display:none !important'>",
    "<p style='display:none;background:url(a.png)'>",
    "<div style='content-visibility:hidden'><p class=x></div>",
]
OPEN = [
    "<details open><summary>s</summary><p class=x></details>",
    "<details><summary class=x>s</summary></details>",
    "<dialog open><p class=x></dialog>",
    "<div style='display: none'><p class=x></div><script>open()</script>",
    "<div style='visibility: visible'><p class=x></div>",
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
    "@media not all and (hover) { p { background: url(a.png) } }",
    "@supports (-ms-ime-align: auto) { p { background: url(a.png) } }",
    "@media (-webkit-min-device-pixel-ratio: 2) { p { background: url(a.png) } }",
    "p { background: url(data:image/png;base64,AA==) }",
    "p { background: url() }",
    'p { background: url("") }',
    "p { background: url(a b.png) }",
    "p { background: my-url(a.png) }",
    "p { background: #url(a.png) }",
    "@media print { b::after { content: '}' } p { background: url(a.png) } }",
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


def painted_by_much(style, body):
    """Read a page whose style sheets are far larger than itself."""
    sheets = {"http://site/a.css": style, "http://site/b.css": ".unused{color:red}" * 100}
    head = "<link rel=stylesheet href=a.css><link rel=stylesheet href=b.css>"
    found = find_pictures(
        f"{head}{body}".encode(),
        None,
        "http://site/",
        load=lambda url, *_: Loaded(url, sheets[url].encode(), None) if url in sheets else None,
    )
    return [one.url.removeprefix("http://site/") for one in found]


@pytest.mark.parametrize(("style", "names"), PAINTED)
def test_a_sheet_larger_than_the_page_paints_the_same(style, names):
    expected = [name for name in names.split() if name != "inline.png"]
    assert painted_by_much(style, "<div class=x><p>text <b>x</b>") == expected


@pytest.mark.parametrize("style", UNPAINTED)
def test_a_sheet_larger_than_the_page_paints_no_more(style):
    assert painted_by_much(style, "<div class=x><p>text") == []


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize(("doctype", "names"), [("", ["a.png"]), ("<!DOCTYPE html>", [])])
def test_names_have_no_case_on_pages_without_a_doctype(count, doctype, names):
    style = ".BOX,#BOX{background:url(a.png)} .LAST{background:url(b.png)} .UNDONE{background:none}"
    style += "".join(f".x{number}{{background:url(x.png)}}" for number in range(count))
    html = f"{doctype}<style>{style}</style><p id=Box><p class=Box><p class='Last Undone'>"
    found = find_pictures(html.encode(), None, "http://site/")
    assert [one.url.removeprefix("http://site/") for one in found] == names


def test_a_background_on_many_elements_is_one_picture():
    html = "<style>li { background: url(dot.png) }</style>" + "<li>" * 1000
    assert len(find_pictures(html.encode(), None, "http://site/")) == 1


@pytest.mark.parametrize("style", PAGES.values(), ids=PAGES)
def test_only_what_wins_is_painted(style):
    body = "<body><div><p id=p class='c md:c' style='--own:url(a.png)'>x</p></div><b>x</b>"
    url = {"A": "background:url(a.png)", "X": "background:url(x)"}
    style = re.sub("(?<=[{; ])[AX](?=[;! }])", lambda sign: url[sign[0]], style)
    html = f"<style>{style}</style>{body}"
    found = [picture.url for picture in find_pictures(html.encode(), None, "http://site/")]
    assert found == ["http://site/a.png"]


@pytest.mark.parametrize("body", SHUT)
def test_what_is_hidden_for_good_paints_nothing(body):
    html = "<style>.x{background:url(a.png)}</style>" + body
    assert find_pictures(html.encode(), None, "http://site/") == []


@pytest.mark.parametrize("body", OPEN)
def test_what_is_shown_or_may_be_paints(body):
    html = "<style>.x{background:url(a.png)}</style>" + body
    assert len(find_pictures(html.encode(), None, "http://site/")) == 1


@pytest.mark.parametrize(
    ("attributes", "count"),
    [
        ("media=print", 0),
        ("media='(max-width: 600px)'", 0),
        ("media=screen", 1),
        ("type=text/x-template", 0),
        ("type=TEXT/CSS", 1),
    ],
)
def test_a_sheet_counts_where_it_applies(attributes, count):
    html = f"<style {attributes}>p{{background:url(a.png)}}</style><p>x"
    assert len(find_pictures(html.encode(), None, "http://site/")) == count


def test_a_sheet_for_browsers_without_scripts_counts_for_nothing():
    html = "<noscript><style>p{background:none}</style></noscript><p style='background:url(a.png)'>"
    assert len(find_pictures(html.encode(), None, "http://site/")) == 1


@pytest.mark.parametrize("name", ["data-setbg", "data-bg-multi", "data-background"])
def test_backgrounds_that_scripts_set_are_found(name):
    html = f"<div {name}='url(a.png), url(b.png)'>x</div><p {name}='/c.png'>"
    found = [picture.url[-5:] for picture in find_pictures(html.encode(), None, "http://site/")]
    assert found == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize(
    "attributes",
    [
        "data-bg-set='url(a.png) 2x, url(b.png) 1x | url(c.png) 3x, url(d.png) 1.5x'",
        "data-bg-multi='url(b.png), url(d.png)' data-bg-multi-hidpi='url(a.png), url(c.png)'",
    ],
)
def test_backgrounds_of_scripts_are_one_picture_in_all_their_sizes(attributes):
    found = find_pictures(f"<div {attributes}>".encode(), None, "http://site/")
    sizes = [[url[-5:] for url in picture.candidates] for picture in found]
    assert sizes == [["a.png", "b.png"], ["c.png", "d.png"]]


def test_each_of_many_rules_finds_its_elements():
    sheet = "".join(f".c{number}{{background:url({number}.png)}}" for number in range(30))
    sheet += "p .c1.d{background:url(c.png)}#d{background:url(d.png)}b{background:url(e.png)}"
    sheet += ".x\\.c2{background:url(f.png)}[title='.c3']{background:url(g.png)}"
    body = "".join(f"<p class='x c{number}'><p>" for number in range(8, 30))
    body += "<p><i class='c1 d'></i><i id=d></i><b></b><i class=x.c2></i><i title=.c3></i>"
    body += "<i class=c5></i>" * 150 + "<i class=C7></i>"
    page = f"<!DOCTYPE html><style>{sheet}</style>{body}".encode()
    names = [one.url.rpartition("/")[2] for one in find_pictures(page, None, "http://site/")]
    expected = [*range(8, 30), *"cdefg5"]
    assert names == [f"{name}.png" for name in expected]


def test_a_scope_is_the_page_among_many_rules_too():
    rules = [":scope .first", *(f".c{number}" for number in range(25))]
    style = "".join(f"{rule}{{background:url({n}.png)}}" for n, rule in enumerate(rules))
    body = "<p class=first>" + "".join(f"<p class=c{number}>" for number in range(25))
    page = f"<!DOCTYPE html><style>{style}</style>{body}".encode()
    assert len(find_pictures(page, None, "http://site/")) == 26


def test_many_rules_for_few_elements_of_a_deep_page_paint_all():
    style = "".join(f".c{number}{{background:url({number}.png)}}" for number in range(30))
    few = "".join(f"<p class=c{number}></p>" for number in range(30))
    page = f"<style>{style}</style>{'<div>' * 40}{few}{'<i>x</i>' * 50_000}".encode()
    assert len(find_pictures(page, None, "http://site/")) == 30
