"""HTTPS through the judged address: the certificate is for the name, and TLS has no way around."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from app.errors import BrokenTransfer, DeadlineExceeded, RefusedAddress, TooLarge, Unreachable
from app.fetch.session import Trust
from app.setting_values import KiB
from app.urls import Url
from tests.fetch.conftest import CANARY, Clock, Fetching, Resolver, image
from tests.fetch.origin import Origin, Peer, answer, closing, png, redirect


def chunked(content: bytes) -> bytes:
    """Write a whole answer in one chunk."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)


RESOLVER = Resolver(good_test=[["127.0.0.2"]], wrong_test=[["127.0.0.2"]])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> Trust:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return lambda: context


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Origin]:
    certificate = authority.issue_cert("good.test", "127.0.0.2")
    with Origin(tls=serving(certificate)) as origin:
        origin.answers["/"] = answer(png(50_000))
        yield origin


def test_the_right_name_passes_and_is_told_to_the_origin(
    fetching: Fetching, secure: Origin, tls: Trust
) -> None:
    names: list[str | None] = []
    assert secure.tls
    secure.tls.sni_callback = lambda _, name, __: names.append(name)
    fetcher = fetching(resolve=RESOLVER, tls=tls)
    for host in ("good.test", "good.test.", "good.test"):
        assert image(fetcher, secure.url(host=host)).bytes == 50_000
    assert names == ["good.test", "good.test"], "one handshake for each host"
    assert f"\r\nHost: good.test:{secure.port}\r\n".encode() in secure.requests[0]


def test_an_address_passes_when_the_certificate_has_it(
    fetching: Fetching, secure: Origin, tls: Trust
) -> None:
    assert image(fetching(tls=tls), secure.url()).bytes == 50_000


def test_a_message_goes_to_the_right_name_alone(
    fetching: Fetching, secure: Origin, tls: Trust
) -> None:
    fetcher = fetching(resolve=RESOLVER, tls=tls)
    message = b"m" * 20_000
    assert fetcher.post(Url.parse(secure.url(host="good.test")), message, {}).status == 200
    assert secure.requests[0].endswith(b"\r\n\r\n" + message)
    with pytest.raises(Unreachable, match="certificate"):
        fetcher.post(Url.parse(secure.url(host="wrong.test")), message, {})
    assert len(secure.requests) == 1


def test_the_wrong_name_fails(fetching: Fetching, secure: Origin, tls: Trust) -> None:
    with pytest.raises(Unreachable, match="unreachable: certificate: Hostname mismatch"):
        image(fetching(resolve=RESOLVER, tls=tls), secure.url(host="wrong.test"))
    assert not secure.requests


def test_an_authority_that_nobody_knows_fails(fetching: Fetching, secure: Origin) -> None:
    with pytest.raises(Unreachable, match="unreachable: certificate: unable to get local issuer"):
        image(fetching(resolve=RESOLVER), secure.url(host="good.test"))


def test_an_expired_certificate_fails(
    fetching: Fetching, authority: trustme.CA, tls: Trust
) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificate = authority.issue_cert("good.test", not_after=yesterday)
    with Origin(tls=serving(certificate)) as origin:
        with pytest.raises(Unreachable, match="unreachable: certificate: certificate has expired"):
            image(fetching(resolve=RESOLVER, tls=tls), origin.url(host="good.test"))
        assert not origin.requests


def test_a_redirect_to_http_leaves_the_referer_behind(
    fetching: Fetching, secure: Origin, origin: Origin, tls: Trust
) -> None:
    secure.answers["/"] = redirect(origin.url())
    origin.answers["/"] = answer(png())
    image(fetching(tls=tls), secure.url(), referer=Url.parse("https://example.com/"))
    assert b"Referer: https://example.com/\r\n" in secure.requests[0]
    assert b"Referer" not in origin.requests[0]


