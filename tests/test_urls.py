"""The front door for URLs: every spelling that was ever used to fool a parser."""

# ruff: noqa: RUF001  (characters that look like others are what is tested)

from collections.abc import Callable
from typing import Any

import pytest
from ada_url import URL
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.errors import Refused, RefusedUrl
from app.urls import BAD_PORTS, MAX_LENGTH, Url, listed, site_of, with_scheme

TAKEN = {
    "http://example.com": "http://example.com/",
    "https://example.com/": "https://example.com/",
    "http://example.com:80/": "http://example.com/",
    "https://example.com:443/": "https://example.com/",
    "http://example.com:443/": "http://example.com:443/",
    "https://example.com:80/": "https://example.com:80/",
    "http://example.com:65535/": "http://example.com:65535/",
    "http://example.com:8080/a/b?c=d": "http://example.com:8080/a/b?c=d",
    "HTTP://EXAMPLE.COM/A": "http://example.com/A",
    "hTTps://Example.Com/": "https://example.com/",
    "http://example.com/#fragment": "http://example.com/",
    "http://example.com?query": "http://example.com/?query",
    "http://example.com#fragment": "http://example.com/",
    "http://example.com/?": "http://example.com/?",
    "http://example.com?#?": "http://example.com/?",
    "http://example.com./": "http://example.com./",
    "http://example.com/a/../b/./c": "http://example.com/b/c",
    "http://example.com/%2e%2e/b": "http://example.com/b",
    "http://example.com/../../b": "http://example.com/b",
    "http://example.com//double//slash": "http://example.com//double//slash",
    "http://example.com/@user": "http://example.com/@user",
    "http://example.com/a@b:80": "http://example.com/a@b:80",
    "http://example.com/?u=http://a@b:80/": "http://example.com/?u=http://a@b:80/",
    "http://example.com/#@127.0.0.1/": "http://example.com/",
    "http://example.com/ä/☃": "http://example.com/%C3%A4/%E2%98%83",
    "http://example.com/?ä=☃": "http://example.com/?%C3%A4=%E2%98%83",
    "http://example.com/%ZZ": "http://example.com/%ZZ",
    "http://example.com/%00": "http://example.com/%00",
    "http://example.com/%0d%0aHost:x": "http://example.com/%0d%0aHost:x",
    "http://example.com/a|b": "http://example.com/a|b",
    'http://example.com/"quoted"': "http://example.com/%22quoted%22",
    "http://example.com/\u3000": "http://example.com/%E3%80%80",
    "http://münchen.de/": "http://xn--mnchen-3ya.de/",
    "http://MÜNCHEN.de/": "http://xn--mnchen-3ya.de/",
    "http://xn--mnchen-3ya.de/": "http://xn--mnchen-3ya.de/",
    "http://faß.de/": "http://xn--fa-hia.de/",
    "http://☃.net/": "http://xn--n3h.net/",
    "http://例え.テスト/": "http://xn--r8jz45g.xn--zckzah/",
    "http://نامه\u200cای.com/": "http://xn--mgba3gch31f060k.com/",
    "http://ශ්\u200dරී.com/": "http://xn--10cl1a0b660p.com/",
    "http://a_b.example.com/": "http://a_b.example.com/",
    "http://-a-.example.com/": "http://-a-.example.com/",
    "http://a/": "http://a/",
    "http://localhost/": "http://localhost/",
    "https://http/": "https://http/",
    f"http://{'a' * 63}.com/": f"http://{'a' * 63}.com/",
    "http://1.2.3.4/": "http://1.2.3.4/",
    "http://1.2.3.4:8080/": "http://1.2.3.4:8080/",
    "http://127.0.0.1/": "http://127.0.0.1/",
    "http://255.255.255.255/": "http://255.255.255.255/",
    "http://123.example.com/": "http://123.example.com/",
    "http://1.2.3.4.example.com/": "http://1.2.3.4.example.com/",
    "http://127.0.0.1.nip.io/": "http://127.0.0.1.nip.io/",
    "http://0x7f.example.com/": "http://0x7f.example.com/",
    "http://[::1]/": "http://[::1]/",
    "http://[::1]:8080/": "http://[::1]:8080/",
    "http://[::1]:80/": "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/": "http://[::1]/",
    "http://[2606:4700:DB8::1]/": "http://[2606:4700:db8::1]/",
    "http://[::ffff:127.0.0.1]/": "http://[::ffff:7f00:1]/",
    "http://[::ffff:7f00:1]/": "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/": "http://[::7f00:1]/",
    "http://[64:ff9b::127.0.0.1]/": "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/": "http://[2002:7f00:1::]/",
    "http://[2001:0:808:808::80ff:fffe]/": "http://[2001:0:808:808::80ff:fffe]/",
    "http://[2a00::5efe:127.0.0.1]/": "http://[2a00::5efe:7f00:1]/",
}

