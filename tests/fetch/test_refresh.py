"""A refresh that comes soon is followed like a redirect, and judged like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import OriginStatus, RefusedAddress, RefusedUrl
from app.fetch import Fetcher
from app.fetch.meta import refresh_target
from app.urls import Url
from tests.fetch.conftest import CANARY
from tests.fetch.origin import Origin, answer, redirect

VALUES = [
    ("0;url=/a", "/a"),
    ("0; URL='/a'", "/a"),
    ('5;url="/a" x', "/a"),
    (" 0 ; url = /a ", "/a"),
    ("0,/a", "/a"),
    ("0 url=/a", "/a"),
    ("0; next.html", "next.html"),
    ("0.9;url=/a", "/a"),
    (".5;url=/a", "/a"),
    ("6;url=/a", None),
    ("99999999999;url=/a", None),
    ("0", None),
    ("0;", None),
    ("0;url=", None),
    (";url=/a", None),
    ("url=/a", None),
    ("-1;url=/a", None),
    ("", None),
    ("0\n;\furl\r=\t/a\n", "/a"),
    ("0; ur=/a", "ur=/a"),
    ("0; url='/a", "/a"),
    ("0;url=/a;b", "/a;b"),
    (".;url=/a", "/a"),
    ("1.5.3;url=/a", "/a"),
    ("0x;url=/a", None),
    ("+0;url=/a", None),
    # digits and spaces are those of ASCII
    ("\u0660;url=/a", None),
    ("0\u00a0;url=/a", None),
    ("0;url=\u00a0/a", "\u00a0/a"),
]


@pytest.mark.parametrize(("value", "target"), VALUES)
def test_a_refresh_is_read_as_html_has_it(value: str, target: str | None) -> None:
    assert refresh_target(value) == target


@given(st.text())
def test_no_refresh_breaks_its_reader(value: str) -> None:
    assert isinstance(refresh_target(value), str | None)


def meta(target: str) -> bytes:
    return f"<html><META http-equiv=Refresh content=\"0;URL='{target}'\">".encode()


WAYS = {
    "meta": answer(meta("/end")),
    "noscript": answer(b"<script>x</script><noscript>" + meta("/end") + b"</noscript>"),
    "UTF-16": answer(meta("/end").decode().encode("utf-16"), Content_Type="text/html"),
    "header": answer(b"<html>", Refresh="0;url=/end"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_refresh_is_followed(fetcher: Fetcher, origin: Origin, way: str) -> None:
    origin.answers |= {"/": WAYS[way], "/end": answer(b"<html>end")}
    page = fetcher.page(Url.parse(origin.url()))
    assert (str(page.url), page.body) == (origin.url("/end"), b"<html>end")


@pytest.mark.parametrize(
    ("head", "end"),
    [
        ("<base href=/x/>{}", "/x/end"),
        ("<base target=_top><base href=/x/><base href=/y/>{}", "/x/end"),
        ("{}<base href=/x/>", "/end"),
        ("<base href=http://[/>{}", "/end"),
    ],
)
def test_a_refresh_is_relative_to_the_base_in_front_of_it(
    fetcher: Fetcher, origin: Origin, head: str, end: str
) -> None:
    page = head.format("<meta http-equiv=refresh content='0;url=end'>")
    origin.answers |= {"/": answer(b"<html>" + page.encode()), end: answer(b"<html>end")}
    assert fetcher.page(Url.parse(origin.url())).body == b"<html>end"


def test_letters_of_a_target_are_encoded(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(meta("/ä"), Content_Type="text/html; charset=utf-8")
    origin.answers["/%C3%A4"] = answer(b"<html>end")
    assert fetcher.page(Url.parse(origin.url())).body == b"<html>end"


def test_refreshes_and_redirects_are_five_together(fetcher: Fetcher, origin: Origin) -> None:
    for hop in range(6):
        to = f"/{hop + 1}"
        origin.answers[f"/{hop}"] = redirect(to) if hop % 2 else answer(meta(to))
    origin.answers["/5"] = answer(b"<html>end")
    assert fetcher.page(Url.parse(origin.url("/0"))).body == b"<html>end"
    origin.answers |= {"/5": answer(meta("/6")), "/6": answer(b"<html>end")}
    with pytest.raises(OriginStatus, match=r"^more than 5 redirects$"):
        fetcher.page(Url.parse(origin.url("/0")))
    assert "/6" not in origin.targets()


@pytest.mark.usefixtures("canary")
def test_a_refresh_is_judged(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/in"] = answer(meta(origin.url(host=CANARY)))
    origin.answers["/file"] = answer(meta("file:///etc/passwd"))
    with pytest.raises(RefusedAddress):
        fetcher.page(Url.parse(origin.url("/in")))
    with pytest.raises(RefusedUrl):
        fetcher.page(Url.parse(origin.url("/file")))


@pytest.mark.parametrize("content", [meta("/"), b"<html><!-- %b -->" % meta("/x"), b"<html>"])
def test_a_page_that_stays_is_the_page(fetcher: Fetcher, origin: Origin, content: bytes) -> None:
    origin.answers["/"] = answer(content)
    assert fetcher.page(Url.parse(origin.url())).body == content
    assert len(origin.requests) == 1
