"""`python -m app fetch`, as a process of its own: without a service, and with a real one."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.disk import SmallDisk
from tests.samples import large_picture, picture
from tests.service.conftest import ROOT, SECONDS, Service, free_port, serving
from tests.site import Reply, Site

KEY = "a-key-of-sixteen-letters"
RUNNING = {"status": "running", "progress": {"done": 0, "failed": 0, "total": 0}}
QUICK = 45  # seconds, where the machine is busy; a second or two where it is not


HEARD = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
OURS = "DOWNLOADER", "COLUMNS"  # variables that a person may have set


@pytest.fixture(autouse=True)
def started_from_a_terminal() -> Iterator[None]:
    """Have children hear signals: they inherit it where the tests run in the background, or under
    nohup, and ignore some.
    """
    before = {number: signal.signal(number, handler) for number, handler in HEARD.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


# The command with its imports done: it reads arguments, variables and a folder of streams a line,
# and answers how the fork that ran them has ended.
WARM = """
import json, os, sys
import app.commands.client, app.commands.fetch, app.commands.local
from app.__main__ import main
for line in sys.stdin:
    arguments, variables, folder = json.loads(line)
    if not (child := os.fork()):
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            stream = os.open(f"{folder}/{name}", os.O_RDWR | os.O_CREAT)
            os.dup2(stream, number)
        os.environ.clear()
        os.environ.update(variables)
        sys.argv[1:] = arguments
        main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def warm() -> Iterator["subprocess.Popen[str]"]:
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    command = [sys.executable, "-c", WARM]
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as warm:  # type: ignore[call-overload]
        yield warm


class Command:
    """The command in a folder of its own, with another for what is temporary.

    What `start` starts is a process as people start it; what `run` runs is a fork of `warm`.
    """

    def __init__(self, folder: Path, warm: "subprocess.Popen[str]") -> None:
        self.warm, self.streams = warm, folder / "streams"
        self.streams.mkdir()
        self.output = folder / "output"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.options: list[str] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "DOWNLOADER_ALLOW_NETWORKS": "127.0.0.0/8",
            "TMPDIR": str(self.temporary),
        }

    def start(self, *arguments: str, **options: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "app", "fetch", "-o", str(self.output)]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | options
        return subprocess.Popen(
            [*command, *self.options, *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            **streams,  # type: ignore[call-overload]
        )

    def run(self, *arguments: str, told: str = "") -> "subprocess.CompletedProcess[str]":
        streams = [self.streams / name for name in ("stdin", "stdout", "stderr")]
        for stream, text in zip(streams, (told, "", ""), strict=True):
            stream.write_text(text)
        asked = ["fetch", "-o", str(self.output), *self.options, *arguments]
        assert self.warm.stdin
        assert self.warm.stdout
        self.warm.stdin.write(json.dumps([asked, self.environment, str(self.streams)]) + "\n")
        self.warm.stdin.flush()
        assert select.select([self.warm.stdout], [], [], SECONDS)[0]
        status = int(self.warm.stdout.readline())
        _, output, errors = (stream.read_text() for stream in streams)
        assert "Traceback" not in errors, errors
        assert list(self.temporary.iterdir()) == []
        return subprocess.CompletedProcess(arguments, status, output, errors)

    def made(self) -> list[str]:
        """Name all that is in the folder, hidden or not."""
        found = self.output.rglob("*")
        return sorted(str(path.relative_to(self.output)) for path in found)


@pytest.fixture
def alone(tmp_path: Path, warm: "subprocess.Popen[str]") -> Command:
    return Command(tmp_path, warm)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("keyed"), DOWNLOADER_API_KEYS=KEY) as service:
        yield service


@pytest.fixture(params=["alone", "with a service"])
def command(
    request: pytest.FixtureRequest, tmp_path: Path, warm: "subprocess.Popen[str]", keyed: Service
) -> Command:
    command = Command(tmp_path, warm)
    if request.param != "alone":
        command.options += ["--server", f"http://127.0.0.1:{keyed.port}/", "--key", KEY]
        del command.environment["DOWNLOADER_ALLOW_NETWORKS"]  # it is the service that fetches
    return command


@pytest.fixture
def page(site: Site) -> str:
    """A page of three pictures."""
    for name in "abc":
        site.file(f"/{name}.png", picture("png", ord(name)))
    return site.page("/park", "".join(f"<img src={name}.png>" for name in "abc"))


