"""The seats of a process: shared by clients and sites, lent, and given back."""

import pytest

from app import jobs
from app.database.models import Delivery, Download, Image
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


def test_a_client_is_served_when_it_holds_half_of_the_seats_by_jobs_of_all_kinds() -> None:
    seats = Seats(4)
    page = Download(url="https://b.example/", site="b.example", client="b")
    for job in page, image("c.example", client="a"), image("a.example"), image("d.example"):
        seats.take(job)
    assert seats.turn(Image).served == ()
    seats.leave(page)
    seats.take(Delivery(host="c.example", client="a"))

    assert seats.turn(Image).served == ("a",)


def test_the_last_job_on_a_lent_seat_gives_it_back_when_all_are_taken() -> None:
    clock = Clock()
    seats = Seats(4, clock)
    taken = []
    for _ in range(4):
        assert not seats.full()
        taken.append(image("a.example"))
        clock.now += 1
        seats.take(taken[-1])

    assert seats.full()
    seats.reclaim(1)  # for another one of the site
    assert not any(map(seats.yields, taken))
    seats.reclaim(0)
    seats.reclaim(0)  # one at a time
    assert [seats.yields(job) for job in taken] == [False, False, False, True]
    seats.leave(taken[-1])
    seats.take(image("b.example"))
    seats.reclaim(0)
    assert [seats.yields(job) for job in taken] == [False, False, True, False]


def test_a_client_gives_seats_back_to_others_first_and_to_other_sites_of_its_own() -> None:
    clock = Clock()
    seats = Seats(4, clock)
    taken = []
    for site in "slow.example", "slow.example", "slow.example", "a.example":
        taken.append(image(site, client="a"))
        clock.now += 1
        seats.take(taken[-1])

    seats.reclaim(2)  # for one of its own at a site that holds less
    assert [seats.yields(job) for job in taken] == [False, False, True, False]
    seats.leave(taken[2])
    seats.take(Delivery(host="b.example", client="a"))
    seats.reclaim(1)  # for another client, whatever the site; a delivery ends soon by itself
    assert [seats.yields(job) for job in taken] == [False, False, False, True]


def claim_next(seats: Seats) -> Download:
    job = jobs.claim(Download, "me", seats.turn(Download))
    assert job
    seats.take(job)
    return job


def test_pages_of_one_client_at_many_hosts_leave_half_of_the_seats_to_others() -> None:
    """By claims, one after another, of 100 pages at 16 hosts beside those of two others."""
    clock = Clock()
    seats = Seats(8, clock)
    for number in range(100):
        jobs.add_download(url=f"https://{number % 16}.example/", limit=1, client="a")
    taken = []
    for _ in range(8):
        clock.now += 1
        taken.append(claim_next(seats))
    for client in "b", "c":
        for _ in range(10):
            jobs.add_download(url="https://slow.example/", limit=1, client=client)
    for _ in range(9):  # one look of the watch after another
        assert seats.full()
        rank = jobs.least_rank(seats.turn(Download))
        assert rank is not None
        seats.reclaim(rank)
        for job in filter(seats.yields, taken[:]):
            jobs.hand_back(job)
            seats.leave(job)
            taken.remove(job)
            clock.now += 1
            taken.append(claim_next(seats))

    assert "".join(sorted(job.client for job in taken)) == "aaaabbcc"


def test_a_clients_last_seats_are_lent_while_nobody_else_waits() -> None:
    seats = Seats(8)
    for number in range(9):
        jobs.add_download(url=f"https://{number}.example/", limit=1, client="a")
    for _ in range(8):
        assert claim_next(seats).client == "a"
    rank = jobs.least_rank(seats.turn(Download))

    assert rank == 2
    seats.reclaim(rank)
    assert not any(map(seats.yields, Download.select()))