REFUSED = {
    "numeric host is not a plain dotted quad": [
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0X7F.0.0.1/",
        "http://0x7f.0x0.0x0.0x1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://127.0.0.01/",
        "http://127.00.0.1/",
        "http://01.1.1.1/",
        "http://1.1.1.1./",
        "http://127.0.0.1./",
        "http://0/",
        "http://0.0.0.0./",
        "http://1.2.3/",
        "http://1.2.3.0x4/",
        "http://0xffffffff/",
    ],
    "not a valid URL": [
        "http://08.8.8.8/",
        "http://256.1.1.1/",
        "http://1.2.3.256/",
        "http://1.2.3.4.5/",
        "http://4294967296/",
        "http://0x100000000/",
        "http://foo.0x4/",
        "http://foo.127/",
        "http://example.123/",
        "http://a.1/",
        "http://[]/",
        "http://[1.2.3.4]/",
        "http://[::g]/",
        "http://[1::2::3]/",
        "http://[1:2:3:4:5:6:7]/",
        "http://[1:2:3:4:5:6:7:8:9]/",
        "http://[v1.x]/",
        "http://[::ffff:0x7f.1]/",
        "http://[::ffff:127.0.0.1.1]/",
        "http://[::ffff:127.1]/",
        "http://[::ffff:0127.0.0.1]/",
        "http://example.com:65536/",
        "http://example.com:99999/",
        "http://ex<ample>.com/",
        "http://ex^ample.com/",
        "http://ex|ample.com/",
        "http://\u0301a.com/",
        "http://exam\u200cple.com/",
        "http://exam\u200dple.com/",
    ],
    "host has a character that only looks like another": [
        "http://①②⑦.0.0.1/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://127．0．0．1/",
        "http://127｡0｡0｡1/",
        "http://example。com/",
        "http://ex①mple.com/",
        "http://१२७.0.0.1/",
        "http://٣.com/",
        "http://ⅷ.com/",
        "http://example.com:８０/",
        "http://example.com:٨٠/",
        "http://example.com：80/",
        "http://user＠example.com/",
        "http://example.com／x/",
        "http://example.com？x/",
        "http://example.com＃x/",
        "http://example.com＼x/",
        "http://exam\u3000ple.com/",
        "http://exam\u2028ple.com/",
        "http://exam\u00adple.com/",
        "http://exam\u200bple.com/",
        "http://exam\u2060ple.com/",
        "http://\u202emoc.elpmaxe/",
        "http://\ufeffexample.com/",
    ],
    "percent-encoding in host": [
        "http://%31%32%37.0.0.1/",
        "http://127%2e0.0.1/",
        "http://%6cocalhost/",
        "http://example%2ecom/",
        "http://example.com%00.evil.com/",
        "http://example.com%23.evil.com/",
        "http://[::1%25eth0]/",
        "http://[::1%eth0]/",
        "http://[fe80::1%25]/",
    ],
    "userinfo in URL": [
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://:@example.com/",
        "http://@example.com/",
        "http://example.com:80@evil.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com%2f@evil.com/",
        "http://a@b@c/",
        "http://127.0.0.1@8.8.8.8/",
        "http://[::1]@example.com/",
    ],
    "space, control character or backslash in URL": [
        " http://example.com/",
        "http://example.com/ ",
        "\nhttp://example.com/",
        "http://exam ple.com/",
        "http://example.com/a b",
        "http://example.com/?a b",
        "http://example.com/\t",
        "ht\ttp://example.com/",
        "http:/\t/example.com/",
        "http://exam\tple.com/",
        "http://127.0.0.1\t/",
        "http://example.com:8\t0/",
        "http://example.com:8 0/",
        "http://example.com/a\r\nHost: evil",
        "http://example.com\r\n/",
        "http://example.com\n@evil.com/",
        "http://example.com/\x00",
        "http://exa\x00mple.com/",
        "http://example.com/\x1b[2J",
        "http://example.com/\x7f",
        "http://example.com/\x85",
        "http://example.com/\xa0",
        "http://exam\xa0ple.com/",
        "http://example.com/\ud800",
        "http://\udfff.com/",
        "http://example.com\\",
        "http://example.com\\@evil.com/",
        "http:\\\\example.com\\",
        "http:/\\example.com/",
        "http://example.com/a\\b",
        "http://example.com/?a\\b",
    ],
    "port is not a plain number": [
        "http://example.com:/",
        "http://example.com:0/",
        "http://example.com:00080/",
        "http://example.com:080/",
        "http://example.com:123456/",
        "http://example.com:80808080808080808080/",
        "http://example.com:-80/",
        "http://example.com:+80/",
        "http://example.com:80a/",
        "http://example.com:0x50/",
        "http://example.com:80:80/",
        "http://example.com::80/",
        "http://[::1]:/",
        "http://[::1]80/",
        "http://[::1]x/",
        "http://a[::1]/",
        "http://http://example.com/",
        "http://https://example.com/",
    ],
    "no host": [
        "http://",
        "http:///",
        "http:///example.com/",
        "http:////example.com/",
        "http://?query",
        "http://#fragment",
        "http://:80/",
        "http://::1/",
        "http://[::1/",
        "http://]/",
    ],
    "host name is not valid": [
        "http://./",
        "http://../",
        "http://a..b/",
        "http://.example.com/",
        "http://example.com../",
        f"http://{'a' * 64}.com/",
        f"http://{'a.' * 126}aa/",
        "http://ex!ample.com/",
        "http://ex$ample.com/",
        "http://ex&ample.com/",
        "http://ex'ample.com/",
        "http://ex(ample).com/",
        "http://ex*ample.com/",
        "http://ex+ample.com/",
        "http://ex,ample.com/",
        "http://ex;ample.com/",
        "http://ex=ample.com/",
        "http://ex`ample.com/",
        "http://ex{ample}.com/",
        "http://ex~ample.com/",
        'http://ex"ample.com/',
    ],
    "scheme is not http or https": [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript://example.com/%0aalert(1)",
        "ws://example.com/",
        "view-source:http://example.com/",
        "blob:http://example.com/x",
        "jar:http://example.com!/",
        "dict://127.0.0.1:11211/",
        "ldap://127.0.0.1/",
        "http+unix://x/",
        "httpx://example.com/",
        "http:http://example.com/",
        "url:http://example.com/",
        "\ufeffhttp://example.com/",
        "ｈttp://example.com/",
        "://example.com/",
    ],
    "not an absolute URL; begin with http:// or https://": [
        "",
        "http",
        "http:",
        "http:/",
        "http:example.com",
        "http:/example.com",
        "http//example.com/",
        "//example.com/",
        "/path",
        "path",
        "example.com",
        "example.com:80",
        "?query",
        "?u=http://example.com/",
        "#fragment",
        "data:text/html,x",
        "javascript:alert(1)",
        "mailto:a@example.com",
    ],
    "port 22 is blocked": ["http://example.com:22/", "https://8.8.8.8:22/"],
    f"URL longer than {MAX_LENGTH} characters": [
        f"http://example.com/{'a' * MAX_LENGTH}",
        f"http://example.com/{'ä' * (MAX_LENGTH // 2)}",
        "a" * 10_000_000,
    ],
}
SPELLINGS = [(text, reason) for reason, texts in REFUSED.items() for text in texts]

