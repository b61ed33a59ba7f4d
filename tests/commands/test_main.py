"""The command as a whole: what it offers, and what it imports for that."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from app.commands.main import COMMANDS
from tests.samples import picture
from tests.site import Site

ROOT = Path(__file__).parents[2]
HEAVY = {"flask", "werkzeug", "peewee", "requests", "urllib3", "bs4", "marshmallow",
         "gunicorn", "limits", "prometheus_client", "asyncio"}  # fmt: skip
REPORT = """
import atexit, sys
def tell():
    print(*(name for name, module in sys.modules.items() if getattr(module, "__spec__", None)),
          file=sys.stderr)
atexit.register(tell)
"""


def imported(tmp_path: Path, *arguments: str) -> set[str]:
    """Run the command and return the names of what it imported, not of stand-ins."""
    (tmp_path / "sitecustomize.py").write_text(REPORT)
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "DOWNLOADER_ALLOW_NETWORKS": "127.0.0.0/8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return {part for name in done.stderr.split() for part in (name, name.partition(".")[0])}


def test_the_version_is_told_without_what_reads_options(tmp_path: Path) -> None:
    assert "app" in (names := imported(tmp_path, "--version"))
    assert not names & {"click", "typing", *HEAVY}


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed(tmp_path: Path, site: Site, closed: str) -> None:
    site.file("/a.png", picture())
    page = site.page("/", "<img src=a.png>")
    for arguments in "--version", f"fetch --extract -o {tmp_path} {page}":
        subprocess.run(
            ["sh", "-c", f"{sys.executable} -m app {arguments} {closed}"],
            cwd=ROOT,
            env=os.environ | {"DOWNLOADER_ALLOW_NETWORKS": "127.0.0.0/8"},
            check=True,
        )
    assert [path.read_bytes() for path in tmp_path.rglob("*.png")] == [picture()]


@pytest.mark.parametrize("closed", ["<&- >&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_no_file_takes_the_number_of_a_closed_stream(tmp_path: Path, closed: str) -> None:
    program = """
import os, runpy, sys
told = sys.argv.pop()
runpy.run_module("app", run_name="imported")
numbers = [os.readlink(f"/proc/self/fd/{number}") for number in range(3)]
open(told, "w").write(str(numbers))
"""
    told = tmp_path / "told"
    line = f'exec "$1" -c "$2" "$3" {closed}'
    subprocess.run(["sh", "-c", line, "sh", sys.executable, program, told], cwd=ROOT, check=True)
    assert told.read_text().count("/dev/null") >= closed.count("&-")
    assert ".py" not in told.read_text()


def test_libraries_do_without_what_only_they_would_use_and_do_not_warn() -> None:
    program = """
import sys
sys.argv[1:] = []
import app.__main__
import requests
from bs4 import BeautifulSoup
page, answer = BeautifulSoup("<p>1", "html.parser"), requests.Response()
answer._content = "no charset named: ä".encode()
print(page.p.text, answer.text)
"""
    command = [sys.executable, "-X", "utf8", "-W", "error", "-c", program]
    assert subprocess.check_output(command, cwd=ROOT).decode() == "1 no charset named: ä\n"


@pytest.mark.parametrize("arguments", [["--help"], ["fetch", "--help"]])
def test_what_only_answers_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert "click" in (names := imported(tmp_path, *arguments))
    assert not names & HEAVY


def test_what_ends_is_not_searched_for_garbage(tmp_path: Path) -> None:
    report = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count()))\n"
    (tmp_path / "sitecustomize.py").write_text(report)
    done = subprocess.run(
        [sys.executable, "-m", "app", "fetch", "--help"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout.split()[-1]) > 1000


def test_operators_do_without_the_web_framework(tmp_path: Path) -> None:
    assert "peewee" in (names := imported(tmp_path, "jobs", "list", "--help"))
    assert not names & {"flask", "werkzeug", "requests", "bs4", "gunicorn"}


def test_the_help_of_the_group_has_whole_sentences() -> None:
    told = subprocess.check_output([sys.executable, "-m", "app", "--help"], cwd=ROOT, text=True)

    for _, sentence in COMMANDS.values():
        assert sentence in " ".join(told.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_the_group_says_what_the_command_says(name: str) -> None:
    place, sentence = COMMANDS[name]
    module, _, attribute = place.partition(":")
    command = getattr(import_module(f"app.commands.{module}"), attribute)

    assert isinstance(command, click.Command)
    assert command.name == name
    assert (command.help or "").startswith(sentence)


def test_the_shell_completes_commands_and_options(tmp_path: Path) -> None:
    def completed(*words: str) -> list[str]:
        environment = {
            "_IMAGE_DOWNLOADER_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["image-downloader", *words]),
            "COMP_CWORD": str(len(words)),
        }
        code = "import sys; sys.argv[0] = 'image-downloader'; from app.__main__ import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert completed("") == ["backup", "fetch", "jobs", "migrate-storage", "serve", "work"]
    assert completed("fetch", "--min") == ["--min-width", "--min-height", "--min-bytes"]
    assert "retry" in completed("jobs", "")


def test_fetch_does_without_the_web_framework_and_the_metrics(tmp_path: Path, site: Site) -> None:
    site.file("/a.png", picture())
    names = imported(tmp_path, "fetch", "-o", str(tmp_path), site.page("/", "<img src=a.png>"))

    assert {"peewee", "requests", "bs4"} <= names
    assert not names & {"soupsieve", "lxml", "html5lib", "charset_normalizer"}
    assert not names & {"flask", "werkzeug", "limits", "prometheus_client", "asyncio", "PIL"}
    assert not names & {"app.render.browser", "app.render.tab", "app.fetch.proxy"}  # for `render`
    assert "click._termui_impl" not in names  # no terminal sees a progress bar
    assert not names & {"itsdangerous", "marshmallow"}  # no cookies, and no documents of the API
    assert "playhouse" not in names  # its database is new: there is nothing to migrate
