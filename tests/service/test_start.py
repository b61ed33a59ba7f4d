"""How the service starts, reloads and stops, with a real gunicorn."""

import fcntl
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.samples import picture
from tests.service.conftest import ROOT, SECONDS, Service
from tests.site import Site


def refusal(service: Service, *flags: str) -> str:
    """Have a start that must fail; return all it said."""
    service.launch(*flags)
    assert service.process
    assert service.process.wait(SECONDS) == 1
    said = service.log.read_text()
    assert "Traceback" not in said
    assert "Booting worker" not in said
    return said.splitlines()[-1]


@pytest.mark.parametrize("flags", [(), ("--workers", "3", "--threads", "4"), ("-k", "sync")])
def test_jobs_are_done_whatever_flags_gunicorn_is_given(
    service: Service, site: Site, flags: tuple[str, ...]
) -> None:
    service.start(*flags)
    image = service.post("/images", url=site.file("/a.png", picture()))
    assert service.end_of(f"/images/{image['id']}/content").content == picture()


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
    service: Service, flags: list[str], environment: dict[str, Any], sentence: str
) -> None:
    service.environment |= environment
    assert sentence in refusal(service, *flags)


def test_a_damaged_database_stops_the_start_for_good(service: Service, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "downloader.db").write_bytes(b"this is no database" * 999)

    said = refusal(service, "--workers", "3")
    assert "is damaged (file is not a database): restore a backup" in said


def test_an_idle_service_stops_at_once(service: Service) -> None:
    service.start()
    assert service.process
    service.process.terminate()
    assert service.process.wait(timeout=10) == 0


def test_a_reader_of_the_log_that_stops_holds_up_neither_jobs_nor_the_end(
    service: Service, site: Site, tmp_path: Path
) -> None:
    source = site.file("/a.png", picture())
    service.errors = tmp_path / "pipe"
    os.mkfifo(service.errors)
    reader = os.open(service.errors, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    try:
        service.start()
        for _ in range(40):
            service.get("/healthz")
        images = [service.post("/images", url=source) for _ in range(20)]
        for image in images:
            assert service.end_of(f"/images/{image['id']}/content").status_code == 200

        assert service.process
        service.process.terminate()
        assert service.process.wait(timeout=15) == 0
    finally:
        os.close(reader)  # what waits for it can end


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
    service: Service, project: Path, file: str, text: str, reason: str
) -> None:
    service.place = project
    service.environment["DOWNLOADER_USER_AGENT_FILE"] = "agent"
    service.start()
    (project / file).write_text(text)
    assert service.process
    service.process.send_signal(signal.SIGHUP)
    service.wait(lambda: "reload refused" in service.log.read_text())

    [said] = [line["message"] for line in service.lines() if "reload refused" in line["message"]]
    assert reason in said
    assert service.get("/healthz").json() == {"status": "ok"}


def test_a_reload_brings_new_code_into_use(service: Service, project: Path) -> None:
    service.place = project
    service.start()
    health = project / "app" / "api" / "health.py"
    health.write_text(health.read_text().replace('Constant("ok")', 'Constant("renewed")'))
    assert service.process
    service.process.send_signal(signal.SIGHUP)
    service.wait(lambda: service.get("/healthz").json() == {"status": "renewed"})
