"""Numbers and names that stand in two files agree."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from packaging.utils import canonicalize_name

from app.api import MAX_BODY_BYTES
from app.commands.main import main
from app.errors import Failure
from app.http.problem_types import CATALOGUE
from app.setting_values import MiB

ROOT = Path(__file__).parent.parent
NGINX = "deploy/nginx/application.conf"


def found(pattern: str, file: str) -> list[Any]:
    """Return the pattern's groups wherever it matches in a file of the project."""
    return re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)


def test_nginx_takes_the_bodies_that_the_application_takes() -> None:
    [limit] = found(r"client_max_body_size (\d+)m;", NGINX)
    [told] = found(r"The body is larger than (\d+) MiB", "deploy/nginx/http.conf")
    assert int(limit) * MiB == int(told) * MiB == MAX_BODY_BYTES


def test_nginx_tells_problems_by_the_names_of_the_application() -> None:
    line = r"^ +(\d{3}) '\"type\":\"/problems/([\w-]+)\",\"title\":\"([^\"]+)\","
    told = found(line, "deploy/nginx/http.conf")
    assert len(told) > 10
    for status, code, title in told:
        known = CATALOGUE[code]
        assert (int(status), title) == (known.status, known.title)


def test_nginx_sends_what_the_application_leaves_to_it() -> None:
    [accel] = found(r"DOWNLOADER_ACCEL: (\S+)", "docker-compose.yml")
    [location] = found(r"location (\S+) \{\n    internal;\n    alias", NGINX)
    assert accel == location


def test_supervisors_wait_longer_for_the_end_than_the_servers() -> None:
    app, nginx = found(r"stop_grace_period: (\d+)s", "docker-compose.yml")
    [gunicorn] = found(r"^graceful_timeout = (\d+)", "gunicorn.conf.py")
    [unit] = found(r"^TimeoutStopSec=(\d+)", "deploy/systemd/image-downloader.service")
    [worker] = found(r"^worker_shutdown_timeout (\d+)s", "deploy/nginx/nginx.conf")
    assert min(int(app), int(unit)) >= int(gunicorn) + 5
    assert int(nginx) >= int(worker) + 5


def test_a_browser_gets_new_namespaces_and_no_more() -> None:
    profile = json.loads((ROOT / "deploy/seccomp-render.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    rules = [rule for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW"]
    plain = {name for rule in rules if "args" not in rule for name in rule["names"]}
    assert {"execve", "seccomp", "chroot", "sendmsg"} <= plain
    assert not plain & {
        *("mount", "umount2", "pivot_root", "setns", "open_tree", "move_mount", "fsopen", "bpf"),
        *("ptrace", "process_vm_readv", "keyctl", "add_key", "userfaultfd", "io_uring_setup"),
        *("init_module", "kexec_load", "perf_event_open", "unshare", "clone", "clone3", "socket"),
    }
    [namespaces] = [rule for rule in rules if "unshare" in rule["names"]]
    [flags] = namespaces["args"]
    mounts, users, processes, networks = 0x20000, 0x10000000, 0x20000000, 0x40000000
    assert flags["op"] == "SCMP_CMP_MASKED_EQ"
    assert flags["value"] & mounts
    assert not flags["value"] & (users | processes | networks)


def test_the_container_with_a_browser_is_reached_by_nobody() -> None:
    worker = (ROOT / "deploy/render.yml").read_text().partition("worker:")[2]
    assert "127.0.0.1:8000" in worker
    assert "ports:" not in worker
    assert "seccomp=deploy/seccomp-render.json" in worker


@pytest.mark.parametrize("name", ["requirements", "requirements-cluster", "requirements-dev"])
def test_a_lock_file_fits_what_it_was_made_from(name: str) -> None:
    """`make lock` was not forgotten: uv notes which packages were asked for by name."""
    asked = {canonicalize_name(package) for package in found(r"^(\w[\w.-]*)", f"{name}.in")}
    locked = re.split(r"\n(?=[\w.-]+(?:\[[\w,-]+\])?==)", (ROOT / f"{name}.txt").read_text())
    by_name = {re.split(r"\[|==", lock)[0] for lock in locked if f"-r {name}.in" in lock}
    assert {canonicalize_name(package) for package in by_name} == asked


@pytest.mark.parametrize("name", ["requirements", "requirements-cluster", "requirements-dev"])
def test_a_lock_file_names_no_index_host(name: str) -> None:
    assert not found(r"(://|--index|--find-links)", f"{name}.txt")


@pytest.mark.parametrize("file", ["prometheus/alerts.yml", "grafana/dashboard.json"])
def test_what_monitors_ask_for_is_measured(client: FlaskClient, file: str) -> None:
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", client.get("/metrics").text, re.MULTILINE))
    asked = set(found(r"\b(image_downloader_\w+)", f"deploy/{file}"))
    assert asked
    for name in asked:
        kind = kinds.get(name) or kinds[name.removesuffix("_bucket")]
        assert name.endswith("_bucket") == (kind == "histogram"), name


def test_alerts_name_reasons_that_jobs_can_have() -> None:
    [reasons] = found(r'reason=~"([\w|-]+)"', "deploy/prometheus/alerts.yml")
    assert set(reasons.split("|")) <= Failure.by_code.keys()


def test_the_dashboard_is_a_document_of_panels() -> None:
    document = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
    titles = [panel["title"] for panel in document["panels"]]
    assert len(set(titles)) == len(titles) == 8


def test_the_service_of_systemd_starts_the_command_of_the_package() -> None:
    [arguments] = found(
        r"^ExecStart=\S+/image-downloader (.+)$", "deploy/systemd/image-downloader.service"
    )
    context = main.make_context("image-downloader", arguments.split())
    name, command, rest = main.resolve_command(context, [*context._protected_args, *context.args])
    assert name == "serve"
    assert command
    assert command.make_context(name, rest).params["port"] == 8000
