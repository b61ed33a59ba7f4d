"""The watch by itself: when it ends a fetch, and how often it asks."""

import pytest

from app.errors import DeadlineExceeded, Interrupted, TooLarge
from app.fetch.budget import OVERHEAD_BYTES, Watch
from tests.fetch.conftest import Clock


def test_bytes_that_never_make_us_wait_meet_the_deadline_too() -> None:
    clock = Clock()
    watch = Watch(lambda: False, clock, clock.sleep)
    watch.start(5)
    clock.sleep(4.9)
    watch.spend(1)
    clock.sleep(0.1)
    with pytest.raises(DeadlineExceeded):
        watch.spend(1)


def test_a_wait_is_never_longer_than_what_is_left() -> None:
    clock = Clock()
    watch = Watch(lambda: False, clock, clock.sleep)
    watch.start(0.7)
    assert watch.check() == 0.5
    clock.sleep(0.6)
    assert watch.check() == pytest.approx(0.1)


def test_the_budget_is_for_what_surrounds_the_body() -> None:
    watch = Watch(lambda: False)
    watch.start(60)
    for _ in range(100):
        watch.spend(OVERHEAD_BYTES)
        watch.earn(OVERHEAD_BYTES)
    watch.start_try()
    watch.spend(OVERHEAD_BYTES)
    with pytest.raises(TooLarge):
        watch.spend(1)


def test_whether_to_stop_is_asked_twice_a_second_however_many_bytes_come() -> None:
    """The question may cost its owner a query."""
    clock = Clock()
    asked: list[float] = []
    watch = Watch(lambda: bool(asked.append(clock.now)), clock, clock.sleep)
    watch.start(60)
    for _ in range(64):
        watch.spend(1)
        clock.sleep(1 / 32)
    assert [at - asked[0] for at in asked] == [0, 0.5, 1.0, 1.5]


def test_a_sleep_ends_when_the_process_stops() -> None:
    clock = Clock()
    watch = Watch(lambda: clock.now > 1002, clock, clock.sleep)
    watch.start(60)
    with pytest.raises(Interrupted):
        watch.sleep(50)
    assert clock.now < 1003
