"""Thumbnails for the tests."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from app.pictures.formats import BY_NAME
from app.pictures.thumbnail import Thumbnailer

Shrink = Callable[[bytes, str], Image.Image]


@pytest.fixture(scope="module")
def thumbnailer() -> Iterator[Thumbnailer]:
    thumbnailer = Thumbnailer()
    yield thumbnailer
    thumbnailer.close()


@pytest.fixture
def shrink(tmp_path: Path, thumbnailer: Thumbnailer) -> Shrink:
    """Make the thumbnail of some bytes."""

    def do(body: bytes, name: str) -> Image.Image:
        path = tmp_path / "picture"
        path.write_bytes(body)
        with path.open("rb") as file:
            made = thumbnailer.make(file, BY_NAME[name])
        return Image.open(io.BytesIO(made), formats=["WEBP"])

    return do
