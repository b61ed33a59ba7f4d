"""The kinds of settings' values, beyond those that environs has."""

import re
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError
from marshmallow.fields import Field

from app import keys

if TYPE_CHECKING:
    from limits import RateLimitItem

Network = IPv4Network | IPv6Network
KiB, MiB, GiB = 1 << 10, 1 << 20, 1 << 30
UNITS = {"": 1, "KiB": KiB, "MiB": MiB, "GiB": GiB}
COMMON_UNITS = UNITS | {"kB": 1000, "KB": 1000, "MB": 10**6, "GB": 10**9}
# URLs by their schemes; where there is more than one machine, each of them is needed.
SERVERS = {"database": "postgresql|postgres", "queue": "redis|rediss", "objects": "s3"}


class Folder(Field[Path]):
    """A folder; nothing would be the current one, where nobody looks for it."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Path:
        if not value.strip():
            raise ValidationError("Empty: name a folder, or leave the setting out.")
        return Path(value)


def read_size(text: str, units: Mapping[str, int] = COMMON_UNITS) -> int:
    """Read bytes as people write them: `1048576`, `1MiB` or `20 kB`.

    Raises:
        ValidationError: it is something else.
    """
    found = re.fullmatch(r"([0-9]{1,15}) ?([A-Za-z]*)", text)
    if not found or found[2] not in units:
        samples = ", ".join(f"10{unit}" for unit in units if unit)
        raise ValidationError(f"Not a size: write plain bytes, or {samples}.")
    return int(found[1]) * units[found[2]]


class Size(Field[int]):
    """Bytes; a unit that some read as 1000 and some as 1024 is refused."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        return read_size(value, UNITS)


class Networks(Field[tuple[Network, ...]]):
    """CIDRs, comma separated; host bits are refused."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        except ValueError as error:
            raise ValidationError(f"Not a list of CIDRs: {error}.") from error


class Hosts(Field[tuple[str, ...]]):
    """Host names, comma separated."""

    NAME = re.compile(r"\.?[\w-]{1,63}(?:\.[\w-]{1,63})*", re.ASCII)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[str, ...]:
        parts = value.removesuffix(",").split(",") if value else []
        return tuple(self._host(part.strip().lower()) for part in parts)

    def _host(self, text: str) -> str:
        if self.NAME.fullmatch(text):
            return text
        raise ValidationError(
            f"Not a host: {text!r}. Write names, comma separated, without a port:"
            " images.example.com, .example.com (that and all below); in other scripts as xn--…."
        )


class Keys(Field[tuple[bytes, ...]]):
    """Keys, separated by commas or lines; their digests remain. None is a mistake, not a choice."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[bytes, ...]:
        given = re.split(r"[\s,]+", value.strip(" \t\r\n,"))
        if not all(keys.SPELLING.fullmatch(key) for key in given):
            raise ValidationError(
                "A key has at least 16 characters, of A-Z a-z 0-9 . _ ~ + / = -; keys are"
                " separated by commas or lines. To let everybody in, leave the setting out."
            )
        return tuple(keys.digest(key) for key in given)


class Rate(Field["RateLimitItem | None"]):
    """So many in a time, as `limits` writes it: `100/minute`, or `1000 per 2 hours`."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> "RateLimitItem | None":
        if not value:
            return None
        import limits  # it takes as long as half of all other imports, and most have no use for it

        try:
            [rate] = limits.parse_many(value)
        except ValueError as error:
            raise ValidationError("Not a rate: write 100/minute, or 1000 per 2 hours.") from error
        if not (rate.amount and rate.get_expiry()):
            raise ValidationError("A rate of nothing would let nobody in.")
        return rate


class Secrets(Field[tuple[bytes, ...]]):
    """Secrets as Standard Webhooks writes them, separated by commas or lines."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[bytes, ...]:
        return tuple(self._key(text) for text in re.findall(r"[^\s,]+", value))

    def _key(self, text: str) -> bytes:
        with suppress(ValueError):
            key = b64decode(text.removeprefix("whsec_"), validate=True)
            if text.startswith("whsec_") and len(key) in range(24, 65):
                return key
        raise ValidationError("Not a secret: write whsec_ and the base64 of 24 to 64 bytes.")


class ServerUrl(Field[str]):
    """Where a server is, and as whom to log in there; errors do not repeat it."""

    scheme: str

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        found: str = value
        if not found or re.match(rf"(?:{self.scheme})://[^\s/]", found):
            return found
        raise ValidationError(f"Not a URL that begins with {self.scheme.replace('|', ' or ')}://.")
