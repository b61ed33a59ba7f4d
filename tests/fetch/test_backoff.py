"""Manners: when the fetcher comes again, how often, and how it introduces itself."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BrokenTransfer, DeadlineExceeded, Failure, OriginStatus
from app.fetch import Fetcher
from app.fetch.backoff import MAX_HOLD_SECONDS, Holds, retry_after
from tests.fetch.conftest import Clock, Fetching, image
from tests.fetch.origin import Answer, Origin, Peer, answer, png, redirect


@pytest.fixture
def clock() -> Clock:
    return Clock()


def in_turn(*answers: Answer) -> Answer:
    """Give one answer after the other, each on a connection of its own."""
    left = list(answers)

    def give(peer: Peer) -> None:
        now = left.pop(0)
        if callable(now):
            now(peer)
        else:
            peer.send(now)

    return give


def reset(peer: Peer) -> None:
    """Hang up without a word."""


def busy(status: str, after: str) -> bytes:
    return answer(b"busy", f"{status} Busy", Retry_After=after, Connection="close")


def failing(status: str) -> bytes:
    return answer(b"", f"{status} Failing", Connection="close")


@pytest.mark.parametrize("status", ["429", "503"])
def test_a_host_that_asks_for_a_pause_gets_it(
    fetching: Fetching, origin: Origin, clock: Clock, status: str
) -> None:
    origin.answers["/"] = in_turn(*[busy(status, "7")] * 4, answer(png()))
    fetcher = fetching(seconds=60, clock=clock, sleep=clock.sleep)
    image(fetcher, origin.url())
    assert sum(clock.naps) == pytest.approx(4 * 7)
    assert max(clock.naps) <= 0.5, "somebody may want to stop us meanwhile"


def test_a_pause_holds_for_the_host_in_all_jobs(
    fetching: Fetching, origin: Origin, clock: Clock
) -> None:
    origin.answers |= {"/": answer(png()), "/busy": in_turn(busy("429", "30"))}
    holds = Holds(clock)
    one = fetching(seconds=10, clock=clock, sleep=clock.sleep, holds=holds)
    other = fetching(seconds=60, clock=clock, sleep=clock.sleep, holds=holds)
    with pytest.raises(OriginStatus, match=r"^the server asked to wait 30 s$") as held:
        image(one, origin.url("/busy"))
    assert held.value.transient
    assert not clock.naps
    image(other, origin.url("/", "127.0.0.3"))
    assert not clock.naps, "another host is not held"
    image(other, origin.url())
    assert sum(clock.naps) == pytest.approx(30)


def test_a_pause_holds_for_the_host_that_a_redirect_led_to(
    fetching: Fetching, origin: Origin, clock: Clock
) -> None:
    origin.answers["/"] = redirect(origin.url("/there", "127.0.0.3"))
    origin.answers["/there"] = in_turn(busy("503", "3"), answer(png()))
    image(fetching(clock=clock, sleep=clock.sleep), origin.url())
    assert origin.targets() == ["/", "/there", "/there"]


def test_asking_for_no_pause_still_gets_a_second(
    fetching: Fetching, origin: Origin, clock: Clock
) -> None:
    origin.answers["/"] = in_turn(busy("429", "0"), answer(png()))
    image(fetching(clock=clock, sleep=clock.sleep), origin.url())
    assert sum(clock.naps) == pytest.approx(1)


TRANSIENT: list[Answer] = [*map(failing, ["408", "429", "502", "503", "504"]), reset]


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_transient_fault_gets_two_more_tries(
    fetching: Fetching, origin: Origin, clock: Clock, fault: Answer
) -> None:
    origin.answers["/"] = in_turn(fault, fault, answer(png()))
    image(fetching(clock=clock, sleep=clock.sleep), origin.url())
    assert 0.75 <= sum(clock.naps) <= 2.25


@pytest.mark.parametrize("fault", TRANSIENT)
def test_and_no_third_one(fetching: Fetching, origin: Origin, clock: Clock, fault: Answer) -> None:
    origin.answers["/"] = in_turn(fault, fault, fault, answer(png()))
    with pytest.raises(Failure) as failure:
        image(fetching(clock=clock, sleep=clock.sleep), origin.url())
    assert isinstance(failure.value, OriginStatus | BrokenTransfer)
    assert failure.value.transient
    assert len(origin.requests) == 3


@pytest.mark.parametrize(
    "fault",
    [
        *map(failing, ["400", "401", "403", "404", "410", "418", "451", "500", "501"]),
        answer(b"<html>"),
    ],
)
def test_a_permanent_fault_gets_no_further_try(
    fetching: Fetching, origin: Origin, clock: Clock, fault: Answer
) -> None:
    origin.answers["/"] = in_turn(fault)
    with pytest.raises(Failure) as failure:
        image(fetching(clock=clock, sleep=clock.sleep), origin.url())
    assert not failure.value.transient
    assert len(origin.requests) == 1


def test_every_try_has_the_whole_byte_budget(hasty: Fetcher, origin: Origin) -> None:
    much = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 7_000
    origin.answers["/"] = in_turn(much + failing("502"), much + answer(png()))
    image(hasty, origin.url())


def test_no_further_try_begins_after_the_deadline(
    fetching: Fetching, origin: Origin, clock: Clock
) -> None:
    origin.answers["/"] = failing("502")
    with pytest.raises(OriginStatus, match="502"):
        image(fetching(seconds=0.2, clock=clock, sleep=clock.sleep), origin.url())
    assert len(origin.requests) == 1


def test_pauses_are_not_in_step(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = failing("502")
    totals = set()
    for _ in range(3):
        clock = Clock()
        with pytest.raises(OriginStatus):
            image(fetching(clock=clock, sleep=clock.sleep), origin.url())
        totals.add(sum(clock.naps))
    assert len(totals) == 3


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


AFTER = [
    ("0", 0),
    ("120", 120),
    (" 120 ", 120),
    ("9" * 500, None),
    ("soon", None),
    ("-1", None),
    ("1.5", 1.5),
    ("1.", None),
    (".5", None),
    ("9" * 20, 1e20),
    ("²", None),
    ("", None),
    ("Wed, 99 Oct 9999999 07:28:00 GMT", None),
    (None, None),
]


@pytest.mark.parametrize(("value", "seconds"), AFTER)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize("zone", ["GMT", "-0000"])
@pytest.mark.parametrize("seconds", [100, -100])
def test_retry_after_is_read_as_a_time_from_now(seconds: int, zone: str) -> None:
    date = date_in(seconds).replace("GMT", zone)
    assert retry_after(date) == pytest.approx(seconds, abs=5)


@settings(deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"\w{3}, [0-9]{1,4} \w{3} [0-9]{1,9} .{0,20}"))
def test_no_retry_after_makes_the_reader_fail(value: str) -> None:
    assert isinstance(retry_after(value), float | None)


def test_no_host_holds_itself_for_ever() -> None:
    clock = Clock()
    holds = Holds(clock)
    holds.hold("a", 10**12)
    assert holds.left("a") == MAX_HOLD_SECONDS
    holds.hold("a", 5)
    assert holds.left("a") == MAX_HOLD_SECONDS, "a shorter wish does not end a longer one"
    clock.sleep(MAX_HOLD_SECONDS + 1)
    assert holds.left("a") == 0
    holds.hold("b", 5)
    assert holds.left("b") == 5
    assert len(holds) == 1, "what is over is forgotten"


def headers(origin: Origin) -> dict[str, str]:
    lines = origin.requests[-1].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines if line)


def test_it_says_who_it_is_and_what_it_prefers(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = answer(png())
    image(fetching(contact="https://example.com/bot"), origin.url())
    sent = headers(origin)
    assert sent["User-Agent"] == "image-downloader/0.1.0 (+https://example.com/bot)"
    assert sent["Accept"].startswith("image/avif,image/webp,")
    assert "Referer" not in sent


def test_a_silent_origin_is_not_asked_twice(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = Peer.hang
    with pytest.raises(DeadlineExceeded):
        image(fetching(seconds=0.2), origin.url())
    assert len(origin.requests) <= 1
