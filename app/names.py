"""Names of files that are given out: ours in every character, whatever the URL says."""

import re
import unicodedata
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

MAX_NAME_BYTES = 120


def member_name(position: int, digits: int, url: str, extension: str) -> str:
    """Return a picture's name in an archive, such as `001-sunset.jpg`.

    The position makes it unique, also where a file system folds case.
    """
    place, ending = f"{position:0{digits}}", f".{extension}"
    room = MAX_NAME_BYTES - len(f"{place}-{ending}")
    stem = _plain(PurePosixPath(unquote(urlsplit(url).path)).stem, room)
    return f"{place}-{stem}{ending}" if stem else f"{place}{ending}"


def archive_name(url: str, made_at: datetime) -> str:
    """Return the name to save a page's archive under, such as `example.com-2026-11-20.zip`."""
    ending = f"-{made_at:%Y-%m-%d}.zip"
    return _plain(urlsplit(url).hostname or "images", MAX_NAME_BYTES - len(ending)) + ending


def _plain(text: str, room: int) -> str:
    """Keep letters, digits, dot, dash and underscore, in at most `room` bytes of UTF-8."""
    text = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text))
    return text.encode()[:room].decode(errors="ignore").strip("-._")
