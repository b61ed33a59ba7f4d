"""Responses that trickle end early; those that only begin late do not."""

import time

import pytest

from app.errors import DeadlineExceeded
from app.fetch import budget
from tests.fetch.conftest import Fetching, image
from tests.fetch.origin import Answer, Origin, Peer, answer, png, then
from tests.fetch.test_limits import SLOW


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PACE_SECONDS", 0.5)


@pytest.mark.parametrize(
    "where", ["header", "body", "body without length", "chunk size", "chunk", "redirect's body"]
)
def test_a_trickle_ends_long_before_the_deadline_and_is_not_tried_again(
    fetching: Fetching, origin: Origin, where: str
) -> None:
    origin.answers["/"] = SLOW[where]
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"^deadline exceeded: too slow, \d+ bytes in"):
        image(fetching(seconds=60), origin.url())
    assert time.monotonic() - start < 15
    assert len(origin.requests) == 1


def test_a_response_that_stops_in_the_middle_ends_as_well(
    fetching: Fetching, origin: Origin
) -> None:
    origin.answers["/"] = then(answer(png(100), length=5000), Peer.hang)
    with pytest.raises(DeadlineExceeded, match="too slow"):
        image(fetching(seconds=60), origin.url())


def late(*parts: bytes) -> Answer:
    def play(peer: Peer) -> None:
        for part in parts:
            peer.closed.wait(0.8)
            peer.send(part)

    return play


@pytest.mark.parametrize(
    "parts",
    [
        [answer(png())],
        [b"HTTP/1.1 102 Processing\r\n\r\n", answer(png())],
    ],
)
def test_a_response_may_begin_late(fetching: Fetching, origin: Origin, parts: list[bytes]) -> None:
    origin.answers["/"] = late(*parts)
    assert image(fetching(), origin.url()).bytes == 100


def test_a_late_response_after_another_on_the_same_connection_is_none_that_trickles(
    fetching: Fetching, origin: Origin
) -> None:
    fetcher = fetching()
    origin.answers["/first"] = answer(png())
    origin.answers["/"] = late(answer(png()))
    assert image(fetcher, origin.url("/first")).bytes == 100
    assert image(fetcher, origin.url()).bytes == 100
    assert origin.connections.total() == 1
