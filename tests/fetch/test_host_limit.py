"""Connections to one host: few over all jobs of a process; idle ones keep nobody waiting."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from app.errors import Interrupted, Unreachable
from app.fetch import Fetcher
from app.fetch.host_limit import HostLimit
from app.urls import Url
from tests.fetch.conftest import Fetching, Resolver, image
from tests.fetch.origin import Origin, Peer, answer, png

SECONDS = 30  # what a test waits at most for something that should happen at once


class Room:
    """An answer that waits until it is let through, and counts who waits at once."""

    def __init__(self) -> None:
        self.waiting = threading.Semaphore(0)
        self.open = threading.Event()
        self.inside = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, peer: Peer) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.waiting.release()
        assert self.open.wait(SECONDS)
        with self._lock:
            self.inside -= 1
        peer.send(answer(png()))


@pytest.fixture
def room(origin: Origin) -> Room:
    room = Room()
    origin.answers["/slow.png"] = room
    origin.answers["/a.png"] = answer(png())
    return room


@pytest.fixture
def job(fetching: Fetching) -> Callable[..., Fetcher]:
    """Make fetchers of different jobs, which may have two connections to a host."""
    limit = HostLimit()
    return lambda **seams: fetching(limit=limit, host_connections=2, **seams)


@pytest.fixture
def pool(job: Callable[..., Fetcher], origin: Origin, room: Room) -> Iterator[ThreadPoolExecutor]:
    """Threads for other jobs while two use all connections of the host, until `room` is open."""
    with ThreadPoolExecutor(3) as pool:
        for _ in range(2):
            pool.submit(image, job(), origin.url("/slow.png"))
            assert room.waiting.acquire(timeout=SECONDS)
        yield pool
        room.open.set()


def test_jobs_share_the_connections_of_a_host(
    job: Callable[..., Fetcher], origin: Origin, room: Room
) -> None:
    with ThreadPoolExecutor(5) as pool:
        fetched = [pool.submit(image, job(), origin.url("/slow.png")) for _ in range(5)]
        for _ in range(2):
            assert room.waiting.acquire(timeout=SECONDS)
        room.open.set()
        assert {done.result().width for done in fetched} == {3}

    assert room.most == 2


@pytest.mark.usefixtures("pool")
def test_another_host_is_not_waited_for(job: Callable[..., Fetcher], origin: Origin) -> None:
    assert image(job(), origin.url("/a.png", origin.addresses[1])).width == 3


class Asked(HostLimit):
    """A limit that counts how often somebody has looked for room."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = threading.Semaphore(0)

    def _make_room(self, host: str, most: int) -> bool:
        self.looks.release()
        return super()._make_room(host, most)


def test_room_at_a_host_is_taken_at_once_while_others_wait_for_another_host() -> None:
    limit, hosts, waiting = Asked(), ("a", "b"), {}
    with ExitStack() as stack:
        first, late = ([stack.enter_context(socket.socket()) for _ in hosts] for _ in range(2))
        pool = stack.enter_context(ThreadPoolExecutor(2))
        for host, connection, another in zip(hosts, first, late, strict=True):
            assert limit.enter(host, connection, 1, 0)
            waiting[host] = pool.submit(limit.enter, host, another, 1, SECONDS)
            for _ in range(2):
                assert limit.looks.acquire(timeout=SECONDS)
        for host, connection in zip(reversed(hosts), reversed(first), strict=True):
            limit.leave(host, connection)
            assert waiting[host].result(SECONDS / 2)


def test_an_idle_connection_gives_way_and_its_job_makes_another(
    job: Callable[..., Fetcher], origin: Origin, room: Room
) -> None:
    jobs = [job() for _ in range(3)]
    for _ in range(2):
        for fetcher in jobs:
            assert image(fetcher, origin.url("/a.png")).width == 3

    assert origin.connections.total() > 3


def test_waiting_for_a_connection_is_no_time_of_the_fetch(
    job: Callable[..., Fetcher], origin: Origin, room: Room, pool: ThreadPoolExecutor
) -> None:
    late = pool.submit(image, job(seconds=0.9), origin.url("/a.png"))
    threading.Event().wait(1)  # longer than the deadline
    assert not late.done()
    room.open.set()
    assert late.result().width == 3


@pytest.mark.usefixtures("pool")
def test_who_waits_for_a_connection_can_be_cut(job: Callable[..., Fetcher], origin: Origin) -> None:
    with pytest.raises(Interrupted):
        image(job(cut=lambda: True), origin.url("/a.png"))


def test_a_host_that_fails_gives_its_room_back(job: Callable[..., Fetcher], origin: Origin) -> None:
    origin.answers["/a.png"] = answer(png())
    origin.answers["/gone.png"] = answer(b"", status="404 Not Found")
    for _ in range(5):
        with pytest.raises(Exception, match="404"):
            image(job(), origin.url("/gone.png"))

    assert image(job(), origin.url("/a.png")).width == 3


def test_the_threads_of_a_job_share_what_it_has_learnt(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/first.png"] = answer(png(), Set_Cookie="a=1")
    origin.answers["/a.png"] = answer(png())
    fetcher = fetching()
    image(fetcher, origin.url("/first.png"))
    image(fetcher.sibling(), origin.url("/a.png"))

    assert b"Cookie: a=1" in origin.requests[-1]


def test_a_host_without_an_address_is_looked_up_thrice_for_all_threads_of_a_job(
    fetching: Fetching,
) -> None:
    resolver = Resolver()
    fetcher = fetching(resolve=resolver)
    for _ in range(5):
        with pytest.raises(Unreachable):
            fetcher.sibling().image(Url.parse("http://nowhere.test/"), io.BytesIO())

    assert len(resolver.asked) == 3