def members(path: str) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_a_page_becomes_a_zip_whose_path_is_told(command: Command, page: str) -> None:
    done = command.run(page)

    assert done.returncode == 0, done.stderr
    [path] = done.stdout.splitlines()
    assert members(path) == ["001-a.png", "002-b.png", "003-c.png"]
    assert Path(path).name.startswith("127.0.0.1-park-")
    assert [Path(path).name] == command.made()
    assert done.stderr.splitlines()[-1] == f"{page}: 3 pictures"


def test_a_picture_that_failed_has_its_line_and_makes_the_status_1(
    command: Command, site: Site
) -> None:
    site.file("/a.png", picture())
    done = command.run(site.page("/", "<img src=a.png><img src=b.png>"))

    assert done.returncode == 1
    assert members(done.stdout.strip()) == ["001-a.png"]
    assert f"  {site.url('/b.png')}: the server answered 404" in done.stderr.splitlines()
    assert done.stderr.endswith(": 1 picture, 1 failed\n")


def test_none_at_all_makes_the_status_2(command: Command, site: Site) -> None:
    done = command.run(site.page("/", "<img src=b.png>"))

    assert (done.returncode, done.stdout, command.made()) == (2, "", [])
    assert "no picture could be fetched" in done.stderr


def test_a_page_without_pictures_says_where_the_bookmarklet_is(alone: Command, site: Site) -> None:
    done = alone.run(site.page("/empty", "<p>nothing"))

    assert done.returncode == 2
    assert "shows no images" in done.stderr
    assert "at / of `image-downloader serve`" in done.stderr


def test_an_image_is_saved_under_its_name(command: Command, site: Site) -> None:
    done = command.run(site.file("/a/sunset.png", picture()))

    assert done.returncode == 0
    assert command.made() == ["sunset.png"]
    assert Path(done.stdout.strip()).read_bytes() == picture()


def test_a_dry_run_prints_the_urls_and_makes_nothing(
    command: Command, page: str, site: Site
) -> None:
    done = command.run("--dry-run", page)

    assert done.returncode == 0
    assert done.stdout.splitlines() == [site.url(f"/{name}.png") for name in "abc"]
    assert command.made() == []
    assert site.asked("/a.png") == 0


def test_pictures_are_extracted_into_a_folder(command: Command, page: str) -> None:
    done = command.run("--extract", page)

    assert done.returncode == 0
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in paths] == ["001-a.png", "002-b.png", "003-c.png"]
    assert [path.read_bytes() for path in paths] == [picture("png", ord(name)) for name in "abc"]
    assert len(command.made()) == 4


def test_filters_hold_and_what_they_leave_out_is_no_failure(command: Command, site: Site) -> None:
    site.file("/a.png", picture("png", 1, (9, 90)))
    site.file("/b.gif", picture("gif", 2, (90, 90)))
    site.file("/c.png", picture("png", 3, (90, 90)))
    site.file("/d.png", picture("png", 4, (90, 90)))
    page = site.page("/", "".join(f"<img src={name}>" for name in ("a.png", "b.gif", "c.png")))
    done = command.run("--min-width", "10", "--min-height", "10", "--types", "png,jpg,", page)

    assert done.returncode == 0, done.stderr
    assert members(done.stdout.strip()) == ["003-c.png"]
    assert "  2 pictures outside the filter" in done.stderr.splitlines()
    done = command.run("--limit", "1", page)
    assert members(done.stdout.strip()) == ["001-a.png"]
    assert done.stderr.splitlines() == [
        "  1 of 3 pictures: --limit asks for more",
        f"{page}: 1 picture",
    ]


def test_sizes_and_addresses_are_filtered(command: Command, site: Site) -> None:
    names = ["small.png", "large.png", "photos/b.png", "photos/c.png", "photos/thumb.png"]
    for number, name in enumerate(names):
        side = 9 if name == "small.png" else 90
        site.file(f"/{name}", picture("png", number, (side, side)))
    page = site.page("/", "".join(f"<img src={name}>" for name in names))
    filters = ["--include", "/PHOTOS/", "--include", "large", "--exclude", "th*b"]
    chosen = command.run(*filters, page)
    large = command.run("--min-bytes", "0.1 kB", page)
    least = command.run("--min-bytes", "0 kB", "--exclude", "photos", page)

    assert members(chosen.stdout.strip()) == ["001-large.png", "002-b.png", "003-c.png"]
    assert "'--min-bytes': Not a size: write plain bytes, or 10KiB," in large.stderr
    assert "10kB" in large.stderr
    assert members(least.stdout.strip()) == ["001-small.png", "002-large.png"]


