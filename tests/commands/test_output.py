"""What the command makes in a folder that others may use at the same time."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from app.commands import output


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("001-a.png", b"a picture")
    return file.getvalue()


def test_several_may_grow_at_once(tmp_path: Path) -> None:
    def interrupted_by_others() -> Iterator[bytes]:
        yield b"first, "
        output.keep(tmp_path, "sunset.png", [b"second"])
        output.unpack(tmp_path, "park.zip", [archive()])
        yield b"still first"

    output.keep(tmp_path, "sunset.png", interrupted_by_others())

    files = {str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*.*")}
    assert {name: path.read_bytes() for name, path in files.items()} == {
        "sunset.png": b"second",
        "sunset-2.png": b"first, still first",
        "park/001-a.png": b"a picture",
    }


def test_others_may_read_what_they_may_read_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    kept = output.keep(tmp_path, "sunset.png", [b"a picture"])
    [unpacked] = output.unpack(tmp_path, "park.zip", [archive()])

    assert kept.stat().st_mode == (tmp_path / "file").stat().st_mode
    assert unpacked.parent.stat().st_mode == (tmp_path / "folder").stat().st_mode


def test_what_is_told_is_what_was_written_whatever_a_zip_says(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name in "/etc/evil.png", "../../evil.png", "a/../b.png":
            zipped.writestr(name, b"a picture")
    paths = output.unpack(tmp_path, "park.zip", [file.getvalue()])

    assert {path.read_bytes() for path in paths} == {b"a picture"}
    assert all(path.resolve().is_relative_to(tmp_path / "park") for path in paths)


def test_a_number_goes_before_the_ending_if_there_is_one(tmp_path: Path) -> None:
    names = [output.keep(tmp_path, name, [b""]).name for name in ("a.b.png", "images") * 2]

    assert names == ["a.b.png", "images", "a.b-2.png", "images-2"]
