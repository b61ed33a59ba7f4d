"""The kinds of settings' values: how each is read, or what is wrong with it in a sentence."""

import logging
import math
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app import keys

if TYPE_CHECKING:
    from limits import RateLimitItem

Network = IPv4Network | IPv6Network
KiB, MiB, GiB = 1 << 10, 1 << 20, 1 << 30
UNITS = {"": 1, "KiB": KiB, "MiB": MiB, "GiB": GiB}
COMMON_UNITS = UNITS | {"kB": 1000, "KB": 1000, "MB": 10**6, "GB": 10**9}
# URLs by their schemes; where there is more than one machine, each of them is needed.
SERVERS = {"database": "postgresql|postgres", "queue": "redis|rediss", "objects": "s3"}
UNREADABLE = (
    "Not a URL that can be read: in names and passwords, characters such as # / ? @ : [ ] % are"
    " percent-encoded, # as %23."
)
_HOST = re.compile(r"\.?[\w-]{1,63}(?:\.[\w-]{1,63})*", re.ASCII)


class NotValid(ValueError):
    """A value is not what it has to be; the message tells people what that is."""


def within(low: float, high: float = math.inf) -> Callable[[float], None]:
    """Return what refuses a number outside of these bounds."""
    most = "" if high == math.inf else f" and less than or equal to {high}"

    def check(value: float) -> None:
        if not low <= value <= high:
            raise NotValid(f"Must be greater than or equal to {low}{most}.")

    return check


def matching(pattern: str, sentence: str) -> Callable[[str], None]:
    """Return what refuses a text that is not as a pattern says."""

    def check(value: str) -> None:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise NotValid(sentence)

    return check


def _plain(text: str) -> str:
    """Refuse the digits of other scripts, and 1_0, which Python would take for 10."""
    if "_" in text or not text.isascii():
        raise ValueError
    return text


def _integer(text: str) -> int:
    try:
        return int(_plain(text))
    except ValueError as error:
        raise NotValid("Not a valid integer.") from error


def _number(text: str) -> float:
    try:
        value = float(_plain(text))
    except ValueError as error:
        raise NotValid("Not a valid number.") from error
    if not math.isfinite(value):
        raise NotValid("Special numeric values (nan or infinity) are not permitted.")
    return value


def _log_level(text: str) -> int:
    try:
        return logging.getLevelNamesMapping()[text.upper()]
    except KeyError as error:
        raise NotValid("Not a log level: write DEBUG, INFO, WARNING or ERROR.") from error


def _folder(text: str) -> Path:
    """Read the path of a folder; nothing would be the current one, where nobody looks for it."""
    if not text.strip():
        raise NotValid("Empty: name a folder, or leave the setting out.")
    return Path(text)


def read_size(text: str, units: Mapping[str, int] = COMMON_UNITS) -> int:
    """Read bytes as people write them: `1048576`, `1MiB` or `20 kB`.

    Raises:
        NotValid: it is something else.
    """
    found = re.fullmatch(r"([0-9]{1,15}) ?([A-Za-z]*)", text)
    if not found or found[2] not in units:
        samples = ", ".join(f"10{unit}" for unit in units if unit)
        raise NotValid(f"Not a size: write plain bytes, or {samples}.")
    return int(found[1]) * units[found[2]]


def _networks(text: str) -> tuple[Network, ...]:
    """Read CIDRs, comma separated; host bits are refused."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise NotValid(f"Not a list of CIDRs: {error}.") from error


def _hosts(text: str) -> tuple[str, ...]:
    """Read host names, comma separated."""
    parts = text.removesuffix(",").split(",") if text else []
    return tuple(_host(part.strip().lower()) for part in parts)


def _host(text: str) -> str:
    if _HOST.fullmatch(text):
        return text
    raise NotValid(
        f"Not a host: {text!r}. Write names, comma separated, without a port:"
        " images.example.com, .example.com (that and all below); in other scripts as xn--…."
    )


def _api_keys(text: str) -> tuple[bytes, ...]:
    """Read keys, separated by commas or lines; their digests remain. None is a mistake."""
    given = re.split(r"[\s,]+", text.strip(" \t\r\n,"))
    if not all(keys.SPELLING.fullmatch(key) for key in given):
        raise NotValid(
            "A key has at least 16 characters, of A-Z a-z 0-9 . _ ~ + / = -; keys are"
            " separated by commas or lines. To let everybody in, leave the setting out."
        )
    return tuple(keys.digest(key) for key in given)


def _rate(text: str) -> "RateLimitItem | None":
    """Read so many in a time, as `limits` writes it: `100/minute`, or `1000 per 2 hours`."""
    if not text:
        return None
    import limits  # it takes as long as half of all other imports, and most have no use for it

    try:
        [rate] = limits.parse_many(text)
    except ValueError as error:
        raise NotValid("Not a rate: write 100/minute, or 1000 per 2 hours.") from error
    if not (rate.amount and rate.get_expiry()):
        raise NotValid("A rate of nothing would let nobody in.")
    return rate


def _secrets(text: str) -> tuple[bytes, ...]:
    """Read secrets as Standard Webhooks writes them, separated by commas or lines."""
    return tuple(_secret(part) for part in re.findall(r"[^\s,]+", text))


def _secret(text: str) -> bytes:
    with suppress(ValueError):
        key = b64decode(text.removeprefix("whsec_"), validate=True)
        if text.startswith("whsec_") and len(key) in range(24, 65):
            return key
    raise NotValid("Not a secret: write whsec_ and the base64 of 24 to 64 bytes.")


def _server(text: str, scheme: str) -> str:
    """Read where a server is, and as whom to log in there; errors do not repeat it."""
    if text and not re.match(rf"(?:{scheme})://[^\s/]", text):
        raise NotValid(f"Not a URL that begins with {scheme.replace('|', ' or ')}://.")
    if re.search(r"//[^/?#]*[/?#].*@", text, re.DOTALL):  # a password would be taken for a port
        raise NotValid(UNREADABLE)
    return text


def readable_url(text: str) -> None:
    """Refuse a URL whose host or port cannot be read."""
    try:
        _ = urlsplit(text).port
    except ValueError:  # which repeats parts of it
        raise NotValid(UNREADABLE) from None


def redis_database(text: str) -> None:
    """Refuse a database of Redis that is not named by its number; another would be number 0."""
    if text and not re.fullmatch(r"/?|/[0-9]{1,5}", urlsplit(text).path, re.ASCII):
        raise NotValid("Not the number of a database behind the host: write redis://host:6379/0.")


def single_at_sign(text: str) -> None:
    """Refuse a second @, where libpq would look for a host by the rest of a password."""
    if text.partition("?")[0].count("@") > 1:
        raise NotValid(UNREADABLE)


# All raise NotValid.
KINDS: Mapping[str, Callable[[str], Any]] = {
    "int": _integer,
    "float": _number,
    "str": str,
    "size": partial(read_size, units=UNITS),
    "folder": _folder,
    "networks": _networks,
    "hosts": _hosts,
    "api_keys": _api_keys,
    "rate": _rate,
    "secrets": _secrets,
    "log_level": _log_level,
    **{kind: partial(_server, scheme=scheme) for kind, scheme in SERVERS.items()},
}
