"""The storage in a folder, and the one in a bucket of a real server."""

from pathlib import Path

import pytest

from app.storage import FolderStorage, ObjectStorage, Storage
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