BASE = "http://example.com/a/b?c"
JOINED = {
    "": "http://example.com/a/b?c",
    "x.png": "http://example.com/a/x.png",
    "../x.png": "http://example.com/x.png",
    "../../../x.png": "http://example.com/x.png",
    "/x.png": "http://example.com/x.png",
    "?x": "http://example.com/a/b?x",
    "?": "http://example.com/a/b?",
    "#x": "http://example.com/a/b?c",
    "//cdn.example.com/x": "http://cdn.example.com/x",
    "https://cdn.example.com/x": "https://cdn.example.com/x",
    "  \t/x.png\n ": "http://example.com/x.png",
    "/a b.png": "http://example.com/a%20b.png",
    "/a\tb\n.png": "http://example.com/ab.png",
    "/ä.png": "http://example.com/%C3%A4.png",
    "/x.png?a=ä b": "http://example.com/x.png?a=%C3%A4%20b",
    "\\x.png": "http://example.com/x.png",
    "\\\\cdn.example.com\\x.png": "http://cdn.example.com/x.png",
    "http:x.png": "http://example.com/a/x.png",
    "http:/x.png": "http://example.com/x.png",
    "http:////cdn.example.com/x": "http://cdn.example.com/x",
    "?a\\b": "http://example.com/a/b?a%5Cb",
    "a|b/c?d|e": "http://example.com/a/a|b/c?d|e",
    "//münchen.de/": "http://xn--mnchen-3ya.de/",
    "//1.2.3.4/": "http://1.2.3.4/",
    "//1.2.3.4:81/": "http://1.2.3.4:81/",
    "//cdn.example.com:/": "http://cdn.example.com/",
    "//%63dn.example.com/": "http://cdn.example.com/",
    "//user@cdn.example.com/": "refused: userinfo in URL",
    "//:password@cdn.example.com/": "refused: userinfo in URL",
    "https:\\\\user@cdn.example.com/": "refused: userinfo in URL",
    "//127.1/": "refused: numeric host is not a plain dotted quad",
    "//0x7f.0.0.1/": "refused: numeric host is not a plain dotted quad",
    "//2130706433/": "refused: numeric host is not a plain dotted quad",
    "//①②⑦.0.0.1/": "refused: numeric host is not a plain dotted quad",
    "//127。0。0。1/": "refused: numeric host is not a plain dotted quad",
    "//%31%32%37.0.0.1/": "refused: numeric host is not a plain dotted quad",
    "//01.1.1.1/": "refused: numeric host is not a plain dotted quad",
    "//1.2.3.4./": "refused: numeric host is not a plain dotted quad",
    "//a..b/": "refused: host name is not valid",
    "//a'b/": "refused: host name is not valid",
    f"//{'a' * 64}.com/": "refused: host name is not valid",
    "//cdn.example.com:0/": "refused: port 0 is blocked",
    "//cdn.example.com:25/": "refused: port 25 is blocked",
    "//cdn.example.com:65536/": "refused: not a valid URL",
    "//cdn.exa%00mple.com/": "refused: not a valid URL",
    "//[::1%25eth0]/": "refused: not a valid URL",
    "\ud800": "refused: not a valid URL",
    "data:image/png;base64,AAAA": "refused: scheme is not http or https",
    "javascript:alert(1)": "refused: scheme is not http or https",
    "java\nscript:alert(1)": "refused: scheme is not http or https",
    "ftp://example.com/x.png": "refused: scheme is not http or https",
    "about:blank": "refused: scheme is not http or https",
    "x" * 10_000: f"refused: URL longer than {MAX_LENGTH} characters",
    "ä" * 3_000: f"refused: URL longer than {MAX_LENGTH} characters",
}


