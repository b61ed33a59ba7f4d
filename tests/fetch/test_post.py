"""Messages to receivers: one POST, whose answer matters by its status alone."""

import socket
import time

import pytest

from app.errors import (
    BrokenTransfer,
    DeadlineExceeded,
    Interrupted,
    RefusedAddress,
    TooLarge,
    Unreachable,
)
from app.fetch import Fetcher, Receipt
from app.fetch.client import POST_SECONDS
from app.setting_values import MiB
from app.urls import Url
from tests.fetch.conftest import CANARY, Clock, Fetching, Resolver
from tests.fetch.origin import Origin, answer, closing, redirect, then
from tests.fetch.test_limits import OK, SLOW, X, drip, flood

MESSAGE = "{“”}".encode()


def post(fetcher: Fetcher, url: str) -> Receipt:
    return fetcher.post(Url.parse(url), MESSAGE, {"webhook-id": "1"})


def test_a_message_arrives_as_it_is(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/hook?a=%62"] = answer(b"thanks", "204 No Content", length=0)

    assert post(fetcher, origin.url("/hook?a=%62")) == Receipt(204, None)
    [request] = origin.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=%62 HTTP/1.1\r\n")
    assert body == MESSAGE
    names = {line.partition(b":")[0].lower() for line in head.splitlines()[1:]}
    assert names == {
        *(b"host", b"user-agent", b"accept-encoding", b"content-length", b"webhook-id")
    }  # no cookie, no credential


@pytest.mark.parametrize("status", [200, 299, 302, 400, 410, 429, 500, 503])
def test_every_status_is_an_answer(fetcher: Fetcher, origin: Origin, status: int) -> None:
    origin.answers["/"] = answer(b"x", f"{status} So", Retry_After="7")

    assert post(fetcher, origin.url()) == Receipt(status, 7.0)
    assert len(origin.requests) == 1


def test_a_redirect_is_not_followed(fetcher: Fetcher, origin: Origin) -> None:
    for status in 301, 302, 303, 307, 308:
        origin.answers[f"/{status}"] = redirect("/elsewhere", f"{status} Moved")
        assert post(fetcher, origin.url(f"/{status}")).status == status

    assert "/elsewhere" not in origin.targets()


@pytest.mark.usefixtures("canary")
@pytest.mark.parametrize("inside", [CANARY, "::1", "10.0.0.1", "169.254.169.254", "::ffff:7f00:9"])
def test_a_name_that_resolves_inside_gets_nothing(
    fetching: Fetching, origin: Origin, inside: str
) -> None:
    with pytest.raises(RefusedAddress):
        post(fetching(resolve=Resolver(evil_test=[[inside]])), origin.url(host="evil.test"))


@pytest.mark.parametrize("where", ["body", "chunk", "error's body"])
def test_what_follows_the_status_is_not_waited_for(
    fetching: Fetching, origin: Origin, where: str
) -> None:
    origin.answers["/"] = SLOW[where]

    assert post(fetching(), origin.url()).status in (200, 404)


@pytest.mark.parametrize("where", ["nothing", "status line", "interim answers", "header"])
def test_a_drip_meets_the_deadline(fetching: Fetching, origin: Origin, where: str) -> None:
    origin.answers["/"] = SLOW[where]
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        post(fetching(seconds=0.3), origin.url())
    assert 0.3 <= time.monotonic() - start < 15


def test_a_receiver_has_less_time_than_an_origin(fetching: Fetching, origin: Origin) -> None:
    clock = Clock()

    def late(*_: object) -> None:
        clock.now += POST_SECONDS

    origin.answers["/"] = late
    with pytest.raises(DeadlineExceeded, match="not done within 15 s"):
        post(fetching(seconds=60, clock=clock), origin.url())


def test_a_long_answer_is_not_read_to_its_end(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = then(OK + b"\r\n", flood(X))

    assert post(fetcher, origin.url()).status == 200


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (b"", BrokenTransfer),
        (b"220 mail.test ESMTP\r\n", BrokenTransfer),
        (OK + b"X: " + b"x" * MiB, BrokenTransfer),
    ],
)
def test_what_is_no_answer_fails(
    fetcher: Fetcher, origin: Origin, said: bytes, failure: type[Exception]
) -> None:
    origin.answers["/"] = closing(said)
    with pytest.raises(failure):
        post(fetcher, origin.url())
    assert len(origin.requests) == 1  # the next try is the database's


def test_a_flood_of_headers_is_cut(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
    with pytest.raises(TooLarge):
        post(fetcher, origin.url())


def test_nobody_there_is_unreachable(fetcher: Fetcher) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.2", 0))
        with pytest.raises(Unreachable):
            post(fetcher, f"http://127.0.0.2:{unheard.getsockname()[1]}/")


def test_a_process_that_stops_cuts_it(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = drip(X)
    with pytest.raises(Interrupted):
        post(fetching(cut=lambda: bool(origin.requests)), origin.url())
