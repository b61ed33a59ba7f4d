"""The seats of a process: shared by sites, lent, and given back."""

import pytest

from app.database.models import Download, Image
from app.worker.seats import SUSPECT_SECONDS, Seats

pytestmark = pytest.mark.usefixtures("app")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def image(site: str, crashes: int = 0, client: str = "") -> Image:
    return Image(source_url=f"https://{site}/", site=site, crashes=crashes, client=client)


def test_a_site_is_crowded_when_it_holds_half_of_the_seats() -> None:
    seats = Seats(4)
    first, *others = (image("a.example") for _ in range(3))
    seats.take(first)
    assert seats.turn(Image).crowded == ()

    for other in others:
        seats.take(other)
    seats.take(image("b.example"))

    assert seats.turn(Image).crowded == ("a.example",)
    seats.leave(first)
    seats.leave(others[0])
    assert seats.turn(Image).crowded == ()


def test_clients_take_turns_in_each_kind() -> None:
    seats = Seats(4)
    seats.take(image("a.example", client="b"))

    assert seats.turn(Image).after == "b"
    assert seats.turn(Download).after == ""


def test_a_suspect_runs_without_another_one_for_a_while() -> None:
    clock = Clock()
    seats = Seats(4, clock)
    suspect = image("a.example", crashes=1)
    seats.take(suspect)

    assert not seats.turn(Image).suspects
    clock.now += SUSPECT_SECONDS + 1
    assert seats.turn(Image).suspects
    seats.take(image("b.example", crashes=2))
    assert not seats.turn(Image).suspects


def test_the_last_job_on_a_lent_seat_gives_it_back_when_all_are_taken() -> None:
    clock = Clock()
    seats = Seats(4, clock)
    taken = []
    for _ in range(4):
        assert seats.lent() is None
        taken.append(image("a.example"))
        clock.now += 1
        seats.take(taken[-1])

    lent = seats.lent()
    assert lent
    assert lent.crowded == ("a.example",)
    seats.reclaim()
    seats.reclaim()  # one at a time
    assert [seats.yields(job) for job in taken] == [False, False, False, True]
    seats.leave(taken[-1])
    seats.take(image("b.example"))
    assert seats.lent() == lent
