"""The commands for operators."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import sysconfig
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app import jobs, prepare
from app.database.connection import db
from app.database.ids import new_id, now
from app.database.models import Delivery, Image
from app.errors import Unreachable
from app.jobs import cleanup
from app.settings import Settings
from app.storage import FolderStorage, image_key
from tests.samples import add_image

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def failed() -> Image:
    add_image("https://a/1")
    image = jobs.claim(Image, "me")
    assert image
    jobs.fail(image, Unreachable("no address for a"))
    return image


def test_list_shows_the_newest_and_why_they_failed(runner: FlaskCliRunner) -> None:
    first = failed()
    jobs.add_download(url="https://b/", limit=1)
    lines = runner.invoke(args=["jobs", "list"]).output.splitlines()

    assert len(lines) == 2
    assert lines[0].split()[0] == "download"
    added = f"{first.added_at:%Y-%m-%dT%H:%M:%SZ}"
    assert lines[1].split() == [
        "image", str(first.id), "failed", added, "https://a/1", "no", "address", "for", "a"
    ]  # fmt: skip


def test_list_filters_by_status(runner: FlaskCliRunner) -> None:
    failed()
    add_image("https://a/2")
    output = runner.invoke(args=["jobs", "list", "--status", "queued"]).output

    assert [line.split()[4] for line in output.splitlines()] == ["https://a/2"]


def test_list_writes_a_document_a_line(runner: FlaskCliRunner) -> None:
    image = failed()
    [line] = runner.invoke(args=["jobs", "list", "--json"]).output.splitlines()
    document = json.loads(line)

    assert (document["kind"], document["id"]) == ("image", str(image.id))
    assert datetime.fromisoformat(document["added_at"]) <= now()
    assert document["error"]["detail"] == "no address for a"


def test_retry_adds_the_job_again(runner: FlaskCliRunner) -> None:
    output = runner.invoke(args=["jobs", "retry", str(failed().id)]).output

    assert Image.get_by_id(output.strip()).status == "queued"


def test_retry_says_why_not(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["jobs", "retry", str(add_image("https://a/1").id)])

    assert result.exit_code == 1
    assert "only a failed job can be tried again" in result.output


def test_cancel_cancels(runner: FlaskCliRunner) -> None:
    image = add_image("https://a/1")
    assert runner.invoke(args=["jobs", "cancel", str(image.id)]).exit_code == 0
    assert jobs.get(Image, image.id).status == "cancelled"


def test_cancel_leaves_what_has_ended(runner: FlaskCliRunner) -> None:
    image = failed()
    result = runner.invoke(args=["jobs", "cancel", str(image.id)])

    assert result.exit_code == 1
    assert "jobs remove" in result.output
    assert jobs.get(Image, image.id).status == "failed"


def test_remove_removes_what_has_ended(runner: FlaskCliRunner) -> None:
    image = failed()
    assert runner.invoke(args=["jobs", "remove", str(image.id)]).exit_code == 0
    assert not Image.select().exists()


def given_up(app: Flask) -> Delivery:
    image = add_image("https://a/1", "https://hooks.test/a?key=s3cret")
    assert jobs.claim(Image, "me")
    cleanup.remove(image, app.extensions["storage"])
    delivery = jobs.claim(Delivery, "me")
    assert delivery
    jobs.fail(delivery, Unreachable("no address for hooks.test"))
    return delivery


def test_deliveries_lists_what_was_given_up(runner: FlaskCliRunner, app: Flask) -> None:
    delivery = given_up(app)
    output = runner.invoke(args=["jobs", "deliveries"]).output

    told = ["hooks.test", "1", "no", "address", "for", "hooks.test"]
    assert output.split() == [str(delivery.id), str(delivery.job_id), *told]


def test_redeliver_tries_once_more(runner: FlaskCliRunner, app: Flask) -> None:
    delivery = given_up(app)
    assert runner.invoke(args=["jobs", "redeliver", str(delivery.id)]).exit_code == 0
    again = jobs.claim(Delivery, "me")

    assert again
    assert (again.id, again.attempts) == (delivery.id, 2)
    result = runner.invoke(args=["jobs", "redeliver", str(delivery.id)])
    assert (result.exit_code, result.output) == (
        1,
        "Error: it is running; only a failed delivery can be tried again\n",
    )


@pytest.mark.parametrize("job_id", ["01a1f882-94ec-7569-8cff-cd211d2c85f9", "5"])
def test_an_unknown_job_is_an_error_in_words(runner: FlaskCliRunner, job_id: str) -> None:
    result = runner.invoke(args=["jobs", "cancel", job_id])

    assert result.exit_code != 0
    assert job_id in result.output
    assert "Traceback" not in result.output


def test_gc_tells_what_it_removed(runner: FlaskCliRunner, app: Flask) -> None:
    stray = app.extensions["storage"].root / image_key(new_id(), 1)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    output = runner.invoke(args=["jobs", "gc"]).output

    assert output == "1 files without a row and 0 rows without their file removed\n"
    assert not stray.exists()


def test_backup_makes_a_folder_and_says_which(runner: FlaskCliRunner, tmp_path: Path) -> None:
    output = runner.invoke(args=["backup", str(tmp_path)]).output

    assert (Path(output.strip()) / "downloader.db").is_file()


def test_backup_says_that_there_is_one_of_this_second(
    runner: FlaskCliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = now()
    monkeypatch.setattr(cleanup, "now", lambda: second)
    results = [runner.invoke(args=["backup", str(tmp_path)]) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 1]
    assert "File exists" in results[1].output


@pytest.mark.parametrize("target", ["/proc", __file__, "/nowhere"])
def test_a_backup_that_cannot_be_written_says_so(runner: FlaskCliRunner, target: str) -> None:
    result = runner.invoke(args=["backup", target])

    assert result.exit_code in (1, 2)
    assert result.output.splitlines()[-1].startswith("Error: ")
    assert target in result.output


def test_a_database_that_is_locked_is_an_error_in_words(runner: FlaskCliRunner) -> None:
    image = add_image("https://a/1")
    db.pragma("busy_timeout", 1)
    with closing(sqlite3.connect(db.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = runner.invoke(args=["jobs", "cancel", str(image.id)])

    assert (result.exit_code, result.output) == (1, "Error: database is locked\n")


def test_a_reader_that_has_seen_enough_is_no_error(app: Flask) -> None:
    failed()
    ours, theirs = os.pipe()
    os.close(ours)
    variables = os.environ | {"DOWNLOADER_STORAGE_DIR": str(app.extensions["storage"].root)}
    command = [sys.executable, "-m", "app", "jobs", "list"]
    with os.fdopen(theirs, "wb") as output:
        done = subprocess.run(
            command,
            env=variables,
            stdout=output,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
            timeout=60,
        )

    assert done.stderr == b""


@pytest.mark.parametrize("limit", ["0", "-1", "99999999999999999999"])
def test_list_refuses_limits_that_make_no_sense(runner: FlaskCliRunner, limit: str) -> None:
    result = runner.invoke(args=["jobs", "list", "--limit", limit])

    assert result.exit_code == 2
    assert "--limit" in result.output


def test_a_setting_that_is_not_valid_is_one_line_of_a_command() -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "list"]
    bad = os.environ | {"DOWNLOADER_JOB_THREADS": "many"}
    done = subprocess.run(
        command, cwd=ROOT, env=bad, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith('Error: Environment variable "DOWNLOADER_JOB_THREADS" invalid')


# Runs what follows the service's name where the container would, and starts and stops nothing.
DOCKER = """#!/bin/sh
while [ $# -gt 0 ] && [ "$1" != app ]; do shift; done
[ $# -eq 0 ] && exit
shift
exec "$@"
"""


def test_the_backup_of_a_container_is_restored_as_the_guide_says(tmp_path: Path) -> None:
    """The guide's own lines, with a `docker` that runs commands in a folder instead."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    storage = FolderStorage(tmp_path / "storage")
    prepare(Settings(storage_dir=storage.root))
    stray = storage.root / image_key(new_id(), 1)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"picture")
    guide = (ROOT / "docs" / "operations.md").read_text()
    make, restore = re.findall(r"```sh\n(docker compose (?:exec|stop).*?)```", guide, re.DOTALL)
    script = f"{make}\necho broken > storage/downloader.db\nrm -r storage/images\n{restore}"
    subprocess.run(
        ["sh", "-euc", script],
        cwd=tmp_path,
        env={
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}",
        },
        check=True,
        timeout=60,
    )

    assert stray.parent.exists()  # the file came back, and
    assert not stray.exists()  # went again by `jobs gc`: it had no row
    with closing(sqlite3.connect(storage.database)) as restored:
        assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
