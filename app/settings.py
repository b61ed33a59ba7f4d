"""Every setting, once: name, default, unit and meaning. README's table is checked against it."""

import logging
import re
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from environs import EnvError, FileAwareEnv
from marshmallow import ValidationError
from marshmallow.fields import Field
from marshmallow.validate import Length, Range, Regexp, Validator

from app.errors import ConfigurationError

VERSION = "0.1.0"
PREFIX = "DOWNLOADER_"

Network = IPv4Network | IPv6Network
KiB, MiB, GiB = 1 << 10, 1 << 20, 1 << 30


class _Size(Field[int]):
    """Bytes: `1048576`, or `1MiB`."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        found = re.fullmatch(r"([0-9]{1,15}) ?(|KiB|MiB|GiB)", value)
        if not found:
            raise ValidationError("Not a size: write plain bytes, or 10KiB, 10MiB, 10GiB.")
        return int(found[1]) * {"": 1, "KiB": KiB, "MiB": MiB, "GiB": GiB}[found[2]]


class _Networks(Field[tuple[Network, ...]]):
    """CIDRs, comma separated; host bits are refused."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        except ValueError as error:
            raise ValidationError(f"Not a list of CIDRs: {error}.") from error


_HEADER_TEXT = Regexp(r"[ -~]*\Z", error="Only printable ASCII characters.")


def _setting(kind: str, default: Any, meaning: str, *validators: Validator) -> Any:
    """Declare a setting; `kind` names a parser of environs, or one of the two above."""
    metadata = {"kind": kind, "meaning": meaning, "validate": list(validators)}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The deployer's choices; sizes in bytes, times in seconds."""

    storage_dir: Path = _setting("path", Path("storage"), "database and files")
    job_threads: int = _setting("int", 8, "jobs at once in a process", Range(1, 256))
    max_images: int = _setting("int", 500, "highest `limit` a client may ask for", Range(1, 10_000))
    allow_networks: tuple[Network, ...] = _setting(
        "networks", (), "CIDRs, comma separated, that may be fetched although not public"
    )
    fetch_seconds: float = _setting("float", 60.0, "deadline of one fetch, all hops", Range(0.1))
    max_page_bytes: int = _setting("size", 10 * MiB, "a page's body", Range(1))
    max_image_bytes: int = _setting("size", 100 * MiB, "one image's body", Range(1))
    max_image_pixels: int = _setting("int", 200_000_000, "width × height from the header", Range(1))
    job_attempts: int = _setting("int", 3, "runs of a job that dies with its process", Range(1))
    keep_days: int = _setting(
        "int", 0, "days until finished downloads and images are removed; 0: never", Range(0, 36_500)
    )
    user_agent: str = _setting(
        "str", f"image-downloader/{VERSION}", "sent to origins", Length(min=1), _HEADER_TEXT
    )
    contact: str = _setting(
        "str", "", "URL or mail address that the user agent tells to origins", _HEADER_TEXT
    )
    log_level: int = _setting("log_level", logging.INFO, "least severe log lines written")


def load() -> Settings:
    """Read the environment; a secret may also stand in the file that `NAME_FILE` names.

    Raises:
        ConfigurationError: a value is not valid; the message names the variable.

    """
    env = FileAwareEnv(prefix=PREFIX, strip_whitespace=True)
    env.add_parser_from_field("size", _Size)
    env.add_parser_from_field("networks", _Networks)
    values = {}
    for one in fields(Settings):
        read = getattr(env, one.metadata["kind"])
        try:
            values[one.name] = read(
                one.name.upper(), one.default, validate=one.metadata["validate"]
            )
        except (EnvError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
    return Settings(**values)
