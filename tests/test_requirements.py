"""The lock files: whoever installs them gets what they name, whatever has been released since."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_package_is_locked_with_the_extras_that_others_ask_for(name: str) -> None:
    """Older pips look for `coverage[toml]` beyond a lock that says `coverage` alone."""
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
    assert asked