def test_a_certificate_opens_no_inner_address(
    fetching: Fetching, authority: trustme.CA, tls: Trust
) -> None:
    certificate = authority.issue_cert("good.test")
    with Origin((CANARY,), tls=serving(certificate)) as canary:
        with pytest.raises(RefusedAddress):
            image(
                fetching(resolve=Resolver(good_test=[[CANARY]]), tls=tls),
                canary.url(host="good.test"),
            )
        assert not canary.connections


def test_what_speaks_no_tls_is_unreachable(fetching: Fetching, origin: Origin) -> None:
    url = origin.url().replace("http:", "https:")
    origin.greeting = lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(Unreachable, match=r"^unreachable: no TLS with 127\.0\.0\.2; .* http://$"):
        image(fetching(), url)


@pytest.mark.parametrize(
    "greeting", [Peer.hang, lambda peer: peer.drip(b"\x16\x03\x03\x40\0" * 99)]
)
def test_a_handshake_meets_the_deadline(
    fetching: Fetching, origin: Origin, greeting: object
) -> None:
    origin.greeting = greeting
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        image(fetching(seconds=0.3), origin.url().replace("http:", "https:"))
    assert time.monotonic() - start < 15


def test_a_drip_under_tls_meets_the_deadline(
    fetching: Fetching, secure: Origin, tls: Trust
) -> None:
    secure.answers["/"] = lambda peer: peer.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 999)
    with pytest.raises(DeadlineExceeded):
        image(fetching(seconds=0.3, tls=tls), secure.url())


def test_a_flood_under_tls_meets_the_budget(fetching: Fetching, secure: Origin, tls: Trust) -> None:
    secure.answers["/"] = lambda peer: peer.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
    with pytest.raises(TooLarge, match="around the body"):
        image(fetching(tls=tls), secure.url())


def test_a_body_that_ends_without_a_farewell_is_cut_off(
    fetching: Fetching, secure: Origin, tls: Trust
) -> None:
    """Without a length, only TLS's close_notify tells an end from a cut."""
    clock = Clock()
    fetcher = fetching(tls=tls, clock=clock, sleep=clock.sleep)
    start = b"HTTP/1.1 200 OK\r\n\r\n" + png()
    secure.answers["/"] = closing(start)
    with pytest.raises(BrokenTransfer, match="ended early"):
        image(fetcher, secure.url())
    secure.answers["/"] = lambda peer: (peer.send(start), peer.farewell())
    assert image(fetcher, secure.url()).bytes == 100


def test_authorities_are_loaded_by_the_first_https_connection_alone(
    fetching: Fetching, origin: Origin, secure: Origin
) -> None:
    loaded: list[ssl.SSLContext] = []

    def trust() -> ssl.SSLContext:
        loaded.append(ssl.create_default_context())
        return loaded[-1]

    origin.answers["/"] = answer(png())
    fetcher = fetching(resolve=RESOLVER, tls=trust)
    image(fetcher, origin.url())
    assert loaded == []
    with pytest.raises(Unreachable, match="certificate"):  # the authority is not a public one
        image(fetcher, secure.url(host="good.test"))
    assert len(loaded) == 1


# The reader takes 8 KiB at once, TLS a whole record of 16 KiB, the wire whatever came.
@pytest.mark.parametrize("size", [100, 8 * KiB, 12 * KiB, 15 * KiB, 20 * KiB, 40 * KiB])
@pytest.mark.parametrize("how", ["http", "https"])
@pytest.mark.parametrize("framing", [answer, chunked])
def test_an_answer_that_nobody_asked_for_answers_nothing(
    fetching: Fetching,
    secure: Origin,
    origin: Origin,
    tls: Trust,
    framing: Callable[[bytes], bytes],
    how: str,
    size: int,
) -> None:
    server = secure if how == "https" else origin
    server.answers |= {"/": framing(png(size)) + answer(png(33)), "/2": answer(png(222))}
    fetcher = fetching(tls=tls)
    assert image(fetcher, server.url()).bytes == size
    assert image(fetcher, server.url("/2")).bytes == 222
    assert image(fetcher, server.url("/2")).bytes == 222
    assert server.connections.total() == 2, "what ends as it says is kept"
