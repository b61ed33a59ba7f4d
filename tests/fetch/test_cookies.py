"""Cookies: back to the host that set them, within the job, and to nobody else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import OriginStatus
from app.fetch import Fetcher
from app.fetch.cookies import MAX_BYTES, MAX_HOSTS, MAX_OF_HOST, Cookies
from app.urls import Url
from tests.fetch.conftest import Fetching, image
from tests.fetch.origin import Origin, Peer, answer, png

HERE, THERE = "127.0.0.2", "127.0.0.3"


def sent(origin: Origin) -> list[str | None]:
    """Return what came as Cookie with each request."""
    heads = [request.decode().split("\r\n")[1:] for request in origin.requests]
    found = [[line[8:] for line in head if line.lower().startswith("cookie: ")] for head in heads]
    return [lines[0] if lines else None for lines in found]


def challenge(peer: Peer) -> None:
    """Lead to the same address until the cookie comes back."""
    again = {"Location": peer.request.split(b" ")[1].decode(), "Connection": "close"}
    if b"\r\nCookie: seen=1\r\n" in peer.request:
        peer.send(answer(png(), Connection="close"))
    else:
        peer.send(answer(b"", "302 Found", Set_Cookie="seen=1; Path=/", **again))


def test_a_challenge_that_leads_to_itself_passes(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/a"] = origin.answers["/b"] = challenge
    image(fetcher, origin.url("/a"))
    image(fetcher, origin.url("/b"))
    assert sent(origin) == [None, "seen=1", "seen=1"], "it is kept for the job"


@pytest.mark.parametrize("domain", ["", "; Domain=127.0.0.2", "; Domain=127.0.0.3", "; Domain=0.3"])
def test_no_cookie_crosses_to_another_host(fetcher: Fetcher, origin: Origin, domain: str) -> None:
    there, back = origin.url("/b", THERE), origin.url("/c")
    origin.answers["/a"] = answer(b"", "302 Found", Set_Cookie=f"a=1{domain}", Location=there)
    origin.answers["/b"] = answer(b"", "302 Found", Set_Cookie=f"b=2{domain}", Location=back)
    origin.answers["/c"] = answer(png())
    image(fetcher, origin.url("/a"))
    first, second, third = sent(origin)
    assert (first, second) == (None, None)
    assert third == (None if domain.endswith(".3") else "a=1")


def test_no_cookie_outlives_the_job(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = answer(png(), Set_Cookie="a=1")
    for _ in range(2):
        with fetching() as job:
            image(job, origin.url())
    assert sent(origin) == [None, None]


def test_a_cookie_goes_with_no_message(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(png(), Set_Cookie="a=1")
    image(fetcher, origin.url())
    fetcher.post(Url.parse(origin.url()), b"{}", {})
    assert sent(origin) == [None, None]


def test_an_endless_challenge_ends(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(b"", "302 Found", Set_Cookie="a=1", Location="/")
    with pytest.raises(OriginStatus, match="more than 5 redirects"):
        image(fetcher, origin.url())


SETS = [
    # set by, line, asked for, sent
    ("http://a.test/", "a=1", "http://a.test/b", "a=1"),
    ("http://a.test/", "a=1", "http://a.test:8080/", "a=1"),
    ("http://a.test/", "a=1", "https://a.test/", "a=1"),
    ("http://a.test/", "a=1", "http://b.test/", None),
    ("http://a.test/", "a=1", "http://x.a.test/", None),
    ("http://x.a.test/", "a=1; Domain=a.test", "http://x.a.test/", "a=1"),
    ("http://x.a.test/", "a=1; Domain=a.test", "http://a.test/", None),
    ("http://x.a.test/", "a=1; Domain=.a.test", "http://y.a.test/", None),
    ("http://a.test/", "a=1; Domain=test", "http://b.test/", None),
    ("http://a.test/", "a=1; Domain=b.test", "http://a.test/", None),
    ("http://a.test/", "a=1; Domain=b.test", "http://b.test/", None),
    ("https://a.test/", "a=1; Secure", "https://a.test/", "a=1"),
    ("https://a.test/", "a=1; secure", "http://a.test/", None),
    ("http://a.test/", "a=1; Secure", "https://a.test/", None),
    ("http://a.test/x/y", "a=1", "http://a.test/x/z", "a=1"),
    ("http://a.test/x/y", "a=1", "http://a.test/x", "a=1"),
    ("http://a.test/x/y", "a=1", "http://a.test/xy", None),
    ("http://a.test/x/y", "a=1", "http://a.test/", None),
    ("http://a.test/x/y", "a=1; Path=/", "http://a.test/", "a=1"),
    ("http://a.test/x/y", "a=1; path=z", "http://a.test/x/", "a=1"),
    ("http://a.test/", "a=1; Path=/p/", "http://a.test/p", None),
    ("http://a.test/", "a=1; Path=/p", "http://a.test/p?q", "a=1"),
    ("http://a.test/", "a=1; Max-Age=0", "http://a.test/", None),
    ("http://a.test/", "a=1; Max-Age=-5", "http://a.test/", None),
    (
        "http://a.test/",
        "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "http://a.test/",
        "a=1",
    ),
    ("http://a.test/", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://a.test/", None),
    ("http://a.test/", "a=1; Expires=nonsense", "http://a.test/", "a=1"),
    ("http://a.test/", "a=1\t; Path=/", "http://a.test/", "a=1"),
    ("http://1.2.3.4/", "a=1; Domain=1.2.3.4", "http://1.2.3.4/", "a=1"),
    ("http://1.2.3.4/", "a=1; Domain=3.4", "http://1.2.3.4/", None),
    ("http://x.a.test/", "a=1; Domain=test", "http://x.a.test/", None),
    ("http://test/", "a=1; Domain=test", "http://test/", "a=1"),
    # what a name promises
    ("https://a.test/", "__Host-a=1; Secure; Path=/", "https://a.test/", "__Host-a=1"),
    ("https://a.test/", "__Host-a=1; Secure", "https://a.test/", None),
    ("https://a.test/", "__Host-a=1; Path=/", "https://a.test/", None),
    ("https://a.test/", "__host-a=1; Secure; Path=/; Domain=a.test", "https://a.test/", None),
    ("https://a.test/x", "__Host-a=1; Secure; Path=/x", "https://a.test/x", None),
    ("https://a.test/", "__Secure-a=1; Secure; Domain=a.test", "https://a.test/", "__Secure-a=1"),
    ("https://a.test/", "__Secure-a=1", "https://a.test/", None),
    ("https://a.test/", "=__Secure-a=1", "https://a.test/", None),
    ("http://a.test/", "lone", "http://a.test/", "lone"),
    ("http://a.test/", "a=", "http://a.test/", "a="),
    ("http://a.test/", "=", "http://a.test/", None),
    ("http://a.test/", "\ta =\t1\t;\tPath=/x\t", "http://a.test/x/", "a=1"),
    ("http://a.test/", "a=1\x01", "http://a.test/", None),
    ("http://a.test/", "a=1\x7f", "http://a.test/", None),
    ("http://a.test/", "a=1\r\nX: y", "http://a.test/", None),
    ("http://a.test/", "a=" + "1" * MAX_BYTES, "http://a.test/", None),
]


@pytest.mark.parametrize(("setter", "line", "asked", "expected"), SETS)
def test_a_cookie_goes_where_it_may(
    setter: str, line: str, asked: str, expected: str | None
) -> None:
    cookies = Cookies()
    cookies.store(Url.parse(setter), [line])
    assert cookies.header(Url.parse(asked)) == expected


def test_a_later_cookie_takes_the_place_of_an_earlier_one() -> None:
    url, cookies = Url.parse("http://a.test/x/"), Cookies()
    cookies.store(url, ["a=1; Path=/", "b=2; Path=/", "c=3", "a=4; Path=/"])
    assert cookies.header(url) == "c=3; a=4; b=2", "it is as old as the first of its name"
    cookies.store(url, ["a=; Path=/; Max-Age=0", "c=; Max-Age=0"])
    assert cookies.header(url) == "b=2"


@pytest.mark.parametrize(
    ("line", "at_x", "at_root"),
    [
        ("a=2; Path=/", "a=1", "a=1"),
        ("a=; Path=/; Max-Age=0", "a=1", "a=1"),
        ("a=2; Path=/x", "a=1", "a=1"),
        ("a=2", "a=1", "a=1"),
        ("b=2; Path=/", "a=1; b=2", "a=1; b=2"),
    ],
)
def test_plain_http_changes_no_secure_cookie(line: str, at_x: str, at_root: str) -> None:
    """Nor may it hide one by a longer path: whoever listens there could set it."""
    cookies = Cookies()
    cookies.store(Url.parse("https://a.test/"), ["a=1; Path=/; Secure"])
    cookies.store(Url.parse("http://a.test/x/y"), [line])
    assert cookies.header(Url.parse("https://a.test/x/y")) == at_x
    assert cookies.header(Url.parse("https://a.test/")) == at_root


def test_what_a_secure_cookie_does_not_cover_is_free() -> None:
    cookies = Cookies()
    cookies.store(Url.parse("https://a.test/"), ["a=1; Path=/x; Secure", "b=1; Path=/"])
    cookies.store(Url.parse("http://a.test/"), ["a=2; Path=/", "a=3; Path=/xy", "b=2; Path=/"])
    assert cookies.header(Url.parse("https://a.test/x")) == "a=1; b=2; a=2"
    assert cookies.header(Url.parse("https://a.test/xy")) == "a=3; b=2; a=2"
    assert cookies.header(Url.parse("https://a.test/")) == "b=2; a=2"
    cookies.store(Url.parse("https://a.test/"), ["a=4; Path=/x"])
    assert cookies.header(Url.parse("http://a.test/x")) == "a=4; b=2; a=2"


def test_what_is_kept_is_bounded() -> None:
    cookies = Cookies()
    for host in range(MAX_HOSTS + 1):
        url = Url.parse(f"http://h{host}.test/")
        cookies.store(url, [f"n{number}=1" for number in range(MAX_OF_HOST + 1)])
    first = cookies.header(Url.parse("http://h0.test/"))
    assert first
    assert first.count("=") == MAX_OF_HOST
    assert cookies.header(url) is None


@given(st.lists(st.text()))
def test_no_line_makes_a_header_of_more_than_one_line(lines: list[str]) -> None:
    url, cookies = Url.parse("http://a.test/"), Cookies()
    cookies.store(url, lines)
    header = (cookies.header(url) or "").encode("latin-1")
    assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", header)


@pytest.mark.parametrize("value", ["Nîmes", "là", "É", "東京"])
def test_letters_come_back_as_they_were_set(fetcher: Fetcher, origin: Origin, value: str) -> None:
    leads = answer(b"", "302 Found", Set_Cookie="a=VALUE; Path=/", Location=origin.url("/b"))
    origin.answers["/a"] = leads.replace(b"VALUE", value.encode())
    origin.answers["/b"] = answer(png())
    image(fetcher, origin.url("/a"))
    assert sent(origin) == [None, f"a={value}"]
