"""The one thread that looks for all who wait: what it asks, and whom it wakes."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import OperationalError

from app import jobs
from app.database.connection import db
from app.database.ids import new_id
from app.database.models import Image, Status
from app.errors import Overloaded
from app.jobs import Standing
from app.jobs.watch import UNSEEN, JobWatcher, Subscription
from tests.samples import add_image

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


class StillWatcher(JobWatcher):
    """One whose looks the test takes."""

    def _run(self) -> None:
        pass


def changed(act: Callable[[], object]) -> None:
    """Change the database through another connection."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_it_asks_for_those_who_come_and_after_changes_alone(
    client: FlaskClient, asked: Asked
) -> None:
    watcher = StillWatcher(9, lambda: False)
    image = add_image("https://example.com/a.png")
    first = watcher.subscribe(Image, image.id)
    assert watcher.look()
    assert watcher.look()
    assert asked == [1]

    second = watcher.subscribe(Image, image.id)
    third = watcher.subscribe(Image, new_id())
    watcher.look()
    watcher.look()
    assert asked == [1, 2]
    assert (second.standing, third.standing) == (first.standing, None)

    changed(lambda: jobs.claim(Image, "somebody"))
    for subscription in first, second, third:
        subscription.woken.clear()
    watcher.look()
    assert asked == [1, 2, 2]
    assert first.standing == second.standing == Standing(Status.RUNNING)
    assert [subscription.woken.is_set() for subscription in (first, second, third)] == [
        True,
        True,
        False,
    ]


def test_a_thread_that_ends_leaves_the_next_one_alone(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = []  # each connection counts for itself
    monkeypatch.setattr(db.obj, "version", lambda: versions.append(0))
    watcher = StillWatcher(9, lambda: False)

    assert not watcher.look()
    assert versions == []


def test_time_goes_on_while_the_database_does_not_answer(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_up() -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(db.obj, "version", held_up)
    now = [0.0]
    watcher = StillWatcher(9, lambda: False, lambda: now[0])
    subscription = watcher.subscribe(Image, new_id())
    subscription.until = 5
    watcher.look()
    assert not subscription.woken.is_set()
    now[0] = 5
    watcher.look()

    assert subscription.woken.is_set()
    assert subscription.standing == UNSEEN


def test_nobody_looks_when_all_have_left(client: FlaskClient) -> None:
    watcher = StillWatcher(9, lambda: False)
    subscription: Subscription = watcher.subscribe(Image, new_id())
    watcher.unsubscribe(subscription)

    assert not watcher.look()


def test_where_no_thread_can_be_had_nobody_is_left_waiting(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    watcher = JobWatcher(1, lambda: False)
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_more)
        with pytest.raises(RuntimeError):
            watcher.subscribe(Image, new_id())

    assert not watcher.wait_for_end(Image, new_id(), 30)  # there is none: no reason to wait


def test_who_has_most_places_gives_one_up_to_who_has_fewer(client: FlaskClient) -> None:
    watcher = StillWatcher(4, lambda: False)
    greedy = [watcher.subscribe(Image, new_id(), "a") for _ in range(4)]
    with pytest.raises(Overloaded):
        watcher.subscribe(Image, new_id(), "a")
    others = [watcher.subscribe(Image, new_id(), "b") for _ in range(2)]

    assert [each.given_up for each in greedy] == [True, True, False, False]
    assert all(each.woken.is_set() for each in greedy[:2])
    with pytest.raises(Overloaded):
        watcher.subscribe(Image, new_id(), "b")
    watcher.subscribe(Image, new_id(), "c")
    for each in *greedy, *others:
        watcher.unsubscribe(each)


def test_who_has_left_gives_all_places_up_before_who_is_there(client: FlaskClient) -> None:
    watcher = StillWatcher(3, lambda: False)
    stays = watcher.subscribe(Image, new_id(), "a")
    gone = [watcher.subscribe(Image, new_id(), "a", lambda: True) for _ in range(2)]
    come = watcher.subscribe(Image, new_id(), "a")

    assert [each.given_up for each in (stays, *gone, come)] == [False, True, True, False]
    assert all(each.woken.is_set() for each in gone)
    for each in stays, *gone, come:
        watcher.unsubscribe(each)


def test_a_wait_whose_place_is_given_up_ends(client: FlaskClient) -> None:
    watcher = JobWatcher(2, lambda: False)
    job_id = add_image("https://a/").id
    ended: list[bool] = []
    subscribed = threading.Event()
    subscribe = watcher.subscribe

    def note(*args: Any) -> Subscription:
        subscription = subscribe(*args)
        subscribed.set()
        return subscription

    watcher.subscribe = note  # type: ignore[method-assign]
    waiter = threading.Thread(
        target=lambda: ended.append(watcher.wait_for_end(Image, job_id, 600, "a"))
    )
    waiter.start()
    assert subscribed.wait(30)
    others = [subscribe(Image, job_id, client) for client in "ab"]
    waiter.join(30)

    assert ended == [False]
    for each in others:
        watcher.unsubscribe(each)
