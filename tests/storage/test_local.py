"""The storage in a folder: its parts, its syncs and its permissions."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from app.database.ids import new_id
from app.errors import ConfigurationError, Gone, StorageFull
from app.storage import FolderStorage, image_key
from app.storage.disk import file_system
from tests.disk import FaultyDisk, SmallDisk


def parts(storage: FolderStorage) -> list[Path]:
    return [path for path in (storage.root / "parts").rglob("*") if path.is_file()]


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
    key = image_key(new_id(), 1)
    with folder.new_file(key):
        pass
    disk = FaultyDisk(folder.root, monkeypatch)
    with folder.new_file(key) as file:
        file.write(b"whole")

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
    with folder.new_file(key):
        pass

    assert synced[1:] == [folder.root / "images", folder.root, made]


def test_others_may_read_what_is_kept_but_no_rows(folder: FolderStorage, tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    key = image_key(new_id(), 1)
    with folder.new_file(key) as file:
        file.write(b"a")

    assert (folder.root / key).stat().st_mode == usual.stat().st_mode
    assert folder.database.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigurationError, match=r"DOWNLOADER_STORAGE_DIR: .*/file cannot be"):
        FolderStorage(tmp_path / "file").prepare()


def test_a_network_volume_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.local.file_system", lambda path: "nfs4")

    with pytest.raises(ConfigurationError, match=r"network volume \(nfs4\).*use a disk of this"):
        FolderStorage(tmp_path / "storage").prepare()


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
    with storage.new_file("images/00/picture") as file:
        file.write(b"picture")

    assert storage.read("images/00/picture") == b"picture"


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


def test_a_link_that_cannot_be_made_leaves_nothing_behind(
    folder: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = image_key(new_id(), 1), image_key(new_id(), 1)
    with folder.new_file(key) as file:
        file.write(b"one")
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
    key = image_key(new_id(), 1)
    with folder.new_file(key) as file:
        file.write(b"one")
    os.utime(folder.root / key, ns=(0, 1_799_999_999_999_999_999))

    assert folder.stat(key).changed == 1_799_999_999
