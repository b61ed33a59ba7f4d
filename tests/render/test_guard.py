"""The browser reaches nothing but its proxy: by its own network, and by its flags alone, too."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.render.unprivileged import environment, need_browser, python

SECONDS = 4  # at the page's end; without any wall, nine of ten flows come in the first
OUTER = ["unshare", "--net"]  # a network where we may do everything
AS_ROOT = ["--user", "--map-root-user"]
AS_USER = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def visit(*walls: str) -> dict[str, Any]:
    """Visit the page of ways out behind some walls; return what left the browser."""
    need_browser()
    command = python("-m", "tests.render.visit", *walls, str(SECONDS))
    outer = OUTER
    if os.geteuid():
        outer, command = [*OUTER, *AS_ROOT], [*AS_USER, *command]
    if not shutil.which("ip"):
        pytest.skip("no iproute2")
    if subprocess.run([*outer, "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    program = [*outer, sys.executable, "-B", "-m", "tests.render.flows", *command]
    done = subprocess.run(
        program, env=environment(), capture_output=True, text=True, timeout=120, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["status"] == 0, result["said"]
    return result


def test_without_a_wall_the_page_reaches_what_it_must_not() -> None:
    """Or the other tests would prove nothing."""
    flows = {tuple(flow) for flow in visit()["flows"]}
    assert len(flows) >= 44
    assert {("tcp", "127.0.0.1", 81), ("tcp", "169.254.169.254", 80)} <= flows
    assert {port for kind, _, port in flows if kind == "udp"} >= {443, 3478}


def test_behind_both_walls_nothing_leaves_the_browser() -> None:
    seen = visit("wall", "proxy")
    assert seen["flows"] == []
    assert seen["direct"] == []
    assert seen["asked"][0] == "/"
    assert sum(path.startswith("/redirect") for path in seen["asked"]) >= 5


def test_behind_its_own_network_alone_nothing_leaves_the_browser() -> None:
    assert visit("wall")["flows"] == []


def test_behind_the_proxy_alone_nothing_leaves_the_browser() -> None:
    seen = visit("proxy")
    assert seen["flows"] == []
    assert seen["direct"] == []
    assert sum(path.startswith("/redirect") for path in seen["asked"]) >= 5
