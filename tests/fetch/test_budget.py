"""The watch by itself: when it ends a fetch, and how often it asks."""

import pytest

from app.errors import DeadlineExceeded, Interrupted, TimeUp, TooLarge
from app.fetch.budget import OVERHEAD_BYTES, JobTime, Watch
from app.setting_values import KiB
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


def slow(seconds: float, came: int) -> Watch:
    """Return a watch of a response that has begun and let us wait."""
    watch = Watch(lambda: False)
    watch.start(60)
    watch.expect_pace(True)
    watch.spend(came)
    watch.count_wait(seconds)
    return watch


def test_a_response_that_goes_on_too_slowly_ends() -> None:
    with pytest.raises(DeadlineExceeded, match="too slow, 20479 bytes in 20 s"):
        slow(20, 20 * KiB - 1)


@pytest.mark.parametrize(("seconds", "came"), [(20, 20 * KiB), (19.9, 1)])
def test_a_response_that_keeps_the_pace_goes_on(seconds: float, came: int) -> None:
    watch = slow(seconds, came)
    watch.count_wait(0)


def test_each_stretch_has_to_keep_the_pace() -> None:
    watch = slow(20, 60 * KiB)
    watch.count_wait(19)
    watch.spend(20 * KiB - 1)
    with pytest.raises(DeadlineExceeded):
        watch.count_wait(1)


def test_a_response_may_let_us_wait_for_its_beginning() -> None:
    watch = slow(19, 1)
    watch.expect_pace(False)
    watch.count_wait(40)
    watch.expect_pace(True)
    watch.count_wait(19)


def test_the_time_of_a_job_is_shared_by_its_fetches_and_counts_earlier_runs() -> None:
    clock = Clock()
    job_time = JobTime(10, spent=7, clock=clock)
    watches = [Watch(lambda: False, clock, clock.sleep, job_time) for _ in range(2)]
    for watch in watches:
        watch.start(60)
        clock.sleep(1)
        watch.check()
    clock.sleep(1)
    for watch in watches:
        with pytest.raises(TimeUp, match="the job was not done within 10 s"):
            watch.check()
    assert job_time.spent() == 10


def test_pauses_that_are_asked_for_are_no_time_of_a_job_nor_counted_twice() -> None:
    clock = Clock()
    job_time = JobTime(10, clock=clock)
    watch = Watch(lambda: False, clock, clock.sleep, job_time)
    watch.start(60)
    with job_time.pause():
        watch.pause(50)
    assert job_time.spent() == 0
    clock.sleep(9)
    assert job_time.spent() == 9


def test_pauses_of_more_than_five_minutes_count() -> None:
    clock = Clock()
    job_time = JobTime(10, clock=clock)
    with job_time.pause():
        clock.sleep(309)
        job_time.check()
        clock.sleep(1)
        with pytest.raises(TimeUp):
            job_time.check()


def test_a_body_earns_a_quarter_more_for_its_framing_and_nothing_else() -> None:
    watch = Watch(lambda: False)
    watch.start(60)
    watch.spend(OVERHEAD_BYTES)
    watch.earn(400)
    watch.spend(500)
    with pytest.raises(TooLarge):
        watch.spend(1)
