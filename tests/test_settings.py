"""Settings: one list, checked values, and a README that tells the same."""

import re
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from app import settings
from app.errors import ConfigurationError
from app.settings import MiB, Settings, load

README = Path(__file__).parent.parent / "README.md"
ROW = re.compile(r"^\| `DOWNLOADER_(\w+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in fields(Settings):
        monkeypatch.delenv(f"DOWNLOADER_{one.name.upper()}", raising=False)
        monkeypatch.delenv(f"DOWNLOADER_{one.name.upper()}_FILE", raising=False)


def test_the_readme_tells_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ROW.findall(README.read_text())

    assert [name for name, _, _ in rows] == [one.name.upper() for one in fields(Settings)]
    assert [told for _, _, told in rows] == [one.metadata["meaning"] for one in fields(Settings)]
    for name, default, _ in rows:
        if default != "empty":
            monkeypatch.setenv(f"DOWNLOADER_{name}", default.strip("`"))
    assert load() == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("JOB_THREADS", "3", 3),
        ("MAX_PAGE_BYTES", "1048576", MiB),
        ("MAX_PAGE_BYTES", "10MiB", 10 * MiB),
        ("MAX_PAGE_BYTES", "10 MiB", 10 * MiB),
        ("MAX_IMAGE_BYTES", "2GiB", 2 << 30),
        ("FETCH_SECONDS", "1.5", 1.5),
        ("ALLOW_NETWORKS", "", ()),
        (
            "ALLOW_NETWORKS",
            "10.0.0.0/8, fd00::/8",
            (ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        ),
        ("STORAGE_DIR", "/srv/x", Path("/srv/x")),
        ("LOG_LEVEL", "debug", 10),
    ],
)
def test_a_value_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    monkeypatch.setenv(settings.PREFIX + name, text)

    assert getattr(load(), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("JOB_THREADS", "many"),
        ("JOB_THREADS", "0"),
        ("JOB_THREADS", "257"),
        ("JOB_THREADS", ""),
        ("MAX_PAGE_BYTES", "10MB"),
        ("MAX_PAGE_BYTES", "-1"),
        ("MAX_PAGE_BYTES", "0"),
        ("FETCH_SECONDS", "0"),
        ("ALLOW_NETWORKS", "10.0.0.1/8"),
        ("ALLOW_NETWORKS", "localhost"),
        ("USER_AGENT", ""),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(settings.PREFIX + name, text)

    with pytest.raises(ConfigurationError, match=f"DOWNLOADER_{name}"):
        load()


def test_a_value_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "agent").write_text("curious/1.0\n")
    monkeypatch.setenv("DOWNLOADER_USER_AGENT_FILE", str(tmp_path / "agent"))

    assert load().user_agent == "curious/1.0"


def test_a_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWNLOADER_USER_AGENT_FILE", "/nowhere")

    with pytest.raises(ConfigurationError, match="DOWNLOADER_USER_AGENT_FILE"):
        load()