def test_a_pattern_names_pictures(command: Command, site: Site) -> None:
    sunset = site.file("/sunset.png", picture())
    page = site.page("/", "<img src=sunset.png alt='The sun'>")

    assert members(command.run("--pattern", "{alt}", page).stdout.strip()) == ["The-sun.png"]
    done = command.run("--pattern", "{site} {name}", sunset)
    assert Path(done.stdout.strip()).name == "127.0.0.1 sunset.png"
    assert "There is no {colour}" in command.run("--pattern", "{colour}", page).stderr


def test_sources_say_where_to_look(command: Command, site: Site) -> None:
    for name in "ab":
        site.file(f"/{name}.png", picture("png", ord(name)))
    page = site.page("/", "<meta property=og:image content=a.png><img src=b.png>")
    done = command.run("--sources", "meta,seen", page)

    assert members(done.stdout.strip()) == ["001-b.png", "002-a.png"]


@pytest.mark.parametrize("option", [["--types", "gif"], ["--min-width", "10"]])
def test_filters_hold_for_an_image_too(command: Command, site: Site, option: list[str]) -> None:
    url = site.file("/a.png", picture("png", 1, (9, 90)))
    done = command.run(*option, url)

    assert (done.returncode, done.stdout, command.made()) == (2, "", [])
    assert done.stderr.splitlines() == ["  1 picture outside the filter", f"{url}: 0 pictures"]
    assert command.run("--types", "png", url).returncode == 0


def test_what_is_there_already_is_left_alone(alone: Command, page: str, site: Site) -> None:
    sunset = site.file("/sunset.png", picture())
    first, second = (Path(alone.run(sunset).stdout.strip()) for _ in range(2))
    assert [first.name, second.name] == ["sunset.png", "sunset-2.png"]
    assert first.read_bytes() == second.read_bytes()

    today, tomorrow = datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)  # it is in the name
    for day in today, tomorrow:
        (alone.output / f"127.0.0.1-park-{day:%Y-%m-%d}").mkdir()
    extracted = alone.run("--extract", page).stdout.splitlines()
    assert extracted[0].endswith("-2/001-a.png")


def test_of_several_urls_some_may_fail(alone: Command, page: str, site: Site) -> None:
    done = alone.run(page, site.url("/none"), site.file("/sunset.png", picture()))

    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert f"{site.url('/none')}: the server answered 404" in done.stderr
    assert done.stderr.endswith("total: 4 pictures, 1 failed\n")


def test_urls_may_come_from_standard_input(alone: Command, page: str, site: Site) -> None:
    sunset = site.file("/sunset.png", picture())
    done = alone.run("-", told=f"# pages\n{page}\n\n  {sunset}  \n#{site.url('/none')}\n")

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert alone.run("-", told="").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing argument"),
        (["--limit", "9999", "https://a"], "limit: Must be at most 500"),
        (["--types", "png,exe", "https://a"], "'exe' is not one of jpeg, png"),
        (["a b"], "https://a b: refused"),
        (["10.0.0.1/park"], "http://10.0.0.1/park: refused"),
        (["--sources", "seen,heard", "https://a"], "'heard' is not one of seen, meta"),
        (["ftp://a/"], "scheme is not http or https"),
        (["http://10.0.0.1/"], "private"),
        (["--server", "localhost:8000", "https://a"], "'localhost:8000' is not a URL"),
        (["--server", "http://", "https://a"], "'http://' is not a URL"),
        (["--key", "sixteen-letters-\nof-two-lines", "https://a"], "this is no key"),
        (["-o", "/proc/none", "https://a"], "'--output': cannot make '/proc/none': No such file"),
        ([""], "there is no URL"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    alone: Command, arguments: list[str], reason: str
) -> None:
    done = alone.run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "of-two-lines" not in done.stderr


