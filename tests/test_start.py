"""How the service starts, reloads and stops, with a real gunicorn."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.samples import picture
from tests.site import Site

ROOT = Path(__file__).parent.parent


class Gunicorn:
    """A gunicorn that serves the folder `project` on a port of the kernel's choice."""

    def __init__(self, project: Path, *flags: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0", *flags],
            cwd=project,
            env=os.environ | environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def await_line(self, part: str) -> str:
        """Read the log up to a line."""
        assert self.process.stderr
        for line in self.process.stderr:
            if part in line:
                return line
        raise AssertionError(f"gunicorn ended and had not said: {part}")

    def url(self) -> str:
        """Wait until it listens; a request then waits until a worker is up."""
        return json.loads(self.await_line("Listening at"))["message"].split()[2]

    def refusal(self) -> str:
        """Wait for the end of a start that must fail; return all it said."""
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 1
        return said

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Gunicorn]]:
    started = []

    def start_one(*flags: str, project: Path = ROOT, **environment: str) -> Gunicorn:
        environment = {"DOWNLOADER_STORAGE_DIR": str(tmp_path / "storage")} | environment
        started.append(Gunicorn(project, *flags, **environment))
        return started[-1]

    yield start_one
    for one in started:
        one.close()


def get_until(wanted: Callable[[requests.Response], bool], url: str) -> requests.Response:
    """Ask again until the answer is the wanted one."""
    deadline = time.monotonic() + 60
    while not wanted(answer := requests.get(url, timeout=60)):
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.02)
    return answer


@pytest.mark.parametrize("flags", [(), ("-w", "3", "--threads", "4"), ("-k", "sync")])
def test_jobs_are_done_whatever_flags_gunicorn_is_given(
    start: Callable[..., Gunicorn], site: Site, flags: tuple[str, ...]
) -> None:
    source = site.file("/a.png", picture())
    url = start(*flags, DOWNLOADER_ALLOW_NETWORKS="127.0.0.0/8").url()
    place = requests.post(f"{url}/images", json={"url": source}, timeout=60).headers["Location"]
    answer = get_until(lambda answer: answer.status_code != 202, f"{url}{place}/content")
    assert answer.content == picture()


@pytest.mark.parametrize(
    ("flags", "environment", "sentence"),
    [
        ([], {"DOWNLOADER_JOB_THREADS": "many"}, '"DOWNLOADER_JOB_THREADS" invalid'),
        ([], {"DOWNLOADER_JOB_SECONDS": "0"}, '"DOWNLOADER_JOB_SECONDS" invalid: Must be greater'),
        ([], {"DOWNLOADER_STORAGE_DIR": f"{__file__}/x"}, f"{__file__}/x cannot be written"),
        (["--preload"], {}, "--preload is not possible"),
    ],
)
def test_a_start_that_cannot_work_is_refused_with_a_sentence(
    start: Callable[..., Gunicorn], flags: list[str], environment: dict[str, Any], sentence: str
) -> None:
    said = start(*flags, **environment).refusal()
    assert sentence in said.splitlines()[-1]
    assert "Traceback" not in said
    assert "Booting worker" not in said


def test_a_damaged_database_stops_the_start_for_good(
    start: Callable[..., Gunicorn], tmp_path: Path
) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "downloader.db").write_bytes(b"this is no database" * 999)

    said = start("--workers", "3").refusal()
    assert "is damaged (file is not a database): restore a backup" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert "Booting worker" not in said


def test_an_idle_service_stops_at_once(start: Callable[..., Gunicorn]) -> None:
    gunicorn = start()
    requests.get(f"{gunicorn.url()}/healthz", timeout=60)
    gunicorn.process.terminate()
    assert gunicorn.process.wait(timeout=10) == 0


def test_a_reader_of_the_log_that_stops_holds_up_neither_jobs_nor_the_end(
    start: Callable[..., Gunicorn], site: Site
) -> None:
    source = site.file("/a.png", picture())
    gunicorn = start(DOWNLOADER_ALLOW_NETWORKS="127.0.0.0/8")
    url = gunicorn.url()
    assert gunicorn.process.stderr
    fcntl.fcntl(gunicorn.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
    for _ in range(40):
        requests.get(f"{url}/healthz", timeout=60)
    places = [
        requests.post(f"{url}/images", json={"url": source}, timeout=60).headers["Location"]
        for _ in range(20)
    ]
    for place in places:
        get_until(lambda answer: answer.status_code == 200, f"{url}{place}/content")

    gunicorn.process.terminate()
    assert gunicorn.process.wait(timeout=15) == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, to be changed."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "app", project / "app")
    for name in "gunicorn.conf.py", "wsgi.py":
        shutil.copy(ROOT / name, project)
    (project / "agent").write_text("curious/1.0")
    return project


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("agent", "ü", "DOWNLOADER_USER_AGENT"),
        ("app/api/health.py", "this is no Python", "SyntaxError"),
    ],
)
def test_a_reload_that_could_not_work_is_refused_and_what_runs_goes_on(
    start: Callable[..., Gunicorn], project: Path, file: str, text: str, reason: str
) -> None:
    gunicorn = start(project=project, DOWNLOADER_USER_AGENT_FILE="agent")
    url = gunicorn.url()
    requests.get(f"{url}/healthz", timeout=60)
    (project / file).write_text(text)
    gunicorn.process.send_signal(signal.SIGHUP)

    assert reason in json.loads(gunicorn.await_line("reload refused"))["message"]
    assert requests.get(f"{url}/healthz", timeout=60).json() == {"status": "ok"}


def test_a_reload_brings_new_code_into_use(start: Callable[..., Gunicorn], project: Path) -> None:
    gunicorn = start(project=project)
    url = gunicorn.url()
    assert requests.get(f"{url}/healthz", timeout=60).json() == {"status": "ok"}
    health = project / "app" / "api" / "health.py"
    health.write_text(health.read_text().replace('Constant("ok")', 'Constant("renewed")'))
    gunicorn.process.send_signal(signal.SIGHUP)
    get_until(lambda answer: answer.json() == {"status": "renewed"}, f"{url}/healthz")
