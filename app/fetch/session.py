"""requests on top of our wires: one parser, our own cookies, no proxies, nothing followed."""

import contextlib
import functools
import http.client
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssltransport import SSLTransport
from urllib3.util.wait import wait_for_read

from app.errors import BrokenTransfer, Unreachable
from app.fetch.connection import Wire
from app.fetch.cookies import Cookies
from app.fetch.response import Line, Response, wire_of
from app.urls import Url

MAX_IDLE = 16  # connections kept alive within a job

Dial = Callable[[str, int], Wire]
Trust = Callable[[], ssl.SSLContext]  # called by the first https connection: it takes a while

_BREAK = re.compile(r"[\r\n\0]")


class _Request(requests.PreparedRequest):
    """A GET or POST made of the parsed parts; nothing behind it parses the URL again."""

    def __init__(self, url: Url, headers: dict[str, str], body: bytes | None = None) -> None:
        super().__init__()
        self.parts = url
        self.method = "GET" if body is None else "POST"
        self.url = str(url)
        self.headers = headers  # type: ignore[assignment]
        self.body = body


class _Host:
    """What requests takes for a pool: it sends to one host, and keeps one connection to it."""

    def __init__(self, url: Url, dial: Dial, tls: Trust) -> None:
        self._url = url._replace(host=url.host.rstrip("."))  # as browsers name it
        self._name = url.host
        self._dial = dial
        self._tls = tls
        self._kept: Line | None = None

    def urlopen(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        **_: object,
    ) -> Response:
        """Send one request, to the target `url`; the body of the answer is still on the wire."""
        fields = {"Host": self._url.authority, **headers}
        lines = [f"{method} {url} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
        if _BREAK.search("".join(lines)):
            raise ValueError("a line of the request has a break")
        line = self._take() or self._connect()
        response = Response(line, method, self._keep)
        try:
            line.sendall("\r\n".join((*lines, "", "")).encode("latin-1") + (body or b""))
            response.read_head(wire_of(line))
        except BaseException:
            response.close()
            raise
        return response

    def _take(self) -> Line | None:
        """Take the connection that is kept, if it is still ours and nothing has come by it."""
        line, self._kept = self._kept, None
        if line and not (wire_of(line).take() and not wait_for_read(line, 0)):  # type: ignore[arg-type]
            line.close()
            return None
        return line

    def _keep(self, line: Line) -> None:
        self.close()
        wire_of(line).rest()
        self._kept = line

    def _connect(self) -> Line:
        """Connect; over TLS the certificate must be for the name, whatever the address."""
        wire = self._dial(self._name, self._url.port)
        if self._url.scheme == "http":
            return wire
        try:
            with contextlib.ExitStack() as stack:
                stack.enter_context(wire)
                line = SSLTransport(wire, self._tls(), self._url.host, suppress_ragged_eofs=False)
                stack.pop_all()
                return line
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"unreachable: certificate: {error.verify_message}") from error
        except ssl.SSLError as error:
            way_out = "for plain HTTP, begin the address with http://"
            raise Unreachable(f"unreachable: no TLS with {self._name}; {way_out}") from error

    def close(self) -> None:
        """Close the connection that is kept."""
        if self._kept:
            self._kept.close()
            self._kept = None

    __del__ = close  # a fetcher may go without an end


class _Adapter(HTTPAdapter):
    """Keeps one connection to each host, chosen by the parsed parts of the request."""

    def __init__(self, dial: Dial, tls: Trust) -> None:
        super().__init__()
        self._dial = dial
        self._tls = tls
        self._hosts: dict[tuple[str, str, int], _Host] = {}  # the last used one last

    def get_connection_with_tls_context(  # type: ignore[override]
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> _Host:
        url: Url = request.parts
        key = url.scheme, url.host, url.port
        host = self._hosts.pop(key, None) or _Host(url, self._dial, self._tls)
        self._hosts[key] = host
        if len(self._hosts) > MAX_IDLE:
            self._hosts.pop(next(iter(self._hosts))).close()
        return host

    def close(self) -> None:
        for host in self._hosts.values():
            host.close()

    def request_url(self, request: Any, proxies: Any) -> str:
        target: str = request.parts.target
        return target

    def cert_verify(self, *args: Any) -> None:
        """Leave verification to our own context."""

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Leave cookies and encoding to ours as well."""
        response = requests.Response()
        response.request, response.raw, response.status_code = req, resp, resp.status
        response.headers = resp.headers
        return response


class Session:
    """Sends requests for a `Url`, follows nothing, and keeps no state but the cookies of its job.

    A `requests.Session` would read proxies and passwords from the environment.
    """

    def __init__(self, dial: Dial, tls: Trust, agent: str, cookies: Cookies) -> None:
        self._cookies = cookies
        self._about_us = {"User-Agent": agent, "Accept-Encoding": "identity"}
        self._adapter = _Adapter(dial, tls)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._adapter.close()

    def fetch(self, url: Url, accept: str, referer: str | None = None) -> requests.Response:
        """Send one GET; the body is still on the wire."""
        headers = {**self._about_us, "Accept": accept}
        if referer:
            headers["Referer"] = referer
        if cookie := self._cookies.header(url):
            headers["Cookie"] = cookie
        response = self._send(_Request(url, headers))
        self._cookies.store(url, response.raw.headers.getlist("Set-Cookie"))
        return response

    def deliver(self, url: Url, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send one POST; the body of the answer is still on the wire."""
        about = {**self._about_us, "Content-Length": str(len(body)), **headers}
        return self._send(_Request(url, about, body))

    def _send(self, request: _Request) -> requests.Response:
        with translated():
            return self._adapter.send(request, stream=True)


@functools.cache
def public_tls() -> ssl.SSLContext:
    """Trust the authorities that browsers trust, and those that this system adds."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what the libraries below raise into a failure that a user may read."""
    try:
        yield
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(_fault(error), OSError | http.client.IncompleteRead):
            raise BrokenTransfer("broken transfer: it ended early", transient=True) from error
        raise BrokenTransfer("broken transfer: not valid HTTP") from error


def _fault(error: BaseException) -> BaseException:
    """Unwrap what requests and urllib3 put around a fault: the last argument each."""
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    return error
