"""The lock files: whoever installs them gets what they name, whatever has been released since."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def test_a_package_is_locked_with_the_extras_that_others_ask_for() -> None:
    """Older pips look for `coverage[toml]` beyond a lock that says `coverage` alone."""
    assert sum(map(extras_asked_for, ["requirements.txt", "requirements-dev.txt"]))


def extras_asked_for(name: str) -> int:
    """Return how many packages of a lock file ask others for extras; those are locked with them."""
    locked = re.findall(r"^([\w.-]+)(?:\[([\w,-]+)\])?==", (ROOT / name).read_text(), re.MULTILINE)
    extras = {canonicalize_name(package): set(given.split(",")) for package, given in locked}
    asked = 0
    for package in extras:
        try:
            needed = [Requirement(text) for text in requires(package) or ()]
        except PackageNotFoundError:  # of another platform
            continue
        for one in needed:
            if one.extras and (one.marker is None or one.marker.evaluate({"extra": ""})):
                asked += 1
                assert one.extras <= extras[canonicalize_name(one.name)], (package, str(one))
    return asked
