"""How the options of `fetch` are read."""

import re
from collections.abc import Collection, Mapping

import click

from app.pictures.sources import Source


def types(value: str) -> list[str] | None:
    """Read names of formats, comma separated."""
    from app.pictures.formats import ALIASES, BY_NAME

    return _names(value, BY_NAME, ALIASES)


def sources(value: str) -> list[str] | None:
    """Read names of places to look, comma separated."""
    return _names(value, [source.value for source in Source])


def _names(
    text: str, known: Collection[str], aliases: Mapping[str, str] | None = None
) -> list[str] | None:
    names = [name.strip().lower() for name in text.split(",")]
    names = [(aliases or {}).get(name, name) for name in names if name]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}")
    return names or None


def size(value: str) -> int:
    """Read a size in bytes."""
    from app.setting_values import NotValid, read_size

    try:
        return read_size(value)
    except NotValid as error:
        raise click.BadParameter(str(error)) from None


def pattern(value: str) -> str:
    """Read a pattern of names."""
    from app.pictures.filenames import check_pattern

    try:
        check_pattern(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


def url(value: str) -> str:
    """Read the URL of a service."""
    if value and not re.match(r"https?://[^/]", value, re.IGNORECASE):
        raise click.BadParameter(f"{value!r} is not a URL such as https://images.example.com")
    return value


def key(value: str) -> str:
    """Read a key; the message never shows it."""
    from app import keys

    if value and not keys.SPELLING.fullmatch(value):
        raise click.BadParameter("this is no key: a key has 16 characters or more, and no spaces")
    return value
