"""Files that are whole or not there, in a folder and in a bucket alike."""

import errno
import io
import os
import zipfile
from datetime import UTC, datetime

import pytest

from app.database.ids import new_id
from app.errors import Gone, Interrupted, StorageFailure, StorageFull, StorageUnusable
from app.setting_values import MiB
from app.storage import (
    FolderStorage,
    Member,
    Storage,
    archive_key,
    image_key,
    thumbnail_key,
    write_archive,
)
from tests.storage.conftest import parts, put

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_file_appears_when_it_is_whole(storage: Storage) -> None:
    key = image_key(new_id(), 1)
    with storage.new_file(key) as file:
        file.write(b"half")
        file.flush()
        assert not storage.exists(key)

    assert storage.read(key) == b"half"
    assert parts(storage) == []


def test_a_file_that_was_not_finished_never_appears(storage: Storage) -> None:
    key = image_key(new_id(), 1)
    with pytest.raises(ZeroDivisionError), storage.new_file(key) as file:
        file.write(b"half" * (1 // 0))

    assert not storage.exists(key)
    assert parts(storage) == []


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


def test_a_member_that_somebody_removed_is_a_named_reason(storage: Storage) -> None:
    key = archive_key(new_id(), 1)
    with pytest.raises(Gone, match="gone"):
        write_archive(storage, key, [Member("a.png", image_key(new_id(), 1))], NOON)

    assert not storage.exists(key)
    assert parts(storage) == []


def test_an_archive_holds_its_members_in_order(storage: Storage) -> None:
    first, second = put(storage, b"one"), put(storage, b"two")
    key = archive_key(new_id(), 1)

    members = [Member("2.png", second), Member("1.png", first), Member("manifest.json", b"{}")]
    write_archive(storage, key, members, NOON)

    with storage.open(key) as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        told = [(info.filename, archive.read(info)) for info in archive.infolist()]
        assert told == [("2.png", b"two"), ("1.png", b"one"), ("manifest.json", b"{}")]


def test_an_archive_can_be_cut_between_members(storage: Storage) -> None:
    large = put(storage, bytes(17 * MiB))
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

    with storage.open(key) as file, zipfile.ZipFile(file) as archive:
        assert archive.getinfo("a").date_time == (1980, 1, 1, 0, 0, 0)


def test_several_files_are_stored_together(storage: Storage) -> None:
    keys = [image_key(new_id(), 1) for _ in range(20)]
    made = []
    for key in keys:
        with storage.new_part(key) as part:
            part.file.write(key.encode())
        made.append(part)
    assert not any(map(storage.exists, keys))
    storage.store(made)

    assert [storage.read(key) for key in keys] == [key.encode() for key in keys]
    assert parts(storage) == []


def test_parts_that_are_discarded_never_appear(storage: Storage) -> None:
    key = image_key(new_id(), 1)
    with storage.new_part(key) as part:
        part.file.write(b"half")
    storage.discard([part])

    assert not storage.exists(key)
    assert parts(storage) == []


def test_a_stored_file_is_read_from_any_place(storage: Storage) -> None:
    content = bytes(range(256)) * (12 * 1024)
    key = put(storage, content)
    with storage.open(key) as file:
        assert file.read(3) == content[:3]
        assert file.seek(-5, os.SEEK_END) == len(content) - 5
        assert file.read() == content[-5:]
        assert file.read(1) == b""
        assert file.seek(2 * MiB - 2) == 2 * MiB - 2
        assert file.read(4) == content[2 * MiB - 2 : 2 * MiB + 2]
        file.seek(0)
        assert file.read() == content


def test_a_large_file_is_stored_whole(storage: Storage) -> None:
    content = os.urandom(20 * MiB)
    key = put(storage, content, archive_key(new_id(), 1))

    assert storage.stat(key).size == len(content)
    assert storage.read(key) == content


def test_a_file_that_is_written_out_of_order_is_stored_as_it_ends(storage: Storage) -> None:
    key = archive_key(new_id(), 1)
    with storage.new_file(key) as file:
        file.write(b"....end")
        file.seek(0)
        file.write(b"head")

    assert storage.read(key) == b"headend"


def test_an_empty_file_is_one(storage: Storage) -> None:
    key = put(storage, b"")

    assert storage.stat(key).size == 0
    with storage.open(key) as file:
        assert file.read() == b""
    assert storage.read(key) == b""


def test_what_is_removed_is_gone_and_nobody_minds_when_it_was_before(storage: Storage) -> None:
    key = put(storage, b"a")
    storage.remove(key)
    storage.remove(key)

    assert not storage.exists(key)
    assert storage.read(key) is None
    for ask in storage.open, storage.open_as_file, storage.stat:
        with pytest.raises(Gone, match=r"\Athe stored file is gone\Z"):
            ask(key)


def test_a_file_with_two_keys_is_there_until_both_are_removed(storage: Storage) -> None:
    first = put(storage, b"image")
    second, third = (image_key(new_id(), 1) for _ in range(2))
    storage.store([storage.link(first, second)])
    storage.discard([storage.link(first, third)])
    storage.remove(first)

    assert storage.read(second) == b"image"
    assert [entry.key for entry in storage.walk("images")] == [second]
    assert parts(storage) == []
    with pytest.raises(Gone, match=r"\Athe stored file is gone\Z"):
        storage.link(first, third)


def test_what_is_stored_is_listed_by_kind(storage: Storage) -> None:
    image_id, download_id = new_id(), new_id()
    keys = image_key(image_id, 2), thumbnail_key(image_id, 2), archive_key(download_id, 1)
    for key in (*keys, "images/note.txt"):
        if key == "images/note.txt" and isinstance(storage, FolderStorage):
            continue  # it would not be put there by us
        put(storage, b"a", key)

    assert list(storage.walk("images")) == [(keys[0], image_id, 2)]
    assert {entry.key for entry in storage.walk("images", "thumbnails", "archives")} == set(keys)


def test_another_process_can_read_a_file_by_its_descriptor(storage: Storage) -> None:
    key = put(storage, b"content")
    with storage.open_as_file(key) as file:
        assert os.pread(file.fileno(), 100, 0) == b"content"


def test_a_version_stays_the_same_for_the_same_file(storage: Storage) -> None:
    key, other = put(storage, b"a"), put(storage, b"other")

    assert storage.stat(key) == storage.stat(key)
    assert storage.stat(key).etag != storage.stat(other).etag
    assert '"' not in storage.stat(key).etag


def test_a_storage_that_works_says_so(storage: Storage) -> None:
    storage.probe()
    assert storage.free_bytes() > 0


def test_whether_to_cut_is_asked_every_16_mib(storage: Storage) -> None:
    asked: list[bool] = []
    members = [Member(f"{number}.png", bytes(17 * MiB)) for number in range(4)]
    write_archive(
        storage, archive_key(new_id(), 1), members, NOON, lambda: bool(asked.append(True))
    )

    assert len(asked) == 3
