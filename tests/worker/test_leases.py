"""Which processes live where they are on several machines: a row each, renewed in time."""

from collections.abc import Iterator

import pytest
from flask import Flask
from peewee import SQL

from app.database.connection import db
from app.database.models import Process
from app.worker import leases
from app.worker.leases import LATE_SECONDS, LEASE_SECONDS, LeaseRegistry
from tests.postgresql import ON_POSTGRESQL

pytestmark = pytest.mark.skipif(not ON_POSTGRESQL, reason="runs by `make test-cluster`")


class Machine:
    """A process with a clock of its own, which renews when a test says so."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.cleaned: list[str] = []
        self.registry = LeaseRegistry(self.cleaned.append, lambda: self.time)

    def live(self, seconds: float) -> None:
        """Let time pass, with a renewal each second."""
        for _ in range(round(seconds)):
            self.time += 1
            self.registry.renew()

    def removed(self, other: "Machine") -> bool:
        """Look for the dead; return whether another is among them."""
        self.registry.remove_dead()
        return not self.registry.is_alive(other.registry.name)


@pytest.fixture
def machines(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Machine]]:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 3600)
    both = [Machine(), Machine()]
    for machine in both:
        machine.registry.register()
    yield both
    for machine in both:
        machine.registry.unregister()
    db.close()


def silence(machine: Machine, seconds: float) -> None:
    """Let the last sign of a process be older, by the database's clock."""
    past = SQL(f"seen_at - {seconds * 1_000_000:.0f}")
    Process.update(seen_at=past).where(Process.name == machine.registry.name).execute()


def test_who_renews_lives_and_who_is_silent_is_dead(machines: list[Machine]) -> None:
    ours, other = machines
    ours.live(LEASE_SECONDS)
    silence(other, LEASE_SECONDS - 1)
    assert not ours.removed(other)
    silence(other, 2)
    dead = other.registry.name
    assert ours.removed(other)
    assert ours.cleaned == [dead]
    assert ours.registry.is_alive(ours.registry.name)


def test_who_starts_or_was_silent_too_removes_nobody_for_a_while(machines: list[Machine]) -> None:
    ours, other = machines
    silence(other, LEASE_SECONDS + 1)
    assert not ours.removed(other)
    ours.live(LEASE_SECONDS)

    ours.time += LATE_SECONDS + 1  # the database was away, from all, but others asked it before
    assert not ours.removed(other)
    ours.registry.renew()
    assert not ours.removed(other)
    other.live(1)
    ours.live(LEASE_SECONDS)
    assert not ours.removed(other)
    silence(other, LEASE_SECONDS + 1)
    assert ours.removed(other)


def test_who_was_removed_alive_goes_on_under_a_new_name(machines: list[Machine]) -> None:
    ours, other = machines
    ours.live(LEASE_SECONDS)
    silence(other, LEASE_SECONDS + 1)
    before = other.registry.name
    assert ours.removed(other)

    other.live(1)
    assert other.registry.name != before
    assert ours.registry.is_alive(other.registry.name)
    assert not ours.registry.is_alive(before)
    silence(ours, LEASE_SECONDS + 1)
    assert not other.removed(ours)  # it knows nothing of the others yet


def test_who_could_not_renew_for_a_while_takes_itself_for_unknown(machines: list[Machine]) -> None:
    ours, _ = machines
    ours.time += LATE_SECONDS
    assert ours.registry.is_known()
    ours.time += 1
    assert not ours.registry.is_known()
    ours.registry.renew()
    assert ours.registry.is_known()


def test_who_leaves_is_dead_at_once(machines: list[Machine]) -> None:
    ours, other = machines
    other.registry.unregister()

    assert not ours.registry.is_alive(other.registry.name)
