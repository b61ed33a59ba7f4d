"""What the fetcher takes: pages that are HTML, images that are images, with true facts."""

import errno
import hashlib
import io
import socket
import tempfile
import threading

import pytest

from app.errors import NotAnImage, NotHtml, OriginStatus, TooLarge
from app.fetch import Fetcher, ImageFacts, Page
from app.setting_values import KiB
from app.urls import Url
from tests.fetch.conftest import image
from tests.fetch.origin import Origin, Peer, answer, png, redirect, then
from tests.pictures.test_formats import ico, png_head

HTML = b"<!doctype html><title>x</title><img src=a.png>"


def test_a_redirect_whose_body_breaks_off_is_followed(fetcher: Fetcher, origin: Origin) -> None:
    def break_off(peer: Peer) -> None:
        peer.send(redirect("/a.png").replace(b"gone there", b"gone"))
        peer.socket.shutdown(socket.SHUT_RDWR)

    origin.answers |= {"/": break_off, "/a.png": answer(png())}

    assert image(fetcher, origin.url()).content_type == "image/png"


def test_a_redirect_with_a_long_body_is_followed(fetcher: Fetcher, origin: Origin) -> None:
    long = answer(bytes(1 << 20), "302 Found", Location="/a.png")
    origin.answers |= {"/": long, "/a.png": answer(png())}

    assert image(fetcher, origin.url()).content_type == "image/png"


def test_an_image_comes_with_its_facts(fetcher: Fetcher, origin: Origin) -> None:
    content = png(70_000, width=640, height=480)
    origin.answers["/"] = answer(content, Content_Type="text/plain")
    with tempfile.TemporaryFile() as file:
        facts = fetcher.image(Url.parse(origin.url()), file)
        file.seek(0)
        assert file.read() == content
    digest = hashlib.sha256(content).hexdigest()
    assert facts == ImageFacts("image/png", 640, 480, 70_000, digest)


def test_a_bar_is_sent_as_written_and_encoded_where_the_server_wants_that(
    fetcher: Fetcher, origin: Origin
) -> None:
    origin.answers |= {"/a|b": answer(png()), "/c|d?e|f": answer(b"", status="400 Bad Request")}
    origin.answers["/c%7Cd?e%7Cf"] = answer(png())
    origin.answers["/g%7Ch"] = answer(b"", status="400 Bad Request")
    assert image(fetcher, origin.url("/a|b"))
    assert image(fetcher, origin.url("/c|d?e|f"))
    with pytest.raises(OriginStatus, match="400"):
        image(fetcher, origin.url("/g%7Ch"))