def test_the_table_of_spellings_is_long_enough() -> None:
    assert len(TAKEN) + len(SPELLINGS) >= 250
    assert len({text for text, _ in SPELLINGS}) == len(SPELLINGS)


@pytest.mark.parametrize(("text", "canonical"), TAKEN.items())
def test_a_plain_spelling_is_taken_and_made_canonical(text: str, canonical: str) -> None:
    assert str(Url.parse(text)) == canonical


@pytest.mark.parametrize(("text", "reason"), SPELLINGS, ids=[ascii(t)[:60] for t, _ in SPELLINGS])
def test_a_doubtful_spelling_is_refused_for_its_reason(text: str, reason: str) -> None:
    with pytest.raises(RefusedUrl) as refused:
        Url.parse(text)
    assert refused.value.detail == f"refused: {reason}"


@pytest.mark.parametrize(("reference", "result"), JOINED.items())
def test_a_reference_is_read_as_browsers_do_and_judged_as_at_the_front_door(
    reference: str, result: str
) -> None:
    assert str(outcome(Url.parse(BASE).join, reference)) == result


def test_a_reference_without_a_base_must_be_absolute() -> None:
    assert str(Url.lenient(" http:\\\\example.com\\a b ")) == "http://example.com/a%20b"
    with pytest.raises(RefusedUrl, match="not a valid URL"):
        Url.lenient("/x.png")


