"""Referer as browsers send it: the page's own policy, else its origin alone to other origins."""

import json

import pytest

from app.fetch import Fetcher
from app.fetch.referrer import DEFAULT, of_header, of_meta, referer
from app.pictures.picture import Picture
from app.urls import Url
from tests.fetch.conftest import Fetching, image
from tests.fetch.origin import Origin, answer, png, redirect

PAGE = "https://a.test/page?secret=1"
SAME, OTHER, PLAIN = "https://a.test/i.png", "https://b.test/i.png", "http://a.test/i.png"
WHOLE, ORIGIN = PAGE, "https://a.test/"

POLICIES = [
    ("no-referrer", None, None, None),
    ("no-referrer-when-downgrade", WHOLE, WHOLE, None),
    ("origin", ORIGIN, ORIGIN, ORIGIN),
    ("origin-when-cross-origin", WHOLE, ORIGIN, ORIGIN),
    ("same-origin", WHOLE, None, None),
    ("strict-origin", ORIGIN, ORIGIN, None),
    ("strict-origin-when-cross-origin", WHOLE, ORIGIN, None),
    ("unsafe-url", WHOLE, WHOLE, WHOLE),
]


@pytest.mark.parametrize(("policy", "same", "other", "plain"), POLICIES)
def test_each_policy_tells_what_it_may(
    policy: str, same: str | None, other: str | None, plain: str | None
) -> None:
    found = [referer(Url.parse(PAGE), Url.parse(to), policy) for to in (SAME, OTHER, PLAIN)]
    assert found == [same, other, plain]


def test_another_port_is_another_origin() -> None:
    page, target = Url.parse("http://a.test:81/p?q"), Url.parse("http://a.test/")
    assert referer(page, target, DEFAULT) == "http://a.test:81/"


@pytest.mark.parametrize(
    ("value", "policy"),
    [
        ("no-referrer", "no-referrer"),
        (" Origin ", "origin"),
        ("no-referrer, same-origin", "same-origin"),
        ("no-referrer, bogus", "no-referrer"),
        ("never", DEFAULT),
        ("", DEFAULT),
    ],
)
def test_of_a_header_the_last_known_word_counts(value: str, policy: str) -> None:
    assert of_header(value) == policy


@pytest.mark.parametrize(
    ("value", "policy"),
    [
        ("no-referrer", "no-referrer"),
        (" Never ", "no-referrer"),
        ("always", "unsafe-url"),
        ("default", DEFAULT),
        ("bogus, no-referrer", DEFAULT),
        ("", DEFAULT),
    ],
)
def test_a_meta_is_one_word(value: str, policy: str) -> None:
    assert of_meta(value, DEFAULT) == policy


def sent(origin: Origin) -> str | None:
    lines = origin.requests[-1].decode().split("\r\n")
    return next((line[9:] for line in lines if line.startswith("Referer: ")), None)


META = b"<meta name=Referrer content=%b>"
PAGES = [
    (b"", {}, "origin"),
    (META % b"no-referrer", {}, None),
    (META % b"unsafe-url", {}, "whole"),
    (META % b"bogus", {}, "origin"),
    (META % b"never" + META % b"origin", {}, "origin"),
    (b"", {"Referrer_Policy": "same-origin"}, None),
    (META % b"always", {"Referrer_Policy": "no-referrer"}, "whole"),
    (b"<!-- %b -->" % META % b"no-referrer", {}, "origin"),
]


@pytest.mark.parametrize(("content", "headers", "learned"), PAGES)
def test_a_page_says_what_its_pictures_hosts_learn(
    fetcher: Fetcher, origin: Origin, content: bytes, headers: dict[str, str], learned: str | None
) -> None:
    origin.answers["/page?a=b"] = answer(b"<html>" + content, **headers)
    origin.answers["/a.png"] = answer(png())
    page = fetcher.page(Url.parse(origin.url("/page?a=b")))
    image(fetcher, origin.url("/a.png", "127.0.0.3"), referer=page.url)
    expected = {"whole": str(page.url), "origin": origin.url("/"), None: None}
    assert sent(origin) == expected[learned]


