"""Names of files that are given out: ours in every character, whatever the URL says."""

import re
import unicodedata
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import unquote

from app.urls import path_of, readable_host

MAX_NAME_BYTES = 120


def member_name(position: int, digits: int, url: str, extension: str) -> str:
    """Return a picture's name in an archive, such as `001-sunset.jpg`.

    The position makes it unique, also where a file system folds case.
    """
    place, ending = f"{position:0{digits}}", f".{extension}"
    room = MAX_NAME_BYTES - len(f"{place}-{ending}")
    stem = _plain(_stem(url), room)
    return f"{place}-{stem}{ending}" if stem else f"{place}{ending}"


def image_name(url: str, extension: str) -> str:
    """Return the name to save a single picture under, such as `sunset.jpg`."""
    ending = f".{extension}"
    return (_plain(_stem(url), MAX_NAME_BYTES - len(ending)) or "image") + ending


def archive_name(url: str, made_at: datetime) -> str:
    """Return the name to save a page's archive under: `münchen.example-parks-2026-11-20.zip`."""
    ending = f"-{made_at:%Y-%m-%d}.zip"
    page = f"{readable_host(url)} {_stem(url)}"
    return (_plain(page, MAX_NAME_BYTES - len(ending)) or "images") + ending


def _stem(url: str) -> str:
    return PurePosixPath(unquote(path_of(url))).stem


def _plain(text: str, room: int) -> str:
    """Keep letters, digits, dot, dash and underscore, in at most `room` bytes of UTF-8."""
    text = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text))
    return text.encode()[:room].decode(errors="ignore").strip("-._")
