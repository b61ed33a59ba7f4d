"""URLs that strangers write: parsed once, then judged, dialled and logged as these very parts."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import IPv4Address
from typing import NamedTuple, Self

from ada_url import URL, idna_to_unicode

from app.addresses import Address, judge_host, literal
from app.errors import RefusedAddress, RefusedUrl
from app.setting_values import Network

MAX_LENGTH = 8192
PREFIX: ContextVar[str] = ContextVar("prefix", default="")  # see `app.http.prefix`
DEFAULT_PORTS = {"http": 80, "https": 443}

# The WHATWG Fetch standard's "bad ports": services that obey what stands in an HTTP request.
_BAD_PORTS = """
    0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111
    113 115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540
    548 554 556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000
    6566 6665 6666 6667 6668 6669 6679 6697 10080
"""
BAD_PORTS = frozenset(map(int, _BAD_PORTS.split()))

_JOINERS = "\u200c\u200d"  # UTS 46 takes them where a script needs them, and only there
_SPLIT = re.compile(r"([^/?#]*?)://([^/?#]*)")
_PLAIN = re.compile(r"https?://[a-z0-9.-]+(?=/)")
_HOST = re.compile(r"\[[^\[\]]*\]|[^:\[\]]*")
_PORT = re.compile(r"(?::[1-9][0-9]{0,4})?")
_NAME = re.compile(r"(?=.{1,253}\.?$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")


class Url(NamedTuple):
    """An http or https URL without fragment, as the WHATWG URL standard serializes it."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take what a client sent; anything that two parsers could read differently is refused.

        Raises:
            RefusedUrl: with the reason in words.
        """
        if len(text) > MAX_LENGTH:
            raise _too_long()
        if _FORBIDDEN.search(text):
            raise _refused("space, control character or backslash in URL")
        split = _SPLIT.match(text)
        if not split:
            raise _refused("not an absolute URL; begin with http:// or https://")
        if split[1].lower() not in DEFAULT_PORTS:
            raise _refused("scheme is not http or https")
        _judge_authority(split[2])
        return cls._accept(text, None, written=split[2])

    @classmethod
    def lenient(cls, text: str) -> Self:
        """Take an absolute URL found on a page or in a header, read as browsers read it."""
        return cls._accept(text, None, written=text)

    def join(self, reference: str) -> Self:
        """Resolve a reference found at this URL, read as browsers read it."""
        return self._accept(reference, str(self), written=f"{self.host} {reference}")

    @classmethod
    def _accept(cls, text: str, origin: str | None, written: str) -> Self:
        """Judge the parsed parts; `written` is where a numeric host must stand in plain sight."""
        if len(text) > MAX_LENGTH:
            raise _too_long()
        try:
            # To ask for an attribute costs as much as to parse, and they all stand in `href`.
            href = URL(text, origin).href
        except ValueError:  # UnicodeEncodeError of a lone surrogate included
            raise _refused("not a valid URL") from None
        # Browsers leave a backslash in a query; encoded, it means the same and parses strictly.
        parsed = href.partition("#")[0].replace("\\", "%5C")
        scheme, _, rest = parsed.partition("://")
        if scheme not in DEFAULT_PORTS:
            raise _refused("scheme is not http or https")
        authority, slash, target = rest.partition("/")
        if "@" in authority:
            raise _refused("userinfo in URL")
        host, port = _split_authority(authority)
        address = literal(host)
        if not address and not _NAME.fullmatch(host):
            raise _refused("host name is not valid")
        if isinstance(address, IPv4Address):
            plain = rf"(?<![\w.]){re.escape(host)}(?![\w.])"
            if not re.search(plain, written):
                raise _refused("numeric host is not a plain dotted quad")
        number = int(port) if port else DEFAULT_PORTS[scheme]
        if number in BAD_PORTS:
            raise _refused(f"port {number} is blocked")
        if len(parsed) > MAX_LENGTH:
            raise _too_long()
        return cls(scheme, host, number, slash + target, address)

    @property
    def authority(self) -> str:
        """Say host and port as they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def judge_url(text: str, allow: tuple[Network, ...]) -> None:
    """Pass what a client may have fetched, as far as is known without a lookup.

    Raises:
        Refused: with the reason in words.
    """
    judge_host(Url.parse(text).host, allow)


def listed(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the entries of a list with their numbers; blank lines and `#` comments are none."""
    for number, line in enumerate(lines, 1):
        text = line.removeprefix("\ufeff").strip()  # some editors begin a file with that mark
        if text and not text.startswith("#"):
            yield number, text


def with_scheme(text: str) -> str:
    """Complete an address as people leave out its scheme.

    It is https, but http for this machine and for private addresses: nobody has certificates there.
    """
    if "://" in text:
        return text
    host, _ = _split_authority(re.split("[/?#]", text, maxsplit=1)[0])
    try:
        judge_host(host.lower())
    except RefusedAddress:
        return f"http://{text}"
    return f"https://{text}"


def own(path: str) -> str:
    """Return the address of a path of this service, for the client that is answered now."""
    return PREFIX.get() + path


def site_of(url: str) -> str | None:
    """Return the host that a URL names, as browsers read it; None where it names none."""
    plain = _PLAIN.match(url)  # what follows does not change the host
    return _site_of(plain[0] if plain else url)


@lru_cache
def _site_of(url: str) -> str | None:
    parsed = _parsed(url)
    return (parsed and parsed.hostname) or None


def readable_host(url: str) -> str:
    """Return the host that a URL names, in its own script: `bücher.example`; empty without any."""
    return idna_to_unicode(site_of(url) or "")


def path_of(url: str) -> str:
    """Return a URL's path, percent-encoded as browsers send it; empty for what is no URL."""
    parsed = _parsed(url)
    return parsed.pathname if parsed else ""


def _parsed(url: str) -> URL | None:
    try:
        return URL(url)
    except ValueError:
        return None


def _split_authority(authority: str) -> tuple[str, str]:
    """Return the host without brackets, and the port or nothing."""
    host, end = authority, len(authority)
    if found := _HOST.match(authority):
        host, end = found[0].strip("[]"), found.end()
    return host, authority[end + 1 :]


def _judge_authority(authority: str) -> None:
    """Refuse spellings of host and port that parsers are known to read differently."""
    if "@" in authority:
        raise _refused("userinfo in URL")
    if "%" in authority:
        raise _refused("percent-encoding in host")
    if not authority.isascii() and any(map(_is_odd, authority)):
        raise _refused("host has a character that only looks like another")
    host = _HOST.match(authority)
    if not host or not host[0]:
        raise _refused("no host")
    if not _PORT.fullmatch(authority, host.end()):
        raise _refused("port is not a plain number")


def _is_odd(character: str) -> bool:
    """Tell digits, dots and signs outside ASCII, which UTS 46 maps onto ASCII ones or drops."""
    if character.isascii() or character in _JOINERS:
        return False
    return unicodedata.category(character)[0] in "NPZC"


def _refused(reason: str) -> RefusedUrl:
    return RefusedUrl(f"refused: {reason}")


def _too_long() -> RefusedUrl:
    return _refused(f"URL longer than {MAX_LENGTH} characters")
