"""Every setting, once: name, default, unit and meaning. docs/settings.md is checked against it."""

import logging
import os
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import VERSION
from app.errors import ConfigurationError
from app.setting_values import (
    KINDS,
    SERVERS,
    GiB,
    MiB,
    Network,
    NotValid,
    matching,
    readable_url,
    redis_database,
    single_at_sign,
    within,
)

if TYPE_CHECKING:
    from limits import RateLimitItem

PREFIX = "DOWNLOADER_"
COMMAND = ("SERVER", "KEY")  # of `python -m app fetch`, which reads settings too

_HEADER_TEXT = matching(r"[ -~]*", "Only printable ASCII characters.")


def _setting(kind: str, default: Any, meaning: str, *checks: Callable[[Any], None]) -> Any:
    """Declare a setting of one of `KINDS`; the checks raise `NotValid`."""
    metadata = {"kind": kind, "meaning": meaning, "checks": checks}
    return field(default=default, metadata=metadata, repr=kind not in ("secrets", *SERVERS))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The deployer's choices; sizes in bytes, times in seconds."""

    storage_dir: Path = _setting("folder", Path("storage"), "database and files")
    job_threads: int = _setting(
        "int", 8, "jobs at once in a process; 0: it leaves them to other processes", within(0, 256)
    )
    images_at_once: int = _setting(
        "int", 1, "images of a page fetched at once; a request may ask for fewer", within(1, 16)
    )
    max_images: int = _setting(
        "int", 500, "highest `limit` a client may ask for", within(1, 10_000)
    )
    allow_networks: tuple[Network, ...] = _setting(
        "networks", (), "CIDRs, comma separated, that may be fetched although not public"
    )
    host_connections: int = _setting(
        "int", 6, "connections to one host at once, over all jobs of a process", within(1, 256)
    )
    fetch_seconds: float = _setting(
        "float", 60.0, "deadline of one fetch, all hops", within(0.1, 86_400)
    )
    job_seconds: float = _setting(
        "float",
        900.0,
        "time of a job over all its runs, without the pauses that origins ask for",
        within(0.1, 604_800),
    )
    max_page_bytes: int = _setting("size", 10 * MiB, "a page's body", within(1))
    style_sheets: int = _setting(
        "int", 20, "style sheets of a page that are read, besides its own; 0: none", within(0, 100)
    )
    max_image_bytes: int = _setting("size", 100 * MiB, "one image's body", within(1))
    max_image_pixels: int = _setting(
        "int", 200_000_000, "width × height from the header", within(1, 10**12)
    )
    job_attempts: int = _setting(
        "int", 3, "runs of a job that dies with its process", within(1, 1000)
    )
    max_queued: int = _setting(
        "int",
        100_000,
        "jobs that may wait before new ones get 503; 0: any number",
        within(0, 10**9),
    )
    min_free_bytes: int = _setting(
        "size", 100 * MiB, "free space below which nothing new is stored; 0: any"
    )
    quota_jobs: int = _setting(
        "int",
        0,
        "jobs that one client (key or address) may have wait; 0: any",
        within(0, 10**9),
    )
    quota_bytes: int = _setting("size", 0, "bytes that one client may have stored; 0: any")
    keep_days: int = _setting(
        "int",
        0,
        "days until finished downloads and images are removed; 0: never",
        within(0, 36_500),
    )
    user_agent: str = _setting(
        "str",
        f"image-downloader/{VERSION}",
        "sent to origins",
        matching(r"(?s).+", "Shorter than minimum length 1."),
        _HEADER_TEXT,
    )
    contact: str = _setting(
        "str", "", "URL or mail address that the user agent tells to origins", _HEADER_TEXT
    )
    hosts: tuple[str, ...] = _setting(
        "hosts",
        (),
        "domain names by which clients may ask, comma separated; empty: any where there are keys",
    )
    api_keys: tuple[bytes, ...] = _setting(
        "api_keys", (), "keys, comma separated; when set, each call but `/healthz` needs one"
    )
    rate_limit: "RateLimitItem | None" = _setting(
        "rate", None, "requests of one key, or of one address without keys, such as `100/minute`"
    )
    trusted_proxies: int = _setting(
        "int",
        0,
        "proxies in front whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` are true",
        within(0, 100),
    )
    accel: str = _setting(
        "str",
        "",
        "location of nginx, such as `/stored/`, that sends stored files; empty: they are sent by"
        " gunicorn",
        matching(
            r"(?:(/[\w~-][\w.~-]*)+/)?",
            "Not a location of nginx: it begins and ends with a slash, such as /stored/.",
        ),
    )
    webhook_secret: tuple[bytes, ...] = _setting(
        "secrets",
        (),
        "signs what is sent to `callback_url`; two, comma separated, while one is replaced",
    )
    max_waiting: int = _setting(
        "int",
        200,
        "clients at once in a process that wait for a job, or follow one",
        within(0, 10_000),
    )
    database_url: str = _setting(
        "database",
        "",
        "with more than one machine: PostgreSQL, `postgresql://user:password@host/name`",
        single_at_sign,
    )
    queue_url: str = _setting(
        "queue",
        "",
        "with more than one machine: Redis or Valkey, `redis://host:6379/0`",
        readable_url,
        redis_database,
    )
    storage_url: str = _setting(
        "objects",
        "",
        "with more than one machine: a bucket, `s3://bucket/prefix?endpoint=http://host:8333`",
        readable_url,
    )
    browser: str = _setting(
        "str", "", "path of `chromium-headless-shell`; empty: `render` is refused"
    )
    browsers_at_once: int = _setting(
        "int", 1, "browsers at once in a process; other jobs wait for their turn", within(1, 64)
    )
    render_seconds: float = _setting("float", 30.0, "deadline of one rendering", within(5, 600))
    render_memory: int = _setting(
        "size", GiB, "private memory of one browser with all its processes", within(256 * MiB)
    )
    log_level: int = _setting(
        "log_level",
        logging.INFO,
        "least severe log lines written: DEBUG, INFO, WARNING or ERROR",
    )


