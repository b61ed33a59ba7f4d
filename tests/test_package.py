"""The package: a wheel with all that a process needs, away from the checkout."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2, which
from typing import Any

import pytest
from packaging.requirements import Requirement

from app import VERSION
from tests.samples import picture
from tests.service.conftest import SECONDS, Service
from tests.site import Site

ROOT = Path(__file__).parent.parent
# What the command must not find: the working folder of somebody who develops with Flask.
FOREIGN = 'raise SystemExit("a module of the working folder was imported")\n'


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def tracked() -> list[Path]:
    """Return the files of a clean checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [Path(name) for name in listed.stdout.split("\0") if name]
    return [path for path in paths if (ROOT / path).exists()]


@dataclass
class Installed:
    """The command of an environment that has nothing but the wheel and its dependencies."""

    wheel: Path
    command: Path
    folder: Path

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [self.command, *arguments],
            cwd=self.folder,
            env={**clean(), **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done


def clean() -> dict[str, str]:
    """Return the environment without what concerns this checkout."""
    ours = ("DOWNLOADER", "PYTHON", "VIRTUAL_ENV", "GUNICORN")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("package")
    for path in tracked():
        (folder / "checkout" / path).parent.mkdir(parents=True, exist_ok=True)
        copy2(ROOT / path, folder / "checkout" / path)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=folder / "checkout", check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")

    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    offline = ["--quiet", "--offline", "--no-index", "--no-deps", "--python", str(python)]
    uv = which("uv", path=str(Path(sys.executable).parent))
    subprocess.run([str(uv), "pip", "install", *offline, str(wheel)], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    dependencies = environment / "lib" / version / "site-packages" / "dependencies.pth"
    dependencies.write_text(sysconfig.get_path("purelib") + "\n")

    home = folder / "home"
    (home / "app").mkdir(parents=True)
    for name in "app/__init__.py", "wsgi.py", "gunicorn.conf.py":
        (home / name).write_text(FOREIGN)
    return Installed(wheel, environment / "bin" / "image-downloader", home)


class Serving(Service):
    """A service that the command started."""

    def __init__(self, installed: Installed, folder: Path, **variables: str) -> None:
        super().__init__(folder, **variables)
        self.command = [installed.command, "serve", "--port", str(self.port)]
        self.place = installed.folder
        self.environment = clean() | {"DOWNLOADER_ALLOW_NETWORKS": "127.0.0.0/8", **variables}


@pytest.fixture(scope="module")
def serving(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    service = Serving(installed, tmp_path_factory.mktemp("serving"))
    service.start()
    yield service
    service.end()


@pytest.mark.parametrize("extra", ["", "-cluster"])
def test_the_project_asks_for_the_packages_of_the_requirements(extra: str) -> None:
    lines = (ROOT / f"requirements{extra}.in").read_text().splitlines()
    listed = [Requirement(line) for line in lines if not line.startswith("-")]
    extras: Any = project()["optional-dependencies"]
    asked: Any = extras[extra[1:]] if extra else project()["dependencies"]

    assert [Requirement(text) for text in asked] == listed


def test_the_wheel_has_every_file_of_the_application(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        members = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {str(path) for path in tracked() if path.parts[0] == "app"}

    assert members == wanted | {"app/gunicorn.conf.py"}
    assert installed.wheel.name.startswith(f"image_downloader-{VERSION}-")


def test_it_says_its_version(installed: Installed) -> None:
    assert installed.run("--version").stdout == f"image-downloader {VERSION}\n"


def test_fetch_makes_a_zip(installed: Installed, site: Site) -> None:
    site.file("/a.png", picture())
    page = site.page("/park", "<img src=a.png>")
    done = installed.run("fetch", "-o", "made", page, DOWNLOADER_ALLOW_NETWORKS="127.0.0.0/8")

    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(installed.folder / done.stdout.strip()) as archive:
        assert archive.read("001-a.png") == picture()


def test_serve_shows_pages_with_styles_and_scripts(serving: Serving) -> None:
    for page in "/", "/gallery", "/downloads", "/docs":
        answer = serving.get(page)
        assert answer.ok, (page, answer.text)
        assets = re.findall(r'(?:href|src)="(/[^"]+\.(?:css|js|svg))"', answer.text)
        assert any(asset.endswith(".css") for asset in assets)
        for asset in assets:
            assert serving.get(asset).ok, asset


def test_serve_does_jobs_and_keeps_files_in_the_working_folder(
    serving: Serving, installed: Installed, site: Site
) -> None:
    url = site.file("/sunset.png", picture())
    path = serving.ask("POST", "/images", json={"url": url}).headers["Location"]
    assert serving.end_of(f"{path}/content").content == picture()
    assert (installed.folder / "storage" / "downloader.db").exists()

    listed = installed.run("jobs", "list")
    assert url in listed.stdout, listed.stderr
    backup = installed.run("backup", ".")
    assert (installed.folder / backup.stdout.strip() / "downloader.db").exists()


def test_serve_reloads_its_own_code(serving: Serving) -> None:
    before = serving.workers()
    assert serving.process
    serving.process.send_signal(signal.SIGHUP)
    serving.wait(lambda: len(now := serving.workers()) == 1 and now != before)

    assert serving.get("/").ok


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOWNLOADER_JOB_THREADS", "many"),
        ("DOWNLOADER_BROWSER", "/nowhere/chromium"),
        ("DOWNLOADER_STORAGE_DIR", "/dev/null"),
        ("WEB_CONCURRENCY", "many"),
        ("WEB_CONCURRENCY", ""),
    ],
)
def test_serve_refuses_what_could_not_start(installed: Installed, name: str, value: str) -> None:
    done = installed.run("serve", "--check-config", **{name: value})

    assert done.returncode != 0
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert installed.run("serve", "--check-config").returncode == 0


def test_jobs_are_not_looked_for_where_no_storage_is(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("jobs", "list", DOWNLOADER_STORAGE_DIR=str(tmp_path / "none"))

    assert done.returncode == 1
    assert f"no storage in {tmp_path / 'none'}" in done.stderr
    assert not (tmp_path / "none").exists()
