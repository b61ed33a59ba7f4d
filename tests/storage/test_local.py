"""Files that are whole or not there."""

import errno
import io
import os
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.database.models import new_id
from app.errors import (
    ConfigurationError,
    Gone,
    Interrupted,
    StorageFailure,
    StorageFull,
    StorageUnusable,
)
from app.setting_values import MiB
from app.storage import Member, Storage, archive_key, image_key, write_archive
from app.storage.disk import file_system
from tests.disk import FaultyDisk, SmallDisk

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage(tmp_path / "storage")
    storage.prepare()
    storage.open_parts("me")
    return storage


def parts(storage: Storage) -> list[Path]:
    return [path for path in (storage.root / "parts").rglob("*") if path.is_file()]


def test_a_file_appears_when_it_is_whole(storage: Storage) -> None:
    key = image_key(new_id(), 1)
    with storage.new_file(key) as file:
        file.write(b"half")
        file.flush()
        assert not storage.exists(key)
        assert len(parts(storage)) == 1

    assert storage.read(key) == b"half"
    assert parts(storage) == []


def test_a_file_that_was_not_finished_never_appears(storage: Storage) -> None:
    key = image_key(new_id(), 1)
    with pytest.raises(ZeroDivisionError), storage.new_file(key) as file:
        file.write(b"half" * (1 // 0))

    assert not storage.exists(key)
    assert parts(storage) == []


def test_what_a_process_left_half_written_can_be_removed(storage: Storage) -> None:
    other = Storage(storage.root)
    other.open_parts("other")
    key = image_key(new_id(), 1)
    with storage.new_file(key), suppress(Gone), other.new_file(key):
        assert len(parts(storage)) == 2
        for name in "other", "other", "unheard of":
            storage.remove_parts(name)
        assert [part.parent.name for part in parts(storage)] == ["me"]
        raise Gone("with its process")


def test_another_attempt_writes_another_file(storage: Storage) -> None:
    image_id = new_id()

    assert image_key(image_id, 1) != image_key(image_id, 2)
    assert archive_key(image_id, 1) != archive_key(image_id, 2)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, StorageFull) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)),
        *((code, StorageUnusable) for code in (errno.EROFS, errno.EACCES, errno.EPERM)),
    ],
)
def test_what_keeps_from_writing_is_a_named_reason(
    storage: Storage, code: int, reason: type[StorageFailure]
) -> None:
    key = image_key(new_id(), 1)
    with pytest.raises(reason), storage.new_file(key):
        raise OSError(code, os.strerror(code))

    assert parts(storage) == []


def test_other_faults_of_the_disk_are_not_hidden(storage: Storage) -> None:
    with pytest.raises(OSError, match="Input/output"), storage.new_file("x"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_bytes_are_synced_before_they_have_their_name_and_the_name_after(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = image_key(new_id(), 1)
    with storage.new_file(key):
        pass
    disk = FaultyDisk(storage.root, monkeypatch)
    with storage.new_file(key) as file:
        file.write(b"whole")

    assert disk.done == ["open", "write", "fsync", "mkdir", "rename", "open", "fsync"]


def test_a_folder_that_another_has_made_is_synced_all_the_same(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = image_key(new_id(), 1)
    folder = (storage.root / key).parent
    folder.mkdir(parents=True)
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append(Path(f"/proc/self/fd/{number}").readlink())
    )
    with storage.new_file(key):
        pass

    assert synced[1:] == [storage.root / "images", storage.root, folder]


def test_a_member_that_somebody_removed_is_a_named_reason(storage: Storage) -> None:
    key = archive_key(new_id(), 1)
    with pytest.raises(Gone, match="gone"):
        write_archive(storage, key, [Member("a.png", image_key(new_id(), 1))], NOON)

    assert not storage.exists(key)
    assert parts(storage) == []


def test_an_archive_holds_its_members_in_order(storage: Storage) -> None:
    first, second = image_key(new_id(), 1), image_key(new_id(), 1)
    for key, content in (first, b"one"), (second, b"two"):
        with storage.new_file(key) as file:
            file.write(content)
    key = archive_key(new_id(), 1)

    members = [Member("2.png", second), Member("1.png", first), Member("manifest.json", b"{}")]
    write_archive(storage, key, members, NOON)

    with zipfile.ZipFile(storage.root / key) as archive:
        assert archive.testzip() is None
        told = [(info.filename, archive.read(info)) for info in archive.infolist()]
        assert told == [("2.png", b"two"), ("1.png", b"one"), ("manifest.json", b"{}")]


def test_an_archive_can_be_cut_between_members(storage: Storage) -> None:
    large = image_key(new_id(), 1)
    with storage.new_file(large) as file:
        file.write(bytes(17 * MiB))
    key = archive_key(new_id(), 1)
    members = [Member("1.png", large), Member("2.png", large)]

    with pytest.raises(Interrupted):
        write_archive(storage, key, members, NOON, cut=lambda: True)

    assert not storage.exists(key)
    assert parts(storage) == []


def test_the_same_members_make_the_same_archive(storage: Storage) -> None:
    made = []
    for attempt in 1, 2:
        key = archive_key(new_id(), attempt)
        write_archive(storage, key, [Member("a", b"1")], NOON)
        made.append(storage.read(key))

    assert made[0] == made[1]
    assert zipfile.is_zipfile(io.BytesIO(made[0] or b""))


def test_an_archive_of_a_clock_that_was_not_set_is_made_all_the_same(storage: Storage) -> None:
    key = archive_key(new_id(), 1)
    write_archive(storage, key, [Member("a", b"1")], datetime(1970, 1, 1, tzinfo=UTC))

    with zipfile.ZipFile(storage.root / key) as archive:
        assert archive.getinfo("a").date_time == (1980, 1, 1, 0, 0, 0)


def test_others_may_read_what_is_kept_but_no_rows(storage: Storage, tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    key = image_key(new_id(), 1)
    with storage.new_file(key) as file:
        file.write(b"a")

    assert (storage.root / key).stat().st_mode == usual.stat().st_mode
    assert storage.database.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigurationError, match=r"DOWNLOADER_STORAGE_DIR: .*/file cannot be"):
        Storage(tmp_path / "file").prepare()


def test_a_network_volume_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.local.file_system", lambda path: "nfs4")

    with pytest.raises(ConfigurationError, match=r"network volume \(nfs4\).*use a disk of this"):
        Storage(tmp_path / "storage").prepare()


def test_the_kind_of_a_file_system_is_found(small_disk: SmallDisk) -> None:
    assert file_system(small_disk.path) == "tmpfs"


def test_a_storage_that_ends_with_its_process_waits_for_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "fsync", refuse)
    storage = Storage(tmp_path, durable=False)
    storage.prepare()
    storage.open_parts("me")
    with storage.new_file("images/00/picture") as file:
        file.write(b"picture")

    assert storage.read("images/00/picture") == b"picture"