@pytest.mark.parametrize(
    ("attribute", "learned"),
    [
        ("no-referrer", None),
        ("Unsafe-URL", "whole"),
        ("bogus", "origin"),
        ("never", "origin"),
        ("no-referrer, origin", "origin"),
    ],
)
def test_an_element_says_what_the_host_of_its_image_learns(
    fetcher: Fetcher, origin: Origin, attribute: str, learned: str | None
) -> None:
    page, there = Url.parse(origin.url("/page?a=b")), origin.url("/a.png", "127.0.0.3")
    origin.answers["/a.png"] = origin.answers["/b.png"] = answer(png())
    asked = Picture(
        (there, "http://", there), "img", policies=(("http://", ""), (there, attribute))
    )
    fetcher.referrers.record(page, [asked, asked._replace(policies=((there, "same-origin"),))])
    image(fetcher.sibling(), there, referer=page)
    expected = {"whole": str(page), "origin": origin.url("/"), None: None}
    assert sent(origin) == expected[learned]
    for other, referer_page in (("/b.png", page), ("/a.png", Url.parse(origin.url("/p")))):
        image(fetcher, origin.url(other, "127.0.0.3"), referer=referer_page)
        assert sent(origin) == origin.url("/")


SILENT = {"Referrer_Policy": "no-referrer"}
SHEETS = [
    # header of the page, attribute of the link, header of the sheet,
    # what is learned by the host of the sheet, of what that imports, and of what it paints
    ({}, "", {}, "origin", "sheet", "sheet origin"),
    (SILENT, "", {}, None, None, None),
    (SILENT, "origin", {}, "origin", None, None),
    ({"Referrer_Policy": "same-origin"}, "", {}, None, "sheet", None),
    ({"Referrer_Policy": "origin"}, "", {}, "origin", "sheet origin", "sheet origin"),
    ({"Referrer_Policy": "no-referrer"}, "", {"Referrer_Policy": "bogus"}, None, None, None),
    (
        {"Referrer_Policy": "no-referrer"},
        "",
        {"Referrer_Policy": "origin"},
        None,
        *["sheet origin"] * 2,
    ),
    ({}, "Unsafe-URL", {}, "whole", "sheet", "sheet origin"),
    ({}, "no-referrer", {}, None, "sheet", "sheet origin"),
    ({}, "bogus", {"Referrer_Policy": "unsafe-url"}, "origin", "sheet", "sheet"),
    ({}, "", {"Referrer_Policy": "no-referrer"}, "origin", None, None),
]


@pytest.mark.parametrize(("of_page", "said", "of_sheet", "first", "second", "third"), SHEETS)
def test_a_sheet_asks_for_what_it_imports_and_paints(
    fetcher: Fetcher,
    fetching: Fetching,
    origin: Origin,
    of_page: dict[str, str],
    said: str,
    of_sheet: dict[str, str],
    first: str | None,
    second: str | None,
    third: str | None,
) -> None:
    there = Url.parse(origin.url("/a.css?v", "127.0.0.3"))
    origin.answers["/page?a=b"] = answer(b"<html>", **of_page)
    origin.answers["/a.css?v"] = answer(b"", Content_Type="text/css", **of_sheet)
    origin.answers["/b.css"] = answer(b"", Content_Type="text/css")
    origin.answers["/a.png"] = answer(png())
    words = {
        "whole": origin.url("/page?a=b"),
        "origin": origin.url("/"),
        "sheet": str(there),
        "sheet origin": origin.url("/", "127.0.0.3"),
        None: None,
    }
    page = fetcher.page(Url.parse(origin.url("/page?a=b"))).url
    fetcher.sheet(there, page, 9, 9, said=said)
    assert sent(origin) == words[first]
    fetcher.sheet(there.join("/b.css"), page, 9, 9, by=there)
    assert sent(origin) == words[second]
    url = origin.url("/a.png")
    recorded = fetcher.referrers.record(
        page, [Picture((url,), "css", painted=((url, str(there)),))]
    )
    image(fetcher, url, referer=page)
    assert sent(origin) == words[third]
    later = fetching()
    image(later, url, referer=later.referrers.restore(json.loads(json.dumps(recorded))))
    assert sent(origin) == words[third]


def test_what_was_kept_before_sheets_asked_is_restored(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/a.png"] = answer(png())
    url = origin.url("/a.png")
    page = fetcher.referrers.restore([origin.url("/page"), "origin", [[url, "no-referrer"]]])
    image(fetcher, url, referer=page)
    assert sent(origin) is None


def test_each_hop_learns_what_it_may(fetcher: Fetcher, origin: Origin) -> None:
    page = Url.parse(origin.url("/page?a=b"))
    origin.answers["/"] = redirect(origin.url("/b", "127.0.0.3"))
    origin.answers["/b"] = answer(b"", "302 Found", Location="/c", Referrer_Policy="no-referrer")
    origin.answers["/c"] = answer(png())
    image(fetcher, origin.url(), referer=page)
    learned = [b"\r\nReferer: " in request for request in origin.requests]
    assert learned == [True, True, False]
    assert f"Referer: {page}\r\n".encode() in origin.requests[0]
    assert f"Referer: {origin.url()}\r\n".encode() in origin.requests[1]
