"""Copies of the rows and files, made while the service runs."""

import errno
import sqlite3
import stat
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.commands.operator import back_up
from app.database.connection import db
from app.database.models import Download, Image
from app.jobs import cleanup
from app.settings import Settings
from app.storage import Storage
from tests.samples import picture


@pytest.mark.sqlite
def test_a_backup_is_a_storage_of_its_own(
    stored: Download, storage: Storage, tmp_path: Path, app: Flask
) -> None:
    copy = back_up(storage, tmp_path)
    for job in [*Download.select(), *Image.select().where(Image.download.is_null())]:
        cleanup.remove(job, storage)
    db.close()

    restored = create_app(Settings(storage_dir=copy))
    client = restored.test_client()

    assert client.get(f"/download/{stored.id}", buffered=True).status_code == 200
    assert len(client.get("/images").json["images"]) == 3
    assert cleanup.collect(restored.extensions["storage"]) == (0, 0)


@pytest.mark.sqlite
def test_a_backup_on_another_file_system_is_copied(
    stored: Download, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_file_system(*paths: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", other_file_system)
    copy = back_up(storage, tmp_path)

    copied = sorted(path.read_bytes() for path in copy.glob("images/*/*"))
    assert copied == sorted([picture("png", 1), picture("png", 1), picture("png", 2)])
    with sqlite3.connect(copy / "downloader.db") as rows:
        assert rows.execute("SELECT count(*) FROM image").fetchone() == (3,)
    rows.close()


@pytest.mark.sqlite
def test_a_backup_of_the_rows_is_for_its_owner_alone(storage: Storage, tmp_path: Path) -> None:
    copy = back_up(storage, tmp_path)

    assert stat.S_IMODE((copy / "downloader.db").stat().st_mode) == 0o600


@pytest.mark.sqlite
@pytest.mark.parametrize("fails", ["the rows", "a file"])
def test_a_backup_that_fails_leaves_nothing(
    stored: Download, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def fail(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if fails == "the rows":
        monkeypatch.setattr("app.database.sqlite.Sqlite.copy_to", fail)
    else:
        monkeypatch.setattr("app.storage.local.link_or_copy", fail)
    target = tmp_path / "backups"
    with pytest.raises(OSError, match="No space left"):
        back_up(storage, target)

    assert list(target.iterdir()) == []
