"""Names of files that are given out: ours in every character, whatever the URL says."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import unquote

from app.pictures.formats import ALIASES, BY_NAME, FORMATS
from app.urls import path_of, readable_host

MAX_NAME_BYTES = 120
WORDS = ("position", "name", "alt", "site", "title", "id")  # of a pattern
FIXED_WORDS = ("position", "id")  # never cut
COUNTER_BYTES = 6  # `-10000`, which makes a name unique

_ENDINGS = {*BY_NAME, *ALIASES, *(one.extension for one in FORMATS)}
_WORD = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[\w .-]*")
# No names of files on Windows.
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|(com|lpt)[\d¹²³])(?![^.])")


def member_name(position: int, digits: int, url: str, extension: str) -> str:
    """Return a picture's name in an archive, such as `001-sunset.jpg`.

    The position makes it unique, also where a file system folds case.
    """
    place, ending = f"{position:0{digits}}", f".{extension}"
    room = MAX_NAME_BYTES - len(f"{place}-{ending}")
    stem = _plain(stem_of(url), room)
    return f"{place}-{stem}{ending}" if stem else f"{place}{ending}"


def check_pattern(pattern: str) -> None:
    """Judge a pattern of names, such as `{position}-{alt}`.

    Raises:
        ValueError: with what to change.
    """
    known = ", ".join(f"{{{word}}}" for word in WORDS)
    literals, words = _WORD.split(pattern)[::2], _WORD.findall(pattern)
    for word in words:
        if word not in WORDS:
            raise ValueError(f"There is no {{{word}}}: use {known}.")
    if not all(map(_LITERAL.fullmatch, literals)):
        raise ValueError(f"Use letters, digits, spaces, and . - _ beside {known}.")


def pattern_names(pattern: str, pictures: Iterable[tuple[Mapping[str, str], str]]) -> Iterator[str]:
    """Yield names of members by a pattern, unique without regard to case.

    A picture comes as what the words stand for, and its extension.
    """
    seen: set[str] = set()
    counters: Counter[str] = Counter()
    for values, extension in pictures:
        stem = _pattern_stem(pattern, values, MAX_NAME_BYTES - len(extension) - 1)
        name = first = f"{stem}.{extension}"
        while name.casefold() in seen:
            counters[first.casefold()] += 1
            name = f"{stem}-{counters[first.casefold()] + 1}.{extension}"
        seen.add(name.casefold())
        yield name


def _pattern_stem(pattern: str, values: Mapping[str, str], room: int) -> str:
    """Fill in a pattern; the words that may be long share what room the others leave."""
    room -= COUNTER_BYTES
    pieces = _WORD.split(pattern)
    fixed = [values[word] for word in pieces[1::2] if word in FIXED_WORDS]
    used = sum(len(piece.encode()) for piece in pieces[::2] + fixed)
    share = max(room - used, 0) // max(len(pieces) // 2 - len(fixed), 1)
    for index in range(1, len(pieces), 2):
        value = values[pieces[index]]
        pieces[index] = value if pieces[index] in FIXED_WORDS else _plain(value, share)
    text = unicodedata.normalize("NFC", "".join(pieces))
    return _usable(text.encode()[:room].decode(errors="ignore").strip(" -._") or "image")


def _usable(stem: str) -> str:
    return f"image-{stem}" if _DEVICE.match(stem) else stem


def image_name(url: str, extension: str) -> str:
    """Return the name to save a single picture under, such as `sunset.jpg`."""
    ending = f".{extension}"
    return _usable(_plain(stem_of(url), MAX_NAME_BYTES - len(ending)) or "image") + ending


def archive_name(url: str, made_at: datetime, title: str | None = None) -> str:
    """Return the name to save a page's archive under: `Parks-of-Munich-2026-11-20.zip`.

    Without a title: `münchen.example-parks-2026-11-20.zip`.
    """
    ending = f"-{made_at:%Y-%m-%d}.zip"
    page = f"{readable_host(url)} {stem_of(url)}"
    names = (_plain(name, MAX_NAME_BYTES - len(ending)) for name in (title or "", page))
    return next(filter(None, names), "images") + ending


def stem_of(url: str) -> str:
    """Return the last part of a URL's path, without its ending."""
    return PurePosixPath(unquote(path_of(url))).stem


def without_ending(text: str) -> str:
    """Return a text that may be the name of a picture, as many an `alt` is, without its ending."""
    stem, dot, ending = text.rpartition(".")
    return stem if dot and ending.lower() in _ENDINGS else text


def _plain(text: str, room: int) -> str:
    """Keep letters, digits, dot, dash and underscore, in at most `room` bytes of UTF-8."""
    text = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text))
    return text.encode()[:room].decode(errors="ignore").strip("-._")