@pytest.mark.parametrize("port", sorted(BAD_PORTS - {0}))
def test_a_blocked_port_is_refused(port: int) -> None:
    with pytest.raises(RefusedUrl, match=f"port {port} is blocked"):
        Url.parse(f"http://example.com:{port}/")


@pytest.mark.parametrize("port", [2, 21 + 3, 80, 442, 443, 8080, 10079, 10081, 65535])
def test_any_other_port_is_taken(port: int) -> None:
    assert Url.parse(f"http://example.com:{port}/").port == port


def test_the_parts_are_those_that_are_dialled() -> None:
    url = Url.parse("https://[2606:4700::1111]:8443/a?b#c")
    assert (url.scheme, url.host, url.port, url.target) == (
        *("https", "2606:4700::1111", 8443),
        "/a?b",
    )
    assert str(url.address) == url.host
    assert Url.parse("https://example.com/").address is None


ALPHABET = st.sampled_from("htps:/@\\?#[]%.-_ \t\n\0①。ａäß0127xfFe8\xa0\u200d\u202e\ud800")
LOOSE = st.text(ALPHABET, max_size=40)
TEXTS = st.one_of(
    st.text(max_size=60),
    LOOSE,
    st.builds("http://{}".format, LOOSE),
    st.builds("https://example.com{}".format, LOOSE),
    st.builds("http://{}.{}.{}.{}{}".format, *[st.integers(0, 300)] * 4, LOOSE),
    st.builds("http://[{}]/".format, st.ip_addresses(v=6)),
    st.from_regex(r"https?://[a-z0-9.-]{1,20}(:[0-9]{1,5})?/[!-~]{0,20}", fullmatch=True),
)


def outcome(read: Callable[[str], Any], text: str) -> Any:
    """Return what a reader makes of a text, or the sentence of its refusal."""
    try:
        return read(text)
    except Refused as refused:
        return refused.detail


@settings(deadline=None)
@given(TEXTS)
@example("http://[::ffff:127.0.0.1]:65535/\u0301")
def test_whatever_comes_is_taken_or_refused_with_our_own_reason(text: str) -> None:
    for read in (Url.parse, Url.lenient, Url.parse(BASE).join):
        url = outcome(read, text)
        if isinstance(url, str):
            assert url.startswith("refused: ")
        else:
            assert url.scheme in ("http", "https")
            assert all("!" <= character <= "~" for character in str(url))
            assert Url.parse(str(url)) == url, "what was taken once is taken again, unchanged"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("example.com/a", "https://example.com/a"),
        ("example.com:8080", "https://example.com:8080"),
        ("8.8.8.8/a", "https://8.8.8.8/a"),
        ("127.0.0.1:8799", "http://127.0.0.1:8799"),
        ("localhost:8799/a?b", "http://localhost:8799/a?b"),
        ("Nas.Localhost#a", "http://Nas.Localhost#a"),
        ("192.168.1.9/photos", "http://192.168.1.9/photos"),
        ("[::1]:8799/", "http://[::1]:8799/"),
        ("[2a00::1]/", "https://[2a00::1]/"),
        ("localhost.example.com", "https://localhost.example.com"),
        ("https://127.0.0.1/", "https://127.0.0.1/"),
    ],
)
def test_a_scheme_left_out_is_http_for_this_machine_and_private_addresses(
    written: str, meant: str
) -> None:
    assert with_scheme(written) == meant


HOSTS = [
    "a.example",
    "a..b",
    ".",
    "127.1",
    "0x7f.1",
    "-a",
    "xn--a",
    "a_b",
    "[::1]",
    "ü",
    "a%41",
    "",
]


@pytest.mark.parametrize("host", [*HOSTS, *map(str.upper, HOSTS)])
def test_the_site_is_the_host_that_browsers_read(host: str) -> None:
    for scheme in "http://", "https://", "HTTP://", "ftp://", "//", " http://":
        for rest in "", "/", "/a b?c#d", ":80/", "?a/", "#/", "\\a/", "\t.b/", "@c/":
            url = scheme + host + rest
            try:
                expected = URL(url).hostname or None
            except ValueError:
                expected = None
            assert site_of(url) == expected, url


def test_a_list_may_have_marks_comments_and_blank_lines() -> None:
    lines = "\ufeffa.example\r\n", "\r\n", " # b.example\n", " c.example "

    assert list(listed(lines)) == [(1, "a.example"), (4, "c.example")]