def test_what_the_file_held_is_gone(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(png(100))
    file = io.BytesIO(b"an older and longer file" * 100)
    file.seek(7)
    fetcher.image(Url.parse(origin.url()), file)
    assert file.getvalue() == png(100)


def test_a_new_file_is_not_cut(fetcher: Fetcher, origin: Origin) -> None:
    class New(io.BytesIO):
        def truncate(self, size: int | None = None) -> int:
            raise AssertionError

    origin.answers["/"] = answer(png(100))
    file = New()
    fetcher.image(Url.parse(origin.url()), file)
    assert file.getvalue() == png(100)


def test_a_full_disk_is_not_blamed_on_the_origin(fetcher: Fetcher, origin: Origin) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    origin.answers["/"] = answer(png())
    with pytest.raises(OSError, match="No space left"):
        fetcher.image(Url.parse(origin.url()), Full())
    assert len(origin.requests) == 1


def test_an_image_may_be_of_unknown_size(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(b"<svg xmlns='http://www.w3.org/2000/svg' width='calc(1em)'/>")
    facts = image(fetcher, origin.url())
    assert (facts.content_type, facts.width, facts.height) == ("image/svg+xml", None, None)


def test_an_svg_may_begin_late(fetcher: Fetcher, origin: Origin) -> None:
    comment = b"<!-- " + b"x" * 32_000 + b" -->"
    origin.answers["/"] = answer(comment + b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>")
    facts = image(fetcher, origin.url())
    assert (facts.content_type, facts.width, facts.height) == ("image/svg+xml", 9, 150)


IMPOSTORS = {
    b"<html><body>not found": "HTML",
    b"%PDF-1.7\n": "PDF",
    b"%!PS-Adobe-3.0": "PostScript",
    b"PK\x03\x04": "a ZIP archive",
    b"MZ\x90\0": "an executable",
    b"": "empty",
    png_head(3, 4)[:20]: "png with a damaged header",
}


@pytest.mark.parametrize("content", IMPOSTORS)
def test_an_impostor_under_an_image_type_fails(
    fetcher: Fetcher, origin: Origin, content: bytes
) -> None:
    origin.answers["/a.png"] = answer(content, Content_Type="image/png")
    with pytest.raises(NotAnImage, match=f"^not an image: {IMPOSTORS[content]}$"):
        image(fetcher, origin.url("/a.png"))


def test_an_impostor_is_not_read_to_its_end(fetcher: Fetcher, origin: Origin) -> None:
    closed = threading.Event()

    def play(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + HTML.ljust(4096))
        assert not peer.socket.recv(1)
        closed.set()

    origin.answers["/"] = play
    with pytest.raises(NotAnImage) as failure:
        image(fetcher, origin.url())
    assert closed.wait(30), "what is left of it waits in no connection"
    assert failure.value.code == "not-an-image"


BOMBS = [
    (png_head(1001, 1000), "1001 × 1000"),
    (png_head(2**31 - 1, 2**31 - 1), "2147483647 × 2147483647"),
    (b"GIF89a\xff\xff\xff\xff" + bytes(9), "65535 × 65535"),
    (ico(png_head(30_000, 30_000)), "30000 × 30000"),
    (b"<svg width='9999' height='9999'/>", "9999 × 9999"),
]


@pytest.mark.parametrize(("content", "sides"), BOMBS)
def test_a_pixel_bomb_is_refused_by_its_header(
    fetcher: Fetcher, origin: Origin, content: bytes, sides: str
) -> None:
    origin.answers["/"] = answer(content)
    with pytest.raises(TooLarge, match=f"^too large: {sides} pixels$"):
        image(fetcher, origin.url())


def test_as_many_pixels_as_allowed_pass(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(png_head(1000, 1000))
    assert image(fetcher, origin.url()).width == 1000


def test_a_page_comes_with_its_final_url_and_charset(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = redirect("/to/a page?q#part")
    page = answer(HTML, Content_Type='text/html; Charset="utf-8"')
    origin.answers["/to/a%20page?q"] = page
    final = Url.parse(origin.url("/to/a%20page?q"))
    assert fetcher.page(Url.parse(origin.url())) == Page(final, HTML, "utf-8")


PAGES = [
    (HTML, "text/html"),
    (HTML, "application/xhtml+xml; charset=x"),
    (HTML, "image/png"),
    (HTML, "text/plain"),
    (b"<img src=/a.png>", "text/plain"),
    (b"<center><font>x", ""),
    (b"<section><h2>x", ""),
    (b"<noscript><b>x", ""),
    (b"<!-- " + b"x" * 5000 + b" --><p>", ""),
    (HTML, ""),
    (b"\xef\xbb\xbf\n <!-- x --> <HTML>", ""),
    (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "text/xml"),
    (b"just text, and <img src=a.png>", "text/html"),
    (b"<custom-element>", "TEXT/HTML"),
    (b"<?xml version='1.0'?><?xml-stylesheet href='x'?>\n<!-- --><rss>", "application/rss+xml"),
    (b"<feed xmlns='http://www.w3.org/2005/Atom'>", "text/xml"),
    (b"<rdf:RDF>", "application/xml"),
    ("\ufeff<p>".encode("utf-16"), "text/html"),
]


@pytest.mark.parametrize(("content", "declared"), PAGES)
def test_what_is_html_or_says_so_is_a_page(
    fetcher: Fetcher, origin: Origin, content: bytes, declared: str
) -> None:
    origin.answers["/"] = answer(content, Content_Type=declared)
    assert fetcher.page(Url.parse(origin.url())).body == content


NO_PAGES = [
    (png(), "text/html", "png"),
    (b"%PDF-1.7", "text/html", "PDF"),
    (b"PK\x03\x04", "text/html", "a ZIP archive"),
    (b"<svg/>", "text/html", "svg"),
    (b"", "text/html", "empty"),
    (b'{"a": 1}', "application/json", "text"),
    (b"<opml>", "text/x-opml", "XML"),
    (b"plain", "", "text"),
]


@pytest.mark.parametrize(("content", "declared", "name"), NO_PAGES)
def test_what_is_something_else_is_no_page(
    fetcher: Fetcher, origin: Origin, content: bytes, declared: str, name: str
) -> None:
    origin.answers["/"] = answer(content, Content_Type=declared)
    with pytest.raises(NotHtml, match=f"^not HTML: {name}$"):
        fetcher.page(Url.parse(origin.url()))


def test_a_page_has_its_own_limit(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/fits"] = answer(HTML.ljust(100 * KiB), Content_Type="text/html")
    origin.answers["/more"] = answer(HTML.ljust(100 * KiB + 1), Content_Type="text/html")
    assert len(fetcher.page(Url.parse(origin.url("/fits"))).body) == 100 * KiB
    with pytest.raises(TooLarge):
        fetcher.page(Url.parse(origin.url("/more")))


@pytest.mark.parametrize(
    "status", ["202 Accepted", "204 No Content", "206 Partial Content", "304 Not Modified"]
)
def test_what_is_not_whole_is_a_failure(fetcher: Fetcher, origin: Origin, status: str) -> None:
    origin.answers["/"] = answer(b"", status)
    with pytest.raises(OriginStatus, match=f"^the server answered {status[:3]}$"):
        image(fetcher, origin.url())


@pytest.mark.parametrize(
    "head",
    [
        "304 Not Modified\r\nTransfer-Encoding: identity",
        "204 No Content\r\nContent-Length: 100",
        "404 Not Found",
        "404 Not Found\r\nTransfer-Encoding: identity",
        "500 Internal Server Error\r\nContent-Length: +5",
    ],
)
def test_no_end_is_waited_for_of_what_is_not_needed(
    fetcher: Fetcher, origin: Origin, head: str
) -> None:
    origin.answers["/"] = then(f"HTTP/1.1 {head}\r\n\r\n".encode(), Peer.hang)
    with pytest.raises(OriginStatus, match=f"^the server answered {head[:3]}$"):
        image(fetcher, origin.url())


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_every_redirect_is_followed(fetcher: Fetcher, origin: Origin, status: str) -> None:
    origin.answers |= {"/": redirect("a.png", f"{status} Moved"), "/a.png": answer(png())}
    assert image(fetcher, origin.url()).bytes == 100


def test_a_redirect_to_nowhere_fails(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(b"", "302 Found")
    with pytest.raises(OriginStatus, match="302"):
        image(fetcher, origin.url())


def test_raw_bytes_in_a_location_count_as_encoded(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = (
        b"HTTP/1.1 302 Found\r\nLocation: /\xc3\xa4\xe9\r\nContent-Length: 0\r\n\r\n"
    )
    origin.answers["/%C3%A4%E9"] = answer(png())
    assert image(fetcher, origin.url()).bytes == 100


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_closed_door_names_the_bookmarklet(fetcher: Fetcher, origin: Origin, status: str) -> None:
    origin.answers["/"] = answer(b"", status)
    with pytest.raises(OriginStatus, match=f"^the server answered {status[:3]}; .*bookmarklet"):
        fetcher.page(Url.parse(origin.url()))
