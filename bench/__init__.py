"""What the service costs, side by side with something to compare it to: `make bench`.

Seconds differ between machines and moments, so two sides take turns in one run, and what counts
is their ratio. CPU is the steadier figure, wall time the one that users feel.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple


class Cost(NamedTuple):
    """What one turn took, in seconds."""

    cpu: float
    wall: float


Side = tuple[str, Callable[[], Cost]]


def compare(title: str, rounds: int, one: Side, other: Side, target: str = "") -> None:
    """Let two sides take turns; print the medians of their costs, and of the ratio in a round."""
    (name, turn), (other_name, other_turn) = one, other
    turn(), other_turn()  # warm
    pairs = [(turn(), other_turn()) for _ in range(rounds)]
    print(f"\n{title:56}{'CPU':>10}{'wall':>10}   median of {rounds}")
    _print(name, [first for first, _ in pairs], 1000, " ms")
    _print(other_name, [second for _, second in pairs], 1000, " ms")
    ratios = [Cost(second.cpu / first.cpu, second.wall / first.wall) for first, second in pairs]
    _print("ratio", ratios, 1, "   ", target)


def rank(title: str, rounds: int, *sides: Side, each: int = 1, target: str = "") -> None:
    """Let several sides take turns; print the medians, and the last one's ratio to each other.

    A side may do `each` pieces of work a turn; CPU is then that of one, and wall that of all.
    """
    for _, turn in sides:
        turn()  # warm
    costs: dict[str, list[Cost]] = {name: [] for name, _ in sides}
    for _ in range(rounds):
        for name, turn in sides:
            cost = turn()
            costs[name].append(Cost(cost.cpu / each, cost.wall))
    print(f"\n{title:56}{'CPU':>10}{'wall':>10}   median of {rounds}")
    for name, mine in costs.items():
        _print(name, mine, 1000, " ms")
    last = costs.pop(name)
    for other, theirs in costs.items():
        pairs = zip(last, theirs, strict=True)
        ratios = [Cost(one.cpu / two.cpu, one.wall / two.wall) for one, two in pairs]
        _print(f"ratio to {other}", ratios, 1, "   ")
    print(f"  {target}", flush=True)


def _print(name: str, costs: list[Cost], scale: int, unit: str, target: str = "") -> None:
    cpu = median(cost.cpu for cost in costs) * scale
    wall = median(cost.wall for cost in costs) * scale
    print(f"  {name:54}{cpu:7.2f}{unit}{wall:7.2f}{unit}   {target}".rstrip(), flush=True)


@contextmanager
def on(core: int) -> Iterator[None]:
    """Have what is started meanwhile run on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