def test_a_standard_input_that_is_closed_is_told(alone: Command) -> None:
    closed = "import os, sys; os.close(0); os.execv(sys.executable, sys.argv[1:])"
    command = [sys.executable, "-c", closed, sys.executable, "-m", "app", "fetch", "-"]
    done = subprocess.run(
        command, cwd=ROOT, env=alone.environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: standard input is closed\n"


def test_a_setting_that_is_wrong_is_named(alone: Command) -> None:
    alone.environment["DOWNLOADER_FETCH_SECONDS"] = "soon"
    done = alone.run("https://a")

    assert done.returncode == 2
    assert "DOWNLOADER_FETCH_SECONDS" in done.stderr


def test_settings_for_services_do_not_matter_here(alone: Command, page: str) -> None:
    alone.environment |= {
        "DOWNLOADER_API_KEYS": KEY,
        "DOWNLOADER_HOSTS": "images.example.com",
        "DOWNLOADER_JOB_THREADS": "0",
        "DOWNLOADER_RATE_LIMIT": "1/hour",
        "DOWNLOADER_ACCEL": "/stored/",
    }
    assert alone.run(page).returncode == 0


def test_where_there_is_no_network_it_says_so(alone: Command) -> None:
    done = alone.run(f"http://127.0.0.1:{free_port()}/")

    assert done.returncode == 2
    assert "unreachable" in done.stderr


def test_a_service_that_is_not_there_is_named(alone: Command) -> None:
    service = f"http://127.0.0.1:{free_port()}"
    done = alone.run("--server", service, "https://example.com/")

    assert done.returncode == 2
    assert f"no answer from {service}: Connection refused" in done.stderr


@pytest.mark.parametrize("reply", [Reply(b"<html>"), Reply(b"{}", status=404), Reply(status=301)])
def test_a_server_that_is_no_such_service_is_named(
    alone: Command, site: Site, reply: Reply
) -> None:
    site.replies["/download"] = reply
    done = alone.run("--server", site.url(), "https://example.com/")

    assert done.returncode == 2
    assert site.url("/download") in done.stderr


def test_the_key_and_the_service_may_stand_in_the_environment(
    alone: Command, service: Service, page: str
) -> None:
    service.environment["DOWNLOADER_API_KEYS"] = KEY
    service.start()
    alone.environment["DOWNLOADER_SERVER"] = f"http://127.0.0.1:{service.port}"
    refused = alone.run(page)
    alone.environment["DOWNLOADER_KEY"] = KEY

    assert refused.returncode == 2
    assert "key" in refused.stderr
    assert alone.run(page).returncode == 0


def test_a_service_that_asks_for_patience_gets_it(
    alone: Command, service: Service, page: str
) -> None:
    service.environment["DOWNLOADER_RATE_LIMIT"] = "1 per 3 seconds"
    service.start()
    done = alone.run("--server", f"http://127.0.0.1:{service.port}", page)

    assert done.returncode == 0, done.stderr
    assert 429 in {line.get("status") for line in service.lines()}


class Stalled:
    """A page whose second picture never comes."""

    def __init__(self, site: Site) -> None:
        self.reached, self.release = threading.Event(), threading.Event()
        site.file("/a.png", picture())
        site.replies["/slow.png"] = self.stall
        self.url = site.page("/", "<img src=a.png><img src=slow.png>")

    def stall(self) -> Reply:
        self.reached.set()
        self.release.wait(SECONDS)
        return Reply(picture(), "image/png")


@pytest.fixture
def stalled(site: Site) -> Iterator[Stalled]:
    stalled = Stalled(site)
    yield stalled
    stalled.release.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupt_ends_it_at_once_and_leaves_nothing(
    command: Command, stalled: Stalled, number: int
) -> None:
    with command.start(stalled.url) as process:
        assert stalled.reached.wait(SECONDS)
        process.send_signal(number)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=QUICK)

    assert process.returncode - 128 in {number, signal.SIGTERM}  # whichever was seen first
    assert "Traceback" not in errors
    assert command.made() == []
    assert list(command.temporary.iterdir()) == []


INTERRUPTED = """
import os, signal, sys
def hear(event, details):
    if event == "import" and details[0] == "app.errors":
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(hear)
"""


def test_an_interrupt_while_it_starts_is_no_news(alone: Command, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED)
    alone.environment["PYTHONPATH"] = str(tmp_path)
    with alone.start("https://example.com/") as process:
        _, errors = process.communicate(timeout=QUICK)

    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in errors


