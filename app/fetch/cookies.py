"""Cookies of one job by RFC 6265: back to the host that set them, to no other, and then gone."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from app.urls import Url

MAX_BYTES = 4096  # of a cookie, as in browsers, and of all that go out with a request
MAX_OF_HOST = 50
MAX_HOSTS = 200

_BLANKS = " \t"  # but not those of Unicode: letters in UTF-8 end with such bytes
_REFUSED = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class _Cookie(NamedTuple):
    value: str
    secure: bool


class Cookies:
    """What hosts set within a job. A `Domain` widens nothing: subdomains are other hosts here.

    As in browsers, the ports of a host share its cookies, and a secure one comes and goes by
    https alone.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, dict[tuple[str, str], _Cookie]] = {}

    def store(self, url: Url, lines: list[str]) -> None:
        """Keep what a response from `url` says in its Set-Cookie lines."""
        for line in lines:
            if len(line) <= MAX_BYTES and not _REFUSED.search(line):
                self._store(url, line)

    def header(self, url: Url) -> str | None:
        """Return the Cookie header of a request, if any: longer paths first, then older ones."""
        path = url.target.partition("?")[0]
        ours = self._hosts.get(url.host, {}).copy()  # other threads store meanwhile
        found = [
            (len(place), f"{name}={cookie.value}" if name else cookie.value)
            for (name, place), cookie in ours.items()
            if _covers(place, path) and (url.scheme == "https" or not cookie.secure)
        ]
        found.sort(key=lambda pair: -pair[0])
        header = "; ".join(text for _, text in found)
        return header if 0 < len(header) <= MAX_BYTES else None

    def _store(self, url: Url, line: str) -> None:
        pair, *parts = line.split(";")
        name, equals, value = pair.partition("=")
        name, value = name.strip(_BLANKS), value.strip(_BLANKS)
        if not equals:
            name, value = "", name
        attributes = dict(_attribute(part) for part in parts)
        secure = "secure" in attributes
        domain = attributes.get("domain", "").lstrip(".").lower()
        if domain and not _is_around(domain, url):
            return
        if (secure and url.scheme != "https") or not (name or value):
            return
        if not _keeps_promise(name or value, secure, attributes):
            return
        place = attributes.get("path", "")
        if not place.startswith("/"):
            place = url.target.partition("?")[0].rpartition("/")[0] or "/"
        if url.host not in self._hosts and len(self._hosts) >= MAX_HOSTS:
            return
        mine = self._hosts.setdefault(url.host, {})
        if url.scheme != "https" and _is_guarded(mine.copy(), name, place):
            return
        if _is_over(attributes):
            mine.pop((name, place), None)
        elif (name, place) in mine or len(mine) < MAX_OF_HOST:
            mine[name, place] = _Cookie(value, secure)  # where it was among the others


def _attribute(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(_BLANKS).lower(), value.strip(_BLANKS)


def _is_around(domain: str, url: Url) -> bool:
    """Tell whether a host may name that domain: its own name, or one above it but the topmost."""
    if domain == url.host:
        return True
    return "." in domain and not url.address and url.host.endswith(f".{domain}")


def _keeps_promise(name: str, secure: bool, attributes: dict[str, str]) -> bool:
    """Hold a cookie against what its name says (RFC 6265bis, section 4.1.3)."""
    name = name.lower()
    if name.startswith("__host-"):
        return secure and attributes.get("path") == "/" and not attributes.get("domain")
    return secure or not name.startswith("__secure-")


def _is_guarded(cookies: dict[tuple[str, str], _Cookie], name: str, path: str) -> bool:
    """Tell whether a secure cookie of that name goes to a path (RFC 6265bis, section 5.7)."""
    places = [place for (old, place), cookie in cookies.items() if cookie.secure and old == name]
    return any(_covers(place, path) for place in places)


def _covers(place: str, path: str) -> bool:
    """Match paths by section 5.1.4."""
    return path == place or path.startswith(place if place.endswith("/") else f"{place}/")


def _is_over(attributes: dict[str, str]) -> bool:
    """Tell whether a cookie is set to remove it; jobs are short, so no other end is kept."""
    age = attributes.get("max-age", "")
    if age.removeprefix("-").isdecimal():
        return age.startswith("-") or not age.strip("0")
    try:
        when = parsedate_to_datetime(attributes.get("expires", ""))
    except (ValueError, OverflowError):
        return False
    return when.replace(tzinfo=when.tzinfo or UTC) < datetime.now(UTC)
