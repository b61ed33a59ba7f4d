"""What operators look at, with several workers: metrics, readiness, the log."""

import os
import pwd
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.samples import picture
from tests.service.conftest import ROOT, SECONDS, Service, free_port, serving
from tests.site import Reply, Site

WORKERS = ("--workers", "3")


def value(service: Service, name: str, **labels: str) -> float:
    """Return a number that Prometheus is told."""
    families = text_string_to_metric_families(service.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    wanted = (f"image_downloader_{name}", labels)
    return sum(one.value for one in samples if (one.name, one.labels) == wanted)


def nowhere(service: Service) -> float:
    return value(service, "requests_total", method="GET", route="other", status="404")


def folders(service: Service) -> list[Path]:
    """Return where the workers add up their metrics."""
    assert service.process
    name = f"downloader-metrics-{service.process.pid}-*"
    return [found for base in {"/dev/shm", gettempdir()} for found in Path(base).glob(name)]


def python_for(user: str) -> dict[str, str]:
    """Return a Python that still finds its modules as another user, or skip the test."""
    packages = f"{sysconfig.get_path('purelib')}:{ROOT}"
    environment = {**os.environ, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    check = (
        f"import os, pwd, sys; assert sys.version_info[:2] == {sys.version_info[:2]};"
        f"os.setuid(pwd.getpwnam('{user}').pw_uid); import http.cookiejar, requests, app"
    )
    for python in sys.executable, "/usr/bin/python3":
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([python, "-c", check], env=environment, check=True, capture_output=True)
            return {"python": python, "PYTHONPATH": packages}
    pytest.skip(f"{user} cannot run this Python, or we cannot become {user}")


def test_with_user_root_starts_it_and_the_workers_are_somebody_else() -> None:
    found = python_for("nobody")
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        service = Service(folder, PYTHONPATH=found["PYTHONPATH"], PYTHONDONTWRITEBYTECODE="1")
        service.command[0] = found["python"]
        try:
            service.start("--user", "nobody")
            service.post("/images", url=f"http://127.0.0.1:{free_port()}/")
            ended = {"kind": "image", "state": "failed", "reason": "unreachable"}
            service.wait(lambda: value(service, "jobs_ended_total", **ended) == 1)
            [worker] = service.workers()
            assert Path(f"/proc/{worker}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
            assert service.get("/readyz").ok
        finally:
            service.end()
        assert not [line for line in service.lines() if line["level"] == "ERROR"]


@pytest.fixture
def held(site: Site) -> Iterator[str]:
    """The URL of an image that does not come before the end of the test."""
    release = threading.Event()

    def slow() -> Reply:
        release.wait(SECONDS)
        return Reply(picture(), "image/png")

    site.replies["/held.png"] = slow
    yield site.url("/held.png")
    release.set()


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for those who look by how much a sum grows."""
    with serving(tmp_path_factory.mktemp("counting"), *WORKERS) as service:
        yield service


def miss(service: Service, times: int) -> float:
    """Ask for nothing that is there; return the sum with it."""
    due = nowhere(service) + times
    for _ in range(times):
        service.get("/nowhere")
    service.wait(lambda: nowhere(service) == due)  # each is counted when it has been answered
    return due


def test_any_worker_tells_what_all_have_counted(counting: Service) -> None:
    due = miss(counting, 30)

    assert {nowhere(counting) for _ in range(10)} == {due}


def test_what_a_dead_worker_counted_is_not_forgotten(counting: Service) -> None:
    due = miss(counting, 30)
    before = counting.workers()
    os.kill(before[0], signal.SIGKILL)
    counting.wait(lambda: len(set(counting.workers()) - set(before)) == 1)

    assert {nowhere(counting) for _ in range(10)} == {due}


def test_a_worker_that_has_just_begun_spoils_no_metrics(service: Service) -> None:
    service.start()
    [folder] = folders(service)
    (folder / "counter_1.db").touch()  # as prometheus-client makes it, before it gives it a size

    assert service.get("/metrics").status_code == 200


def test_a_reload_keeps_the_metrics(counting: Service) -> None:
    due = miss(counting, 10)
    before = set(counting.workers())
    assert counting.process
    counting.process.send_signal(signal.SIGHUP)
    counting.wait(lambda: len(counting.workers()) == 3 and not before & set(counting.workers()))
    assert nowhere(counting) == due

    miss(counting, 10)


def test_jobs_are_counted_whoever_does_them_and_after_a_crash_too(
    service: Service, site: Site
) -> None:
    url = site.file("/a.png", picture())
    service.start(*WORKERS)
    added = [service.post("/images", url=url) for _ in range(20)]
    for one in added:
        service.end_of(f"/images/{one['id']}/content")

    labels = {"kind": "image", "state": "finished", "reason": ""}
    assert value(service, "jobs_ended_total", **labels) == 20
    assert value(service, "fetch_bytes_total") > 20 * len(picture())

    service.signal(signal.SIGKILL)
    service.start()
    assert value(service, "jobs_ended_total", **labels) == 20


def test_after_a_restart_the_queue_is_told_as_it_is(service: Service, held: str) -> None:
    service.environment["DOWNLOADER_JOB_THREADS"] = "1"
    service.start()
    for _ in range(5):
        service.post("/images", url=held)
    service.signal(signal.SIGKILL)
    service.start()

    def told(name: str) -> float:
        return value(service, name, kind="image")

    service.wait(lambda: (told("jobs_running"), told("jobs_queued")) == (1, 4))
    assert value(service, "oldest_queued_seconds", kind="image") > 0


def test_nothing_is_left_of_the_metrics_after_the_end(service: Service) -> None:
    service.start(*WORKERS)
    service.get("/metrics")
    assert len(folders(service)) == 1
    service.stop()

    assert folders(service) == []


def test_what_a_killed_service_left_goes_with_the_next_start(service: Service) -> None:
    service.start()
    left = folders(service)
    assert left
    workers = service.workers()
    service.signal(signal.SIGKILL)
    service.wait(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    service.start()

    assert not any(folder.exists() for folder in left)
    assert len(folders(service)) == 1


@pytest.mark.parametrize(
    ("kibibytes", "message"),
    [(64, "each worker reports its own"), (3000, "are not counted")],
    ids=["none for the service", "none for the workers"],
)
def test_a_full_shared_memory_costs_metrics_and_no_worker(
    service: Service, tmp_path: Path, site: Site, kibibytes: int, message: str
) -> None:
    full = f"mount -t tmpfs -o size={kibibytes}k tmpfs"
    mounts = f"{full} /dev/shm && {full} {tmp_path}/full"
    (tmp_path / "full").mkdir()
    apart = ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh"]
    if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    service.command = [*apart, *service.command]
    service.environment["TMPDIR"] = f"{tmp_path}/full"
    service.start()
    job = service.post("/images", url=site.file("/a.png", picture()))

    assert service.end_of(f"/images/{job['id']}/content").content == picture()
    assert service.get("/metrics").ok
    assert message in service.log.read_text()
    assert not [line for line in service.lines() if line["level"] == "ERROR"]


def test_a_service_that_slept_keeps_its_workers_and_counts_no_crash(
    service: Service, site: Site, held: str
) -> None:
    service.start("--timeout", "1")
    job = service.post("/images", url=held)
    service.wait(lambda: service.get(f"/images/{job['id']}").json()["status"] == "running")
    running = service.get(f"/images/{job['id']}").json()
    workers = service.workers()
    assert service.process
    os.killpg(service.process.pid, signal.SIGSTOP)
    threading.Event().wait(7)  # longer than workers may be silent, and than the master's pause
    os.killpg(service.process.pid, signal.SIGCONT)
    for _ in range(3):
        threading.Event().wait(1)  # a turn of the master's loop
        assert service.get("/healthz").ok

    assert service.workers() == workers
    assert "WORKER TIMEOUT" not in service.log.read_text()
    assert service.get(f"/images/{job['id']}").json() == running


def test_the_service_gets_ready(service: Service) -> None:
    service.start(*WORKERS)

    told = [service.get("/readyz")]
    while not told[-1].ok:  # each worker says it of itself
        service.wait(lambda: told.append(service.get("/readyz")) or told[-1].ok)
    assert set(told[-1].json()["checks"].values()) == {"ok"}


def test_each_request_is_one_line(service: Service) -> None:
    service.start()
    answer = service.ask("GET", "/images", headers={"X-Request-ID": "from-me"})
    assert answer.headers["X-Request-ID"] == "from-me"
    service.stop()

    lines = [line for line in service.lines() if line.get("request_id") == "from-me"]
    [line] = lines
    assert (line["path"], line["status"], line["bytes"]) == ("/images", 200, len(answer.content))


def test_a_service_with_keys_keeps_them_to_itself(service: Service, tmp_path: Path) -> None:
    first, second = "first-key-of-this-test", "second-key-of-this-test"
    (tmp_path / "keys").write_text(f"{first}\n{second}\n")
    service.environment["DOWNLOADER_API_KEYS_FILE"] = str(tmp_path / "keys")
    service.start(*WORKERS)
    bearer = {"Authorization": f"Bearer {second}"}

    assert service.get("/metrics").status_code == 401
    told = service.ask("GET", "/metrics", headers=bearer)
    service.ask("GET", f"/images?source_url={first}", headers=bearer)
    service.stop()

    assert told.status_code == 200
    for key in first, second:
        assert key not in told.text
        assert key not in service.log.read_text()
    names = {line["key"] for line in service.lines() if line.get("path") in ("/metrics", "/images")}
    assert len(names) == 2  # nobody, and the short hash of the second


def test_the_log_tells_how_much_was_really_sent(service: Service, site: Site) -> None:
    body = picture() + bytes(30_000_000)
    service.start()
    added = service.post("/images", url=site.file("/a.png", body))
    path = f"/images/{added['id']}/content"
    service.end_of(path)

    service.ask("HEAD", path, headers={"X-Request-ID": "head"})
    service.ask("GET", path, headers={"X-Request-ID": "whole"})
    service.ask("GET", path, headers={"X-Request-ID": "range", "Range": "bytes=10-19"})
    with service.ask("GET", path, headers={"X-Request-ID": "aborted"}, stream=True) as answer:
        answer.raw.read(1000)

    def sent() -> dict[str, int]:
        return {line["request_id"]: line["bytes"] for line in service.lines() if "bytes" in line}

    service.wait(lambda: {"head", "whole", "range", "aborted"} <= sent().keys())
    told = sent()
    assert (told["head"], told["whole"], told["range"]) == (0, len(body), 10)
    assert told["aborted"] < len(body)