def test_a_terminal_that_closes_cancels_the_job_of_a_service(
    alone: Command, service: Service, stalled: Stalled
) -> None:
    service.start()
    here, there = pty.openpty()
    server = f"http://127.0.0.1:{service.port}"
    with alone.start("--server", server, stalled.url, stderr=there) as process:
        os.close(there)
        assert stalled.reached.wait(SECONDS)
        shown = b""
        while b"1/2" not in shown:  # after that, nothing is drawn
            shown += os.read(here, 4096)
        os.close(here)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=QUICK)

    assert process.returncode == 128 + signal.SIGHUP
    assert [row["status"] for row in service.rows("downloads")] == ["cancelled"]


def test_an_interrupt_does_not_wait_for_a_service_that_is_busy(alone: Command, site: Site) -> None:
    running = threading.Event()

    def status() -> Reply:
        running.set()
        return Reply(json.dumps(RUNNING).encode())

    site.replies["/download"] = Reply(status=202, headers={"Location": "/download/1"})
    site.replies["/download/1/status"] = status
    site.replies["/download/1"] = Reply(status=503, headers={"Retry-After": "60"})
    with alone.start("--server", site.url(), "https://example.com/") as process:
        assert running.wait(SECONDS)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=QUICK)

    assert process.returncode == 128 + signal.SIGINT
    assert site.asked("/download/1") == 1


def test_under_nohup_it_outlives_its_terminal(alone: Command, stalled: Stalled) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with alone.start(stalled.url) as process:
        assert stalled.reached.wait(SECONDS)
        process.send_signal(signal.SIGHUP)
        stalled.release.set()
        process.communicate(timeout=SECONDS)

    assert process.returncode == 0


def test_what_is_done_stays_on_a_service(alone: Command, service: Service, page: str) -> None:
    service.start()
    alone.run("--server", f"http://127.0.0.1:{service.port}", page)

    assert [row["status"] for row in service.rows("downloads")] == ["finished"]


def test_a_terminal_sees_a_bar_and_a_pipe_does_not(alone: Command, site: Site) -> None:
    site.file("/a.png", picture())
    page = site.page(f"/{'park' * 20}", "<img src=/a.png><img src=/b.png>")
    here, there = pty.openpty()
    with alone.start(page, stderr=there) as process:
        os.close(there)
        output, _ = process.communicate(timeout=SECONDS)
    shown = read_all(here)
    bars = [line for line in re.split(r"[\r\n]+|\x1b\[\?25[hl]", shown) if "]  " in line]

    assert process.returncode == 1
    assert bars[-1].endswith("##]  2/2")
    assert {len(line.rstrip()) for line in bars} == {80}
    assert len(output.splitlines()) == 1
    assert "2/2" not in alone.run(page).stderr


def read_all(descriptor: int) -> str:
    shown = b""
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(4096):
                shown += part
        except OSError:  # so Linux tells that the other end is closed
            pass
    return shown.decode()


def test_what_strangers_write_does_not_command_the_terminal(alone: Command, site: Site) -> None:
    done = alone.run(site.page("/", "<img src='\x1b]0;owned\x07.png'>"), site.url("/\x1b[2J"))

    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_a_reader_that_has_gone_ends_it_quietly(alone: Command, page: str, site: Site) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with alone.start(page, site.url("/next"), stdout=writing) as process:
        os.close(writing)
        _, errors = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert "Traceback" not in errors
    assert site.asked("/next") == 0
    assert list(alone.temporary.iterdir()) == []


def test_a_standard_output_that_takes_nothing_is_named(
    alone: Command, page: str, site: Site
) -> None:
    with Path("/dev/full").open("w") as full:
        process = alone.start(page, site.url("/next"), stdout=full)
        _, errors = process.communicate(timeout=SECONDS)

    assert process.returncode == 2
    assert errors == "Error: standard output cannot be written: No space left on device\n"
    assert site.asked("/next") == 0
    assert list(alone.temporary.iterdir()) == []


def test_messages_that_nobody_can_read_change_nothing(alone: Command, page: str) -> None:
    with Path("/dev/full").open("w") as full:
        process = alone.start(page, stderr=full)
        output, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == 0
    assert members(output.strip()) == ["001-a.png", "002-b.png", "003-c.png"]


def test_a_disk_that_is_full_is_named(command: Command, site: Site, small_disk: SmallDisk) -> None:
    site.file("/large.png", large_picture())
    page = site.page("/", "<img src=large.png>")
    command.output = small_disk.path
    small_disk.fill(but=8192)
    done = command.run(page)

    assert done.returncode == 2
    assert done.stderr == f"{page}: cannot write in '{small_disk.path}': No space left on device\n"
    assert command.made() == ["ballast"]
