"""The storage in a folder, and the one in a bucket of a real server."""

from pathlib import Path

import pytest

from app.database.ids import new_id
from app.storage import FolderStorage, ObjectStorage, Storage, image_key
from tests.object_store import SeaweedFS


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "storage")
    storage.prepare()
    storage.open_parts("me")
    return storage


@pytest.fixture
def bucket(object_store: SeaweedFS, tmp_path: Path) -> ObjectStorage:
    return ObjectStorage(object_store.url(tmp_path.name))


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.cluster)])
def storage(request: pytest.FixtureRequest) -> Storage:
    found: Storage = request.getfixturevalue(request.param)
    return found


def put(storage: Storage, content: bytes, key: str = "") -> str:
    """Store a file, as an image if no key is given; return its key."""
    key = key or image_key(new_id(), 1)
    with storage.new_file(key) as file:
        file.write(content)
    return key


def parts(storage: Storage) -> list[Path]:
    """Return what is in the making; in a bucket, that has no name."""
    if not isinstance(storage, FolderStorage):
        return []
    return [path for path in (storage.root / "parts").rglob("*") if path.is_file()]
