"""Processes that live or not, and what the dead leave behind."""

import errno
import math
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.worker.processes import ProcessRegistry
from tests.disk import FaultyDisk


class Cleaner:
    """Writes down whose leavings it was asked to remove; those of some resist."""

    def __init__(self) -> None:
        self.cleaned: list[str] = []
        self.resisting = False

    def __call__(self, name: str) -> None:
        if self.resisting:
            raise OSError(errno.EIO, "Input/output error")
        self.cleaned.append(name)


@pytest.fixture
def clean() -> Cleaner:
    return Cleaner()


@pytest.fixture
def processes(tmp_path: Path, clean: Cleaner) -> Iterator[ProcessRegistry]:
    processes = ProcessRegistry(tmp_path, clean)
    processes.register()
    yield processes
    processes.unregister()


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob("processes/*"))


def test_this_process_lives_until_it_leaves(
    processes: ProcessRegistry, clean: Cleaner, tmp_path: Path
) -> None:
    name = processes.name
    sibling = ProcessRegistry(tmp_path, clean)

    assert sibling.is_alive(name)
    processes.unregister()
    assert not sibling.is_alive(name)
    assert (clean.cleaned, entries(tmp_path)) == ([name], [])


def test_a_process_that_comes_back_has_another_name(processes: ProcessRegistry) -> None:
    name = processes.name
    processes.unregister()

    assert processes.register() != name


def test_an_unknown_process_is_dead(processes: ProcessRegistry) -> None:
    assert not processes.is_alive("0" * 32)


def hold(root: Path, names: "multiprocessing.Queue[str]") -> None:
    processes = ProcessRegistry(root, lambda name: None)
    names.put(processes.register())
    multiprocessing.Event().wait()


def test_a_killed_process_is_dead_at_once_and_what_it_left_goes(
    processes: ProcessRegistry, clean: Cleaner, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    names: multiprocessing.Queue[str] = context.Queue()
    other = context.Process(target=hold, args=(tmp_path, names), daemon=True)
    other.start()
    name = names.get(timeout=30)
    assert processes.is_alive(name)
    processes.remove_dead()
    assert clean.cleaned == []

    other.kill()
    other.join()

    assert not processes.is_alive(name)
    processes.remove_dead()
    assert (clean.cleaned, entries(tmp_path)) == ([name], [processes.name])
    assert processes.is_alive(processes.name)


def test_what_the_dead_left_and_resists_goes_the_next_time(
    processes: ProcessRegistry, clean: Cleaner, tmp_path: Path
) -> None:
    (tmp_path / "processes" / "dead").touch()
    clean.resisting = True
    processes.remove_dead()
    clean.resisting = False
    assert entries(tmp_path) == sorted(["dead", processes.name])

    processes.remove_dead()
    assert (clean.cleaned, entries(tmp_path)) == (["dead"], [processes.name])


def test_a_dead_process_whose_entry_resists_goes_the_next_time(
    processes: ProcessRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "processes" / "dead").touch()
    disk = FaultyDisk(tmp_path, monkeypatch)
    disk.fail(errno.EIO, 3, math.inf)  # the lock is taken, and the dead found dead
    processes.remove_dead()
    disk.repair()
    assert len(entries(tmp_path)) == 2

    processes.remove_dead()
    assert entries(tmp_path) == [processes.name]
