"""The storage in a bucket: what its server may say, and what its URL may not."""

import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.database.ids import new_id
from app.errors import ConfigurationError, StorageUnreachable
from app.setting_values import MiB
from app.storage import ObjectStorage, image_key
from tests.object_store import BUCKET, KEYS, SeaweedFS

pytestmark = pytest.mark.cluster
KEY = image_key(new_id(), 1)


def ask_all(storage: ObjectStorage) -> None:
    """Expect of everything that asks the bucket that it fails, and of removing that it does not."""
    with pytest.raises(StorageUnreachable), storage.new_file(KEY) as file:
        file.write(b"a")
    for ask in storage.stat, storage.exists, storage.read, storage.open, storage.open_as_file:
        with pytest.raises(StorageUnreachable):
            ask(KEY)
    with pytest.raises(StorageUnreachable):
        list(storage.walk("images"))
    with pytest.raises(StorageUnreachable):
        storage.probe()
    storage.remove(KEY)


def test_a_server_that_is_not_there_is_not_a_missing_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    ask_all(ObjectStorage(f"s3://{BUCKET}?endpoint=http://127.0.0.1:{port}&region=us-east-1"))


def test_keys_that_the_server_does_not_know_are_no_missing_file(
    object_store: SeaweedFS, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with caplog.at_level(logging.WARNING):
        ask_all(ObjectStorage(object_store.url("x")))

    assert "403" in str([vars(record) for record in caplog.records])
    assert "another-secret" not in str([vars(record) for record in caplog.records])


def test_a_bucket_that_is_missing_has_no_files_to_list(object_store: SeaweedFS) -> None:
    storage = ObjectStorage(object_store.url("x").replace(BUCKET, "another"))

    with pytest.raises(StorageUnreachable):
        list(storage.walk("images"))


def test_threads_may_use_it_at_once_from_the_beginning(object_store: SeaweedFS) -> None:
    code = (
        "import sys; from concurrent.futures import ThreadPoolExecutor as Pool;"
        " from app.storage import ObjectStorage; storage = ObjectStorage(sys.argv[1]);"
        " print(set(Pool(8).map(storage.exists, ['a'] * 8)))"
    )
    command = [sys.executable, "-c", code, object_store.url("x")]

    assert subprocess.check_output(command, text=True) == "{False}\n"


def test_a_file_is_not_read_on_once_it_is_removed(bucket: ObjectStorage) -> None:
    with bucket.new_file(KEY) as file:
        file.write(bytes(3 * MiB))
    with bucket.open(KEY) as file:
        assert len(file.read(MiB)) == MiB
        bucket.remove(KEY)
        with pytest.raises(Exception, match="gone"):
            file.read(2 * MiB)


def test_prefixes_keep_storages_of_one_bucket_apart(
    object_store: SeaweedFS, bucket: ObjectStorage
) -> None:
    with bucket.new_file(KEY) as file:
        file.write(b"a")
    other = ObjectStorage(object_store.url("another/prefix/"))

    assert not other.exists(KEY)
    assert list(other.walk("images")) == []


def test_backups_are_the_business_of_the_servers(bucket: ObjectStorage, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="save the rows by pg_dump"):
        bucket.make_copy(tmp_path / "copy", lambda path: None)


@pytest.mark.parametrize(
    "url",
    [
        "s3:///prefix",
        "s3://key:hush@bucket/prefix",
        "s3://bucket/../prefix",
        "s3://bucket/a//b",
        "s3://bucket/a b",
        "s3://bucket?secret_access_key=hush",
        "s3://bucket?endpoint=",
        "s3://bucket?endpoint=s3:8333",
        "s3://bucket#hush",
        "s3://[hush",
        "s3://hush]/",
        "https://bucket/prefix",
    ],
)
def test_an_address_that_is_none_of_a_bucket_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DOWNLOADER_STORAGE_URL: write s3://") as raised:
        ObjectStorage(url)
    assert "hush" not in str(raised.value)
