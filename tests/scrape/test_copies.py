"""A page whose tree would be far larger than it is gets other names; no other page does."""

import pytest
import turbohtml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.scrape import copies, find_pictures

ROWS = 3_000
WRITTEN = [
    '<i class="icon"></i> <b>name</b> <code>f()</code>',
    "<font color=red><p>text<br>text</p></font>",
    "<b><table><tr><td>1</td><td>2</td></tr></table></b>",
    "<code>a<!-- b --><span class='c'>d</span></code><p>",
    "<B><a href=/x>1</A></B>",
]


@pytest.mark.parametrize("row", WRITTEN)
def test_elements_that_are_ended_keep_their_names_however_many_they_are(row):
    page = (row * ROWS).encode()
    assert copies.without_copies(page) == page


def test_a_rule_for_elements_that_a_page_has_thousands_of_applies():
    rows = f"<tr><td>{WRITTEN[0]}</td></tr>" * ROWS
    page = f"<style>i.icon{{background:url(a.png)}}</style><table>{rows}</table>"
    assert [one.url for one in find_pictures(page.encode(), None, "http://site/")] == [
        "http://site/a.png"
    ]


def test_a_link_of_a_large_page_may_have_some_attributes():
    link = "<a " + " ".join(f'data-{number}="a > b"' for number in range(30)) + ">x</a>"
    page = (link * 100 + "<p>text</p>" * 100_000).encode()
    assert copies.without_copies(page) == page


@pytest.mark.parametrize(
    "open_element",
    [
        "<b {0}>",
        "<b {0}><!-- </b> -->",
        "<b {0}><p title='</b>'></p>",
        "<b {0}><object></b></object>",
        "<b {0}><svg><desc></b></desc></svg>",
        "<b {0}><script></b></script>",
        "<b {0}><div><div><div><div><div><div><div><div><div></b>",
    ],
)
def test_what_ends_nothing_is_no_end(open_element):
    page = "".join(map(open_element.format, range(100))) + "<p>x" * 20_000
    assert b"<x 0>" in copies.without_copies(page.encode())


@pytest.mark.parametrize("tag", ['<b x{0}=">">', '<b x{0}="a<b">', "<b =a{0}>", "<b x{0} y= z>"])
def test_a_tag_that_is_hard_to_read_is_open(tag):
    page = "".join(map(tag.format, range(400))) + "<p>x" * 5_000
    assert b"<x " in copies.without_copies(page.encode())


@pytest.mark.parametrize(
    "tag", ['<b a=<b="{}">', '<b a=y<b="{}">', '<a a=<b="{}">', "<i {}>", '<nobr a"=b {}>']
)
def test_all_attributes_of_a_tag_count(tag):
    """As many as the parser finds: an angle or a quote within a value without quotes is a part."""
    page = tag.format(" ".join(f"x{number}" for number in range(3_000))) + "<p>x" * 20_000
    assert b"<x" in copies.without_copies(page.encode())


@pytest.mark.parametrize("around", ['<!--<b 1 2 3 4="-->{}"', "<script><b 1 2 3 4='</script>{}'"])
@pytest.mark.parametrize("name", ["a", "b"])
def test_attributes_of_a_tag_count_though_it_stands_in_what_looks_like_one(around, name):
    tag = f"<{name} {' '.join(f'x{number}' for number in range(3_000))}>"
    page = f"<p>{around.format(tag)}" + "<p>x" * 20_000
    assert b"<x x0 " in copies.without_copies(page.encode())


@pytest.mark.parametrize("tag", ["<a =", "<b/a=", "<u a b c d e=f"])
def test_a_tag_that_goes_on_and_on_is_not_read_again_from_each_place(tag):
    """It takes a tenth of a second; to read it to its end from each tag within it, minutes."""
    page = b"<p>" + tag.encode() * 100_000 + b">"
    assert b"<x" in copies.without_copies(page)


def test_roots_with_few_attributes_each_have_many_together():
    def page(roots):
        return "".join(
            f"<body {' '.join(f'x{root}-{number}' for number in range(128))}>"
            for root in range(roots)
        ).encode()

    assert copies.without_copies(page(50)) == page(50)
    assert b"<xody " in copies.without_copies(page(500))


PIECES = """
    <b> </b> <i> </i> <a> </a> <nobr> </nobr> <font> </font> <p> </p> <div> </div> <table> </table>
    <tr> </tr> <td> </td> <caption> <svg> </svg> <desc> </desc> <object> </object> <select>
    </select> <template> </template> <!-- --> <p_title=" "> <li> </li> <h1> </h1> <h2> </h2>
    <b_a="1"> <button> </button> <span> </span> x <br> </br> <math> <mi> <style> </style>
    <textarea> </textarea> <script> </script> <xmp> </xmp> <!--_<!-- <noscript>
    </noscript> <colgroup> </caption> </mi> </math> <plaintext> <applet> </applet>
    <b_x=">"> <i_y=_z> <b_=a> <i_x="a<b"> <frameset> <dl> <dt> </dt> <title> </title> <ul> </ul>
"""


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES.split()), max_size=40).map("".join))
def test_never_more_elements_are_open_than_counted(markup):
    markup = markup.replace("_", " ")
    document = turbohtml.parse(f"{markup}<p>\N{SNOWMAN}")
    around = [
        element
        for element in document.select("b, i, nobr, font")
        if "\N{SNOWMAN}" in element.text and not element.closest("svg, math")
    ]
    assert len(around) <= list(copies._opened(markup.encode()))[-1]
