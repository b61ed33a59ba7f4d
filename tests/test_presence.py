"""Processes that live or not, and what the dead leave behind."""

import errno
import math
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.presence import Presence
from tests.disk import FaultyDisk


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Presence]:
    process = Presence(tmp_path)
    process.make_folders()
    process.appear()
    yield process
    process.vanish()


def parts(process: Presence) -> list[Path]:
    return [path for path in (process.root / "parts").rglob("*") if path.is_file()]


def test_this_process_lives_until_it_takes_leave(process: Presence) -> None:
    owner = process.owner
    sibling = Presence(process.root)

    assert sibling.lives(owner)
    process.vanish()
    assert not sibling.lives(owner)
    assert not (process.root / "parts" / owner).exists()


def test_somebody_unknown_is_dead(process: Presence) -> None:
    assert not process.lives("0" * 32)


def hold(root: Path, owner: "multiprocessing.Queue[str]") -> None:
    process = Presence(root)
    process.appear()
    (root / "parts" / process.owner / "half").write_bytes(b"half")
    owner.put(process.owner)
    multiprocessing.Event().wait()


def test_a_killed_process_is_dead_at_once_and_its_parts_go(process: Presence) -> None:
    context = multiprocessing.get_context("spawn")
    names: multiprocessing.Queue[str] = context.Queue()
    other = context.Process(target=hold, args=(process.root, names), daemon=True)
    other.start()
    owner = names.get(timeout=30)
    assert process.lives(owner)
    process.bury_dead()
    assert len(parts(process)) == 1

    other.kill()
    other.join()

    assert not process.lives(owner)
    process.bury_dead()
    assert parts(process) == []
    assert process.lives(process.owner)


def test_parts_of_the_dead_that_resist_go_the_next_time(
    process: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    (process.root / "processes" / "dead").touch()
    (process.root / "parts" / "dead").mkdir()
    (process.root / "parts" / "dead" / "half").touch()
    disk = FaultyDisk(process.root, monkeypatch)
    disk.fail(errno.EIO, 3, math.inf)  # the lock is taken, and the dead found dead
    process.bury_dead()
    disk.mend()
    assert len(parts(process)) == 1

    process.bury_dead()
    assert [path.name for path in process.root.glob("p*/*")] == [process.owner] * 2
