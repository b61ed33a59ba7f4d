"""The cases of web-platform-tests, parse-a-srcset-attribute.html, and what we do beyond."""

import pytest

from app.scrape.srcset import Candidate, parse

A, B, C = "data:,a", "data:,b", "data:,c"

SPLITTING = [
    ("", None),
    (",", None),
    (",,,", None),
    ("  data:,a  1x  ", A),
    *((f"{space * 2}data:,a{space * 2}1x{space * 2}", A) for space in "\t\n\f\r"),
    *((f"{c * 2}data:,a{c * 2}1x", f"{c * 2}data:,a{c * 2}1x") for c in "\x0b\x0e\x0f\x10"),
    ("data:,a", A),
    ("data:,a ", A),
    ("data:,a ,", A),
    ("data:,a,", A),
    ("data:,a, ", A),
    ("data:,a,,,", A),
    ("data:,a,, , ", A),
    (" data:,a", A),
    (",,,data:,a", A),
    (" , ,,data:,a", A),
    ("\xa0data:,a", "\xa0data:,a"),
    ("data:,a\xa0", "data:,a\xa0"),
]
DESCRIPTORS = [
    ("data:,a 1x", A),
    ("data:,a 1x ", A),
    ("data:,a 1x,", A),
    ("data:,a ( , data:,b 1x, ), data:,c", C),
    ("data:,a ((( , data:,b 1x, ), data:,c", C),
    ("data:,a [ , data:,b 1x, ], data:,c", B),
    ("data:,a { , data:,b 1x, }, data:,c", B),
    ('data:,a " , data:,b 1x, ", data:,c', B),
    ("data:,a \\,data:;\\,b, data:,c", "data:;\\,b"),
    ("data:,a, data:,b (", A),
    ("data:,a, data:,b (  ", A),
    ("data:,a, data:,b (,", A),
    ("data:,a, data:,b (x", A),
    ("data:,a, data:,b ()", A),
    ("data:,a (, data:,b", None),
    ("data:,a /*, data:,b, data:,c */", B),
    ("data:,a //, data:,b", B),
]
VALID_SIZES = """
    1w|1w 1h|1h 1w|0x|-0x|1e0x|1E0x|1e-1x|1.5e1x|.5x|.5e1x|1.0x
""".strip().split("|")
INVALID_SIZES = """
    foo|foo foo|foo 1x|foo 1x foo|foo 1w|foo 1w foo|1x 1x|1w 1w|1w 1x|1x 1w|1h 1h|1h 1x|1h 1w 1x
    |1x 1w 1h|1h|1h foo|foo 1h
    |0w|-1w|1w -1w|1.0w|1w 1.0w|1e0w|1w 1e0w|1www|1w 1www|+1w|1w +1w|1W|1w 1W|Infinityw
    |1w Infinityw|NaNw|1w NaNw|0x1w|0X1w
    |1x -0x|-1x|1x -1x|-x|.x|-.x|1.x|1x 1.5e1x|1x 1e1.5x|1x 1.0x|+1x|1X|Infinityx|NaNx|0x1x|0X1x
    |1w 0h|1w -1h|1w 1.0h|1w 1e0h|1w 1hhh|1w +1h|1w 1H|1w Infinityh|1w NaNh|0x1h|0X1h
""".strip().split("|")
NO_SPACE = (
    "\x01\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200c\u200d\u202f\u205f\u3000\ufeff"
)
UNITS = ("{}w", "{}x", "1w {}h")
CASES = [
    *SPLITTING,
    *DESCRIPTORS,
    *((f"data:,a {size.strip()}", A) for size in VALID_SIZES),
    *((f"data:,a {size.strip()}", None) for size in INVALID_SIZES),
    *((f"data:,a {size.format('1' + c)}", None) for c in NO_SPACE for size in UNITS),
    *((f"data:,a {size.format(c + '1')}", None) for c in NO_SPACE for size in UNITS),
]


@pytest.mark.parametrize(("srcset", "first"), CASES)
def test_the_first_valid_candidate_is_the_one_of_the_platform_tests(srcset, first):
    assert next((one.url for one in parse(srcset)), None) == first


def test_a_comma_inside_a_url_does_not_end_it():
    written = "https://x/w_10,h_20/a.jpg 10w, https://x/w_20,h_40/a.jpg 20w"
    assert list(parse(written)) == [
        Candidate("https://x/w_10,h_20/a.jpg", width=10),
        Candidate("https://x/w_20,h_40/a.jpg", width=20),
    ]


def test_density_counts_one_when_it_is_not_given():
    assert list(parse("a, b 2x")) == [Candidate("a", density=1), Candidate("b", density=2)]
