"""How much and how long: drips, floods, bombs, lies about lengths."""

import gzip
import io
import threading
import time
from collections.abc import Callable

import pytest

from app.errors import (
    BrokenTransfer,
    DeadlineExceeded,
    Failure,
    Interrupted,
    OriginStatus,
    TooLarge,
)
from app.fetch import Fetcher
from app.setting_values import KiB, MiB
from app.urls import Url
from tests.fetch.conftest import Fetching, image
from tests.fetch.origin import Answer, Origin, Peer, answer, closing, png, redirect, then

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
X = b"x" * 1000


def drip(data: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.drip(data)


def flood(data: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.flood(data)


SLOW: dict[str, Answer] = {
    "nothing": Peer.hang,
    "status line": drip(b"HTTP/1.1 200 " + X),
    "interim answers": drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 40),
    "header": then(OK, drip(b"X-Slow: " + X)),
    "body": then(OK + b"Content-Length: 5000\r\n\r\n", drip(X)),
    "body without length": then(OK + b"\r\n", drip(X)),
    "chunk size": then(CHUNKED, drip(b"0" * 1000)),
    "chunk": then(CHUNKED + b"3e8\r\n", drip(X)),
    "trailer": then(CHUNKED + b"64\r\n" + png() + b"\r\n0\r\n", drip(b"X-Slow: " + X)),
    "redirect's body": then(
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 900\r\n\r\n", drip(X)
    ),
    "error's body": then(b"HTTP/1.1 404 No\r\nContent-Length: 900\r\n\r\n", drip(X)),
}


@pytest.mark.parametrize("where", SLOW)
def test_a_drip_meets_the_deadline(fetching: Fetching, origin: Origin, where: str) -> None:
    origin.answers["/"] = SLOW[where]
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"^deadline exceeded: not done within 0\.3 s$"):
        image(fetching(seconds=0.3), origin.url())
    assert 0.3 <= time.monotonic() - start < 15


def test_the_deadline_spans_all_hops(fetching: Fetching, origin: Origin) -> None:
    for hop in range(5):
        origin.answers[f"/{hop}"] = then(b"", lambda peer, to=hop + 1: slow_hop(peer, to))
    with pytest.raises(DeadlineExceeded):
        image(fetching(seconds=0.3), origin.url("/0"))
    assert len(origin.requests) <= 3


def slow_hop(peer: Peer, to: int) -> None:
    peer.closed.wait(0.12)
    peer.send(answer(b"", "302 Found", Location=f"/{to}", Connection="close"))


@pytest.mark.parametrize("where", ["nothing", "status line", "body", "trailer"])
def test_a_stopping_process_cuts_a_fetch_long_before_its_deadline(
    fetching: Fetching, origin: Origin, where: str
) -> None:
    origin.answers["/"] = SLOW[where]
    stopping = threading.Event()
    fetcher = fetching(seconds=60, cut=stopping.is_set)
    threading.Timer(0.1, stopping.set).start()
    start = time.monotonic()
    with pytest.raises(Interrupted):
        image(fetcher, origin.url())
    assert time.monotonic() - start < 15


def test_a_cancelled_job_asks_for_nothing(fetching: Fetching, origin: Origin) -> None:
    with pytest.raises(Interrupted):
        image(fetching(cut=lambda: True), origin.url())
    assert not origin.requests