def load() -> Settings:
    """Read the environment; a secret may also stand in the file that `NAME_FILE` names.

    Raises:
        ConfigurationError: a value is not valid; the message names the variable.
    """
    _check_names()
    values = {one.name: _value_of(one) for one in fields(Settings)}
    _check_servers(values)
    return Settings(**values)


def _value_of(one: Field[Any]) -> Any:
    name = PREFIX + one.name.upper()
    text = _given(name)
    if text is None:
        return one.default
    try:
        value = KINDS[one.metadata["kind"]](text)
        for check in one.metadata["checks"]:
            check(value)
    except NotValid as reason:
        raise ConfigurationError(f'Environment variable "{name}" invalid: {reason}') from None
    return value


def _given(name: str) -> str | None:
    """Return what is given for a setting, in the environment or in a file."""
    file = os.environ.get(f"{name}_FILE")
    if file is None:
        return os.environ.get(name)
    if not file.strip():
        raise ConfigurationError(f'"{name}_FILE" is empty: name a file, or leave it out')
    if name in os.environ:
        raise ConfigurationError(f'"{name}" and "{name}_FILE" are both set: leave one out')
    try:
        return Path(file).read_text().strip()
    except (OSError, UnicodeError) as error:  # it may be the secret itself: nothing repeats it
        reason = getattr(error, "strerror", "it is not UTF-8")
        raise ConfigurationError(f'"{name}_FILE" names no file to read: {reason}') from None


def _check_servers(values: dict[str, Any]) -> None:
    """Refuse a part of what takes the service past one machine: all of it, or nothing."""
    servers = [each.name for each in fields(Settings) if each.metadata["kind"] in SERVERS]
    given, missing = (
        [f'"{PREFIX}{name.upper()}"' for name in servers if bool(values[name]) is wanted]
        for wanted in (True, False)
    )
    if given and missing:
        raise ConfigurationError(
            f"missing: {' and '.join(missing)}. PostgreSQL, a queue and a bucket go together:"
            f" set all three, or leave {' and '.join(given)} out"
        )


def _check_names() -> None:
    """Refuse what is nearly a setting; it would be passed over, and a service be open to all.

    Others' names may begin like ours: Kubernetes gives each container those of its services.
    """
    known = [one.name.upper() for one in fields(Settings)]
    for name in os.environ:
        own = name.removeprefix(PREFIX).removesuffix("_FILE")
        if not name.startswith(PREFIX) or own in (*known, *COMMAND):
            continue
        from difflib import get_close_matches  # few have such names

        if meant := get_close_matches(own, known, 1):
            raise ConfigurationError(f'"{name}" is no setting: is "{PREFIX}{meant[0]}" meant?')
