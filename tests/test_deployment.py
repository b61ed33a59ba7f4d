"""Numbers and names that stand in two files agree."""

import re
from pathlib import Path

import pytest

from app.api import MAX_BODY_BYTES
from app.settings import MiB

ROOT = Path(__file__).parent.parent


def found(pattern: str, file: str) -> list[str]:
    """Return the pattern's group wherever it matches in a file of the project."""
    return re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)


def test_nginx_takes_the_bodies_that_the_application_takes() -> None:
    [limit] = found(r"client_max_body_size (\d+)m;", "deploy/nginx/nginx.conf")
    assert int(limit) * MiB == MAX_BODY_BYTES


def test_docker_waits_longer_for_the_end_than_gunicorn() -> None:
    [grace] = found(r"stop_grace_period: (\d+)s", "docker-compose.yml")
    [graceful] = found(r"^graceful_timeout = (\d+)", "gunicorn.conf.py")
    assert int(grace) >= int(graceful) + 5


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_a_lock_file_fits_what_it_was_made_from(name: str) -> None:
    """`make lock` was not forgotten: uv notes which packages were asked for by name."""
    asked = found(r"^(\w[\w-]*)", f"{name}.in")
    locked = re.split(r"\n(?=[\w-]+==)", (ROOT / f"{name}.txt").read_text())
    by_name = {lock.split("==")[0] for lock in locked if f"-r {name}.in" in lock}
    assert by_name == set(asked)


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_a_lock_file_names_no_index_host(name: str) -> None:
    assert not found(r"(://|--index|--find-links)", f"{name}.txt")
