"""The commands for operators."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app import jobs
from app.errors import Unreachable
from app.models import Image, new_id


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def failed() -> Image:
    jobs.add_image("https://a/1")
    image = jobs.claim(Image, "me")
    assert image
    jobs.fail(image, Unreachable("no address for a"))
    return image


def test_list_shows_the_newest_and_why_they_failed(runner: FlaskCliRunner) -> None:
    first = failed()
    jobs.add_download(url="https://b/", limit=1, min_width=0, min_height=0, manifest=False)
    lines = runner.invoke(args=["jobs", "list"]).output.splitlines()

    assert len(lines) == 2
    assert lines[0].split()[0] == "download"
    assert lines[1].split() == [
        "image", str(first.id), "failed", "https://a/1", "no", "address", "for", "a"
    ]  # fmt: skip


def test_list_filters_by_status(runner: FlaskCliRunner) -> None:
    failed()
    jobs.add_image("https://a/2")
    output = runner.invoke(args=["jobs", "list", "--status", "queued"]).output

    assert [line.split()[3] for line in output.splitlines()] == ["https://a/2"]


def test_retry_adds_the_job_again(runner: FlaskCliRunner) -> None:
    output = runner.invoke(args=["jobs", "retry", str(failed().id)]).output

    assert Image.get_by_id(output.strip()).status == "queued"


def test_retry_says_why_not(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["jobs", "retry", str(jobs.add_image("https://a/1").id)])

    assert result.exit_code == 1
    assert "only a failed job can be tried again" in result.output


def test_cancel_cancels(runner: FlaskCliRunner) -> None:
    image = jobs.add_image("https://a/1")
    assert runner.invoke(args=["jobs", "cancel", str(image.id)]).exit_code == 0
    assert jobs.get(Image, image.id).status == "cancelled"


@pytest.mark.parametrize("job_id", [str(new_id()), "5"])
def test_an_unknown_job_is_an_error_in_words(runner: FlaskCliRunner, job_id: str) -> None:
    result = runner.invoke(args=["jobs", "cancel", job_id])

    assert result.exit_code != 0
    assert job_id in result.output
    assert "Traceback" not in result.output


def test_gc_tells_what_it_removed(runner: FlaskCliRunner, app: Flask) -> None:
    stray = app.extensions["storage"].image(new_id(), 1)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    output = runner.invoke(args=["jobs", "gc"]).output

    assert output == "1 files without a row and 0 rows without their file removed\n"
    assert not stray.exists()


def test_backup_makes_a_folder_and_says_which(runner: FlaskCliRunner, tmp_path: Path) -> None:
    output = runner.invoke(args=["backup", str(tmp_path)]).output

    assert (Path(output.strip()) / "downloader.db").is_file()
