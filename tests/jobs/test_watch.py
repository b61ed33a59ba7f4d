"""The one thread that looks for all who wait: what it asks, and whom it wakes."""

import threading
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from peewee import OperationalError

from app import jobs
from app.database.models import Image, Status, new_id
from app.database.sqlite import db
from app.jobs import Standing
from app.jobs.watch import UNSEEN, Place, WaitingRoom

Asked = list[int]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """How many jobs each question was about."""
    counts: Asked = []
    ask = jobs.standings

    def count(kind: type[Image], ids: set[object]) -> object:
        counts.append(len(ids))
        return ask(kind, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "standings", count)
    return counts


class StillRoom(WaitingRoom):
    """One whose turns the test takes."""

    def _look(self) -> None:
        pass


def changed(act: Callable[[], object]) -> None:
    """Change the database through another connection."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_it_asks_for_those_who_come_and_after_changes_alone(
    client: FlaskClient, asked: Asked
) -> None:
    room = StillRoom(9, lambda: False)
    image = jobs.add_image("https://example.com/a.png")
    first = room.enter(Image, image.id)
    assert room.turn()
    assert room.turn()
    assert asked == [1]

    second = room.enter(Image, image.id)
    third = room.enter(Image, new_id())
    room.turn()
    room.turn()
    assert asked == [1, 2]
    assert (second.standing, third.standing) == (first.standing, None)

    changed(lambda: jobs.claim(Image, "somebody"))
    for place in first, second, third:
        place.woken.clear()
    room.turn()
    assert asked == [1, 2, 2]
    assert first.standing == second.standing == Standing(Status.RUNNING)
    assert [place.woken.is_set() for place in (first, second, third)] == [True, True, False]


def test_a_thread_that_ends_leaves_the_next_one_alone(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = []  # each connection counts for itself
    monkeypatch.setattr(db, "version", lambda: versions.append(0))
    room = StillRoom(9, lambda: False)

    assert not room.turn()
    assert versions == []


def test_time_goes_on_while_the_database_does_not_answer(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_up() -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(db, "version", held_up)
    now = [0.0]
    room = StillRoom(9, lambda: False, lambda: now[0])
    place = room.enter(Image, new_id())
    place.until = 5
    room.turn()
    assert not place.woken.is_set()
    now[0] = 5
    room.turn()

    assert place.woken.is_set()
    assert place.standing == UNSEEN


def test_nobody_looks_when_all_have_left(client: FlaskClient) -> None:
    room = StillRoom(9, lambda: False)
    place: Place = room.enter(Image, new_id())
    room.leave(place)

    assert not room.turn()


def test_where_no_thread_can_be_had_nobody_is_left_waiting(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    room = WaitingRoom(1, lambda: False)
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_more)
        with pytest.raises(RuntimeError):
            room.enter(Image, new_id())

    assert not room.wait_for_end(Image, new_id(), 30)  # there is none: no reason to wait
