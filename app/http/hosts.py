"""Which names the service answers to."""

import re
from collections.abc import Iterable
from functools import lru_cache
from wsgiref.types import WSGIApplication, WSGIEnvironment

from app.http.middleware import Headers
from app.http.problems import refusal

EXEMPT = "/healthz"  # balancers may ask by any name

# What stands below these belongs to the network at hand: RFC 6761, 6762 and 8375, and .internal.
PRIVATE = ".localhost", ".local", ".home.arpa", ".internal"

# A name may end in the dot of the root.
_HOST = re.compile(r"(\[[\da-f:.]+\]|\w[\w.-]*?)\.?(?::\d*)?", re.ASCII | re.IGNORECASE)


class Hosts:
    """A guard that goes by the `Host` of a request, or what trusted proxies say that it was.

    Against DNS rebinding: to browsers, a page of evil.example may read what comes from that name,
    also when the name has come to mean this machine. So a name that somebody may have registered
    has to be one of ours; addresses, names without a dot and private ones mean nobody else.

    Not `werkzeug.sansio.utils.host_is_trusted`: it compares case, and knows no IPv6 in its list.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(hosts)
        self._domains = (*PRIVATE, *(host for host in self._hosts if host.startswith(".")))

    def __call__(self, environ: WSGIEnvironment, headers: Headers) -> WSGIApplication | None:
        """Refuse who means another service (RFC 9110, section 15.5.20)."""
        given = environ.get("HTTP_HOST", "")  # browsers never leave it out
        if not given or self._is_ours(_host(given)) or environ.get("PATH_INFO") == EXEMPT:
            return None
        return refusal(
            421,
            f"Host: {given!r} is none of this service's names; ask by another,"
            " or have its operator add this one to DOWNLOADER_HOSTS",
        )

    def _is_ours(self, host: str | None) -> bool:
        if not host:
            return False
        if host.startswith("[") or host.rpartition(".")[2].isdigit():
            return True  # an address: no top-level domain is a number
        return "." not in host or host in self._hosts or f".{host}".endswith(self._domains)


def refuse_nameless(environ: WSGIEnvironment, headers: Headers) -> WSGIApplication | None:
    """Refuse HTTP/1.1 without a Host, and any Host that is none (RFC 9112, section 3.2)."""
    given = environ.get("HTTP_HOST")
    if given is None and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        return refusal(400, "Host: missing, HTTP/1.1 has to have one")
    if given and not _host(given):
        return refusal(400, f"Host: {given!r} is no host, such as example.com or 192.0.2.1:8000")
    return None


@lru_cache
def _host(given: str) -> str | None:
    """Return the host that a header names, in lower case and without its port."""
    found = _HOST.fullmatch(given)
    return found[1].lower() if found else None