ENDLESS: dict[str, tuple[type[Failure], Answer]] = {
    "interim answers": (TooLarge, flood(b"HTTP/1.1 103 Early\r\n\r\n" * 100)),
    "continues": (TooLarge, flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)),
    "status line": (BrokenTransfer, flood(X)),
    "header line": (BrokenTransfer, then(OK + b"X-Long: ", flood(X))),
    "headers": (BrokenTransfer, then(OK, flood(b"X-Many: 1\r\n" * 100))),
    "body": (TooLarge, then(OK + b"\r\n" + png(), flood(X))),
    "chunks": (TooLarge, then(CHUNKED + b"64\r\n" + png(), flood(b"\r\n3e8\r\n" + X))),
    "tiny chunks": (
        TooLarge,
        then(CHUNKED + b"64\r\n" + png() + b"\r\n", flood(b"1\r\nx\r\n" * 99)),
    ),
    "chunk size": (BrokenTransfer, then(CHUNKED, flood(b"0" * 1000))),
    "chunk extension": (BrokenTransfer, then(CHUNKED + b"64;", flood(X))),
    "trailers": (
        TooLarge,
        then(CHUNKED + b"64\r\n" + png() + b"\r\n0\r\n", flood(b"X: y\r\n" * 99)),
    ),
    "trailer line": (BrokenTransfer, then(CHUNKED + b"64\r\n" + png() + b"\r\n0\r\nX:", flood(X))),
    "redirects": (OriginStatus, redirect("/")),
    "redirects with bodies": (
        OriginStatus,
        then(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", flood(X)),
    ),
    "length": (TooLarge, answer(png(), length=10**18)),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_an_endless_answer_ends(hasty: Fetcher, origin: Origin, what: str) -> None:
    failure, origin.answers["/"] = ENDLESS[what]
    start = time.monotonic()
    with pytest.raises(failure):
        image(hasty, origin.url())
    assert time.monotonic() - start < 15


def test_empty_blocks_of_compression_end_at_the_limit(hasty: Fetcher, origin: Origin) -> None:
    head = OK + b"Content-Encoding: deflate\r\n\r\n" + b"\0\x64\0\x9b\xff" + png()
    origin.answers["/"] = then(head, flood(b"\0\0\0\xff\xff" * 200))
    with pytest.raises(TooLarge, match=rf"^too large: more than {100 * KiB} bytes$"):
        image(hasty, origin.url())


def test_chunks_of_one_byte_end_long_before_the_limit(fetching: Fetching, origin: Origin) -> None:
    """A hundred million of them would keep a core busy for minutes."""
    start = CHUNKED + b"64\r\n" + png() + b"\r\n"
    origin.answers["/"] = then(start, flood(b"1\r\nx\r\n" * 1000))
    spent = time.thread_time()
    with pytest.raises(TooLarge, match=r"^too large: more than 262144 bytes around the body$"):
        image(fetching(max_image_bytes=100 * MiB), origin.url())
    assert time.thread_time() - spent < 3


def test_five_redirects_are_followed_and_not_six(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers |= {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(6)}
    origin.answers |= {"/5": answer(png())}
    image(fetcher, origin.url("/0"))
    origin.answers |= {"/5": redirect("/6"), "/6": answer(png())}
    with pytest.raises(OriginStatus, match=r"^more than 5 redirects$"):
        image(fetcher, origin.url("/0"))
    assert "/6" not in origin.targets()


def test_the_largest_body_passes_and_one_byte_more_fails(fetcher: Fetcher, origin: Origin) -> None:
    limit = 100 * KiB
    large = CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (limit + 1, png(limit + 1))
    origin.answers |= {"/fits": answer(png(limit)), "/more": answer(png(limit + 1)), "/long": large}
    assert image(fetcher, origin.url("/fits")).bytes == limit
    with pytest.raises(TooLarge, match=rf"^too large: {limit + 1} bytes$"):
        image(fetcher, origin.url("/more"))
    with pytest.raises(TooLarge, match=rf"^too large: more than {limit} bytes$"):
        image(fetcher, origin.url("/long"))


BOMB = gzip.compress(png() + bytes(20 * MiB))
DAMAGED = {
    "bomb": (TooLarge, answer(BOMB, Content_Encoding="gzip")),
    "truncated": (BrokenTransfer, answer(gzip.compress(png())[:-9], Content_Encoding="gzip")),
    "damaged": (BrokenTransfer, answer(gzip.compress(png())[:20] + X, Content_Encoding="gzip")),
    "not brotli": (BrokenTransfer, answer(png(), Content_Encoding="br")),
    "not deflate": (BrokenTransfer, answer(png(), Content_Encoding="deflate")),
    "wrong sum": (
        BrokenTransfer,
        answer(gzip.compress(png())[:-8] + bytes(8), Content_Encoding="gzip"),
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_bomb_or_a_damaged_layer_fails(hasty: Fetcher, origin: Origin, what: str) -> None:
    failure, origin.answers["/"] = DAMAGED[what]
    file = io.BytesIO()
    with pytest.raises(failure):
        hasty.image(Url.parse(origin.url()), file)
    assert len(file.getvalue()) <= 100 * KiB


EARLY, NOT_HTTP = "it ended early", "not valid HTTP"
NO_LENGTH, NO_CODING = "Content-Length is not valid", "unknown transfer coding"
BROKEN: dict[str, tuple[str, bytes]] = {
    "body ends early": (EARLY, answer(png(), length=101)),
    "status ends early": (NOT_HTTP, b"HTTP/1.1 20"),
    "header ends early": (NOT_HTTP, OK + b"Content-Len"),
    "no answer": (EARLY, b""),
    "chunk ends early": (EARLY, CHUNKED + b"65\r\n" + png()),
    "no last chunk": (EARLY, CHUNKED + b"64\r\n" + png() + b"\r\n"),
    "negative chunk": (EARLY, CHUNKED + b"-64\r\n" + png() + b"\r\n0\r\n\r\n"),
    "chunk size is no number": (EARLY, CHUNKED + b"zz\r\n" + png() + b"\r\n0\r\n\r\n"),
    **{
        f"chunk size is {size!r}": (
            EARLY,
            CHUNKED + size + b"\r\n" + png() + b"\r\n0\r\n\r\n",
        )
        for size in (b"0x64", b"0_64", b"6_4", b"+64", b" 64", b"64 4", b"\x0b64", b"64\r", b"64,;")
    },
    "last chunk is -0": (EARLY, CHUNKED + b"64\r\n" + png() + b"\r\n-0\r\n\r\n"),
    "chunk is longer than its size": (
        EARLY,
        CHUNKED + b"64\r\n" + png() + b"xx0\r\n\r\n",
    ),
    "no chunk size": (EARLY, CHUNKED + b"\r\n" + png()),
    "not chunked": (EARLY, CHUNKED + png()),
    "chunk size is too long": (NOT_HTTP, CHUNKED + b"0" * 70_000),
    "lengths differ": (
        NO_LENGTH,
        OK + b"Content-Length: 100\r\nContent-Length: 99\r\n\r\n" + png(),
    ),
    "one length of two is no number": (NO_LENGTH, OK + b"Content-Length: 100, x\r\n\r\n" + png()),
    "length is no number": (NO_LENGTH, OK + b"Content-Length: many\r\n\r\n" + png()),
    "length is negative": (NO_LENGTH, OK + b"Content-Length: -100\r\n\r\n" + png()),
    "length has a sign": (NO_LENGTH, OK + b"Content-Length: +100\r\n\r\n" + png()),
    "length is not ASCII": (NO_LENGTH, OK + b"Content-Length: \xb2\r\n\r\n" + png()),
    "length is too long": (NO_LENGTH, OK + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n" + png()),
    "gzip as transfer coding": (
        NO_CODING,
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + png(),
    ),
    "not HTTP": (NOT_HTTP, b"SSH-2.0-OpenSSH_9.6\r\n"),
    "HTTP/0.9": (NOT_HTTP, png()),
    "status is no number": (NOT_HTTP, b"HTTP/1.1 two hundred\r\n\r\n" + png()),
    "status is out of range": (NOT_HTTP, b"HTTP/1.1 2000 OK\r\n\r\n" + png()),
    "TLS": (NOT_HTTP, b"\x15\x03\x01\x00\x02\x02\x46"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_framing_is_a_failure_and_never_half_an_image(
    hasty: Fetcher, origin: Origin, how: str
) -> None:
    reason, data = BROKEN[how]
    origin.answers["/"] = closing(data)
    with pytest.raises(BrokenTransfer, match=f"^broken transfer: {reason}$") as broken:
        image(hasty, origin.url())
    assert broken.value.transient == (reason == EARLY)


def test_a_body_without_length_ends_with_the_connection(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = closing(b"HTTP/1.0 200 OK\r\n\r\n" + png())
    assert image(fetcher, origin.url()).bytes == 100


def test_interim_answers_are_skipped(fetcher: Fetcher, origin: Origin) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    origin.answers["/"] = b"HTTP/1.1 100 Continue\r\n\r\n" + early * 2 + answer(png())
    assert image(fetcher, origin.url()).bytes == 100


def test_a_failed_fetch_spoils_no_connection_for_the_next(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers |= {"/html": answer(b"<html>" + X * 50), "/": answer(png())}
    with pytest.raises(Failure):
        image(fetcher, origin.url("/html"))
    assert image(fetcher, origin.url()).bytes == 100


@pytest.mark.parametrize("size", [b"64", b"0064", b"64 ", b"64;a=b", b'64\t; a="b\rc"'])
def test_a_chunk_may_say_more_than_its_size(fetcher: Fetcher, origin: Origin, size: bytes) -> None:
    origin.answers["/"] = CHUNKED + size + b"\r\n" + png() + b"\r\n00\r\nX: y\r\n\r\n"
    for _ in range(2):
        assert image(fetcher, origin.url()).bytes == 100
    assert origin.connections.total() == 1


@pytest.mark.parametrize("length", [b"5", b"100", b"111"])
def test_what_says_its_length_twice_is_the_last_of_its_connection(
    fetcher: Fetcher, origin: Origin, length: bytes
) -> None:
    """Whoever goes by the other length takes what follows for an answer."""
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: %b\r\n\r\n" % length)
    origin.answers["/"] = head + b"64\r\n" + png() + b"\r\n0\r\n\r\n"
    for _ in range(2):
        assert image(fetcher, origin.url()).bytes == 100
    assert origin.connections.total() == 2
