"""The storage in a folder: its parts, its syncs and its permissions."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from peewee import OperationalError

from app.database.ids import new_id
from app.errors import ConfigurationError, Gone, StorageFull
from app.storage import FolderStorage, archive_key, image_key, thumbnail_key
from app.storage.disk import file_system
from tests.disk import FaultyDisk, SmallDisk
from tests.storage.conftest import parts, put


def test_what_a_process_left_half_written_can_be_removed(folder: FolderStorage) -> None:
    other = FolderStorage(folder.root)
    other.open_parts("other")
    key = image_key(new_id(), 1)
    with folder.new_file(key), suppress(Gone), other.new_file(key):
        assert len(parts(folder)) == 2
        for name in "other", "other", "unheard of":
            folder.remove_parts(name)
        assert [part.parent.name for part in parts(folder)] == ["me"]
        raise Gone("with its process")


def test_bytes_are_synced_before_they_have_their_name_and_the_name_after(
    folder: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = put(folder, b"")
    disk = FaultyDisk(folder.root, monkeypatch)
    put(folder, b"whole", key)

    assert disk.done == ["open", "write", "fsync", "mkdir", "rename", "open", "fsync"]


def test_the_system_begins_to_write_what_is_whole_before_it_is_synced(
    folder: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    monkeypatch.setattr("app.storage.local.start_writeback", begun.append)
    with folder.new_part(image_key(new_id(), 1)) as part:
        part.file.write(b"whole")
        assert not begun

    assert begun == [part.file.fileno()]
    part.file.close()


def test_a_folder_that_another_has_made_is_synced_all_the_same(
    folder: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = image_key(new_id(), 1)
    made = (folder.root / key).parent
    made.mkdir(parents=True)
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append(Path(f"/proc/self/fd/{number}").readlink())
    )
    put(folder, b"", key)

    assert synced[1:] == [folder.root / "images", folder.root, made]


def test_others_may_read_what_is_kept_but_no_rows(folder: FolderStorage, tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    key = put(folder, b"a")

    assert (folder.root / key).stat().st_mode == usual.stat().st_mode
    assert folder.database.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(ConfigurationError) as refused:
        FolderStorage(path).prepare()

    said = f"DOWNLOADER_STORAGE_DIR: {path} cannot be written: Not a directory"
    assert str(refused.value) == said


def test_a_network_volume_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("app.storage.local.file_system", lambda path: asked.append(path) or "nfs4")
    path = tmp_path / "new" / "storage"
    with pytest.raises(ConfigurationError) as refused:
        FolderStorage(path).prepare()

    assert asked == [path]
    assert str(refused.value) == (
        f"DOWNLOADER_STORAGE_DIR: {path} is on a network volume (nfs4), where neither SQLite nor"
        " file locks are safe; use a disk of this machine"
    )


def test_a_folder_is_prepared_again_at_each_start(folder: FolderStorage) -> None:
    key = put(folder, b"one")
    folder.database.write_bytes(b"rows")
    folder.prepare()

    assert folder.read(key) == b"one"
    assert folder.database.read_bytes() == b"rows"
    assert (folder.root / "start.lock").exists()  # which other releases wait for, too


def test_who_has_no_folder_for_parts_writes_nothing(folder: FolderStorage) -> None:
    reader = FolderStorage(folder.root)
    with pytest.raises(FileNotFoundError):
        put(reader, b"one")


def test_files_that_cannot_all_have_their_names_have_none(
    folder: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = new_id()
    put(folder, b"one", image_key(image_id, 1))  # makes their folder
    disk = FaultyDisk(folder.root, monkeypatch)
    made = []
    for attempt in 2, 3:
        with folder.new_part(image_key(image_id, attempt)) as part:
            part.file.write(b"one")
        made.append(part)
    disk.fail(errno.ENOSPC, 5, 5)  # behind two syncs, a look at the folder, and a name
    with pytest.raises(StorageFull):
        folder.store(made)

    assert disk.failed == ["rename"]
    assert [entry.attempt for entry in folder.walk("images")] == [1]
    assert parts(folder) == []


def test_the_kind_of_a_file_system_is_found(small_disk: SmallDisk) -> None:
    assert file_system(small_disk.path) == "tmpfs"


def test_a_storage_that_ends_with_its_process_waits_for_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "fsync", refuse)
    storage = FolderStorage(tmp_path, durable=False)
    storage.prepare()
    storage.open_parts("me")

    assert storage.read(put(storage, b"picture")) == b"picture"


def test_a_file_that_resists_is_told_and_holds_nobody_up(
    folder: FolderStorage, caplog: pytest.LogCaptureFixture
) -> None:
    key = image_key(new_id(), 1)
    (folder.root / key).mkdir(parents=True)  # nobody can unlink a folder
    folder.remove(key)

    [record] = caplog.records
    assert record.message == "file not removed"
    assert record.__dict__["path"] == str(folder.root / key)
    folder.remove(image_key(new_id(), 1))
    assert len(caplog.records) == 1


def test_a_copy_that_is_there_already_is_named(folder: FolderStorage, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    with pytest.raises(FileExistsError) as refused:
        folder.make_copy(target, lambda path: None)

    assert str(refused.value) == f"[Errno 17] File exists: '{target}'"


def test_a_copy_has_the_database_and_all_files_but_thumbnails(
    folder: FolderStorage, tmp_path: Path
) -> None:
    image_id = new_id()
    first, second = (image_key(image_id, attempt) for attempt in (1, 2))
    keys = [first, second, archive_key(new_id(), 1)]
    for key in (*keys, thumbnail_key(new_id(), 1)):
        put(folder, key.encode(), key)
    target = tmp_path / "backups" / "copy"
    modes = []

    def copy_database(path: Path) -> None:
        assert not target.exists()
        modes.append(path.stat().st_mode & 0o777)
        path.write_bytes(b"rows")

    folder.make_copy(target, copy_database)

    copied = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert copied == {"downloader.db", *keys}
    assert (target / first).read_bytes() == first.encode()
    assert (target / "downloader.db").read_bytes() == b"rows"
    assert modes == [0o600]
    assert list(target.parent.iterdir()) == [target]


def test_a_copy_that_fails_leaves_nothing_behind(folder: FolderStorage, tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise OperationalError

    target = tmp_path / "backups" / "copy"
    with pytest.raises(OperationalError):
        folder.make_copy(target, refuse)

    assert list(target.parent.iterdir()) == []


def test_a_file_that_goes_while_others_are_copied_is_left_out(
    folder: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = put(folder, b"gone"), put(folder, b"kept")
    listed = list(folder.walk("images"))
    folder.remove(gone)
    monkeypatch.setattr(folder, "walk", lambda *folders: listed)
    target = tmp_path / "copy"
    folder.make_copy(target, lambda path: None)

    assert (target / kept).read_bytes() == b"kept"
    assert not (target / gone).exists()


def test_a_link_that_cannot_be_made_leaves_nothing_behind(
    folder: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = put(folder, b"one"), image_key(new_id(), 1)
    disk = FaultyDisk(folder.root, monkeypatch)
    disk.fail(errno.ENOSPC, 1, 1)  # to open it once it is linked
    with pytest.raises(StorageFull):
        folder.link(key, other)

    assert disk.failed == ["open"]
    assert parts(folder) == []


def test_where_proxies_find_a_file_is_a_path_of_a_url(folder: FolderStorage) -> None:
    assert folder.proxy_path("images/0a/é ?.1") == "images/0a/%C3%A9%20%3F.1"


def test_a_folder_for_parts_that_is_gone_is_noticed(folder: FolderStorage) -> None:
    folder.probe()
    shutil.rmtree(folder.root / "parts")
    with pytest.raises(FileNotFoundError):
        folder.probe()


def test_the_time_of_a_file_is_in_whole_seconds(folder: FolderStorage) -> None:
    key = put(folder, b"one")
    os.utime(folder.root / key, ns=(0, 1_799_999_999_999_999_999))

    stat = folder.stat(key)
    assert stat.changed == 1_799_999_999
    assert stat.etag == "6b49d1ff-3"  # as nginx writes it
