"""The folder that a user wants files in: each appears whole, and over nothing that is there."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import TextIO
from uuid import uuid4


def keep(folder: Path, name: str, pieces: Iterable[bytes]) -> Path:
    """Write a file; return where, for another may have its name already."""
    part = _part(folder)
    try:
        with part.open("xb") as file:
            file.writelines(pieces)
        wanted = Path(name)
        return part.replace(_reserved(folder, wanted.stem, wanted.suffix, Path.touch))
    finally:
        part.unlink(missing_ok=True)


def unpack(folder: Path, name: str, pieces: Iterable[bytes]) -> list[Path]:
    """Make a folder of what is in a zip of that name; return where its files are."""
    part = _part(folder)
    part.mkdir()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.writelines(pieces)
            with zipfile.ZipFile(file) as archive:
                # The names that the files get, which need not be those that the zip says.
                paths = [Path(archive.extract(member, part)) for member in archive.infolist()]
        place = part.replace(_reserved(folder, name.removesuffix(".zip"), "", Path.mkdir))
        return [place / path.relative_to(part) for path in paths]
    finally:
        shutil.rmtree(part, ignore_errors=True)


def silence(stream: TextIO) -> None:
    """Let the rest go nowhere; Python would write it again at the end, and fail by that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _part(folder: Path) -> Path:
    """Return where something grows until it is whole; containers often share a folder and a pid."""
    return folder / f".image-downloader-{uuid4()}.part"


def _reserved(folder: Path, stem: str, ending: str, make: Callable[..., None]) -> Path:
    """Take a name that is free: the one that is wanted, or the next, such as `sunset-2.jpg`."""
    for number in count(1):
        path = folder / (f"{stem}-{number}{ending}" if number > 1 else f"{stem}{ending}")
        try:
            make(path, exist_ok=False)
        except FileExistsError:
            continue
        break
    return path
