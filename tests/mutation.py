"""Small changes of the code that no test notices: `make mutate` counts and lists them.

`[tool.mutmut]` of pyproject.toml names the modules and the tests. `survivors.toml` beside this
file says of each survivor that need not die why: by its function, and by the line it has become.
"""

import os
import subprocess
import sys
import tomllib
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.state import state

LEAST = 92  # per cent killed
KNOWN = Path(__file__).with_name("survivors.toml")
BETWEEN = "ǁ"  # what mutmut writes between a class and its method
TESTS = {
    "app.fetch.body": ["tests/fetch/"],
    "app.jobs.claims": [
        "tests/jobs/",
        *(f"tests/worker/test_{subject}.py" for subject in ("archives", "downloads", "webhooks")),
    ],
    "app.pictures.formats": ["tests/pictures/", "tests/fetch/"],
    "app.scrape.pictures": ["tests/scrape/", "tests/worker/test_pages.py"],
    "app.storage.local": ["tests/storage/"],
}
KILLED = {"killed", "timeout", "segfault"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a mutant on the tests of its module alone, the nearest and the quickest first."""
    module = os.environ.get("MUTANT_UNDER_TEST", "").partition(".x")[0]
    if module in TESTS:
        near = [[one for one in items if one.nodeid.startswith(path)] for path in TESTS[module]]
        for tests in near:
            tests.sort(key=lambda test: state().duration_by_test.get(test.nodeid, 0))
        items[:] = chain.from_iterable(near)
        for statement in vars(sys.modules[module]).values():
            if hasattr(statement, "cache_clear"):
                statement.cache_clear()  # it was written when nothing was changed


def results() -> dict[str, str]:
    """Return what became of each mutant, by its name."""
    command = [sys.executable, "-m", "mutmut", "results", "--all", "true"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(line.strip().split(": ") for line in told.splitlines() if ": " in line)


def function_of(mutant: str) -> str:
    """Return the function that a mutant is made of: `module.function` or `module.Class.method`."""
    module, _, name = mutant.partition(".x")
    function = name.partition("__mutmut_")[0].removeprefix("_")
    return f"{module}.{function.strip(BETWEEN).replace(BETWEEN, '.')}"


def change_of(mutant: str) -> str:
    """Return the lines that a mutant has in place of others."""
    lines = get_diff_for_mutant(mutant).splitlines()[3:]
    return "\n".join(line[1:].strip() for line in lines if line.startswith("+"))


def main() -> int:
    """Have all mutants tried, and say which live."""
    run = [sys.executable, "-m", "mutmut", "run", *sys.argv[1:]]
    if subprocess.run(run, check=False).returncode:
        return 1
    survivors = tomllib.loads(KNOWN.read_text())["survivor"]
    known = {(one["in"], one["becomes"]): one["why"] for one in survivors}
    made: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    unexplained = 0
    for mutant, end in results().items():
        if end == "not checked":
            continue
        module = mutant.partition(".x")[0]
        made[module] += 1
        if end in KILLED:
            killed[module] += 1
            continue
        where, becomes = function_of(mutant), change_of(mutant)
        why = known.get((where, becomes))
        unexplained += why is None
        print(f"{where}: {end}: {why or 'NOT EXPLAINED'}\n    {becomes}")
    for module, count in made.items():
        print(f"{module}: {killed[module]} of {count} killed, {100 * killed[module] / count:.1f} %")
    total = 100 * killed.total() / made.total()
    print(f"all: {killed.total()} of {made.total()}, {total:.1f} %; {unexplained} not explained")
    return int(total < LEAST)


if __name__ == "__main__":
    raise SystemExit(main())
