"""requests on top of our wires: one parser, our own cookies, no proxies, nothing followed."""

import contextlib
import functools
import http.client
import io
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection
from urllib3.util.ssltransport import SSLTransport

from app.errors import BrokenTransfer, Unreachable
from app.fetch import header
from app.fetch.connection import Wire
from app.fetch.cookies import Cookies
from app.urls import Url

MAX_IDLE = 16  # connections kept alive within a job

Dial = Callable[[str, int], Wire]
Trust = Callable[[], ssl.SSLContext]  # called by the first https connection: it takes a while


class _Request(requests.PreparedRequest):
    """A GET or POST made of the parsed parts; nothing behind it parses the URL again."""

    def __init__(self, url: Url, headers: dict[str, str], body: bytes | None = None) -> None:
        super().__init__()
        self.parts = url
        self.method = "GET" if body is None else "POST"
        self.url = str(url)
        self.headers = CaseInsensitiveDict(headers)
        self.body = body


class _Response(http.client.HTTPResponse):
    """Skips every interim answer, where http.client skips 100 only."""

    def __init__(self, *args: Any, began: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began = began

    def begin(self) -> None:
        stream = self.fp
        try:
            super().begin()
        finally:
            self.fp = stream

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            found = super()._read_status()  # type: ignore[misc]
            is_interim = 100 <= found[1] < 200 and found[1] != 101
            if not is_interim:
                self._began()
            lines = header.read(self.fp)
            if not is_interim:
                self.fp = io.BytesIO(lines)  # type: ignore[assignment]  # for `begin`
                return found  # type: ignore[no-any-return]


class _Plain(HTTPConnection):
    """HTTP over a wire."""

    def __init__(self, *args: Any, dial: Dial, tls: Trust, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.response_class = functools.partial(_Response, began=self._note_response)  # type: ignore[assignment]
        self._dial = dial
        self._tls = tls

    def _new_conn(self) -> Wire:
        self.wire = self._dial(self._dns_host, self.port)
        return self.wire

    def _note_response(self) -> None:
        self.wire.begin_response()


class _Secure(_Plain):
    """HTTP over TLS over a wire; the certificate must be for the name, whatever the address."""

    default_port = 443  # type: ignore[misc]

    def connect(self) -> None:
        try:
            with contextlib.ExitStack() as stack:
                wire = stack.enter_context(self._new_conn())
                self.sock = SSLTransport(wire, self._tls(), self.host, suppress_ragged_eofs=False)
                stack.pop_all()
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"unreachable: certificate: {error.verify_message}") from error
        except ssl.SSLError as error:
            way_out = "for plain HTTP, begin the address with http://"
            raise Unreachable(f"unreachable: no TLS with {self.host}; {way_out}") from error


class _PlainPool(urllib3.HTTPConnectionPool):
    """Sends the target as it was parsed; urllib3 would change the encoding of some."""

    ConnectionCls = _Plain

    def urlopen(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        self._target = url
        return super().urlopen(method, url, *args, **kwargs)

    def _get_conn(self, timeout: float | None = None) -> Any:
        conn: Any = super()._get_conn(timeout)
        if conn.sock is not None and not conn.wire.take():
            conn.close()
        return conn

    def _put_conn(self, conn: Any) -> None:
        if conn is not None and conn.sock is not None:
            conn.wire.rest()
        super()._put_conn(conn)

    def _make_request(self, conn: Any, method: str, url: str, **kwargs: Any) -> Any:  # type: ignore[override]
        return super()._make_request(conn, method, self._target, **kwargs)


class _SecurePool(_PlainPool):
    scheme = "https"
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    """Keeps one connection to each host, chosen by the parsed parts of the request."""

    def __init__(self, dial: Dial, tls: Trust) -> None:
        super().__init__(pool_connections=MAX_IDLE, pool_maxsize=1)
        pools: dict[str, Any] = {
            "http": functools.partial(_PlainPool, dial=dial, tls=tls),
            "https": functools.partial(_SecurePool, dial=dial, tls=tls),
        }
        self.poolmanager.pool_classes_by_scheme = pools

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> urllib3.HTTPConnectionPool:
        url: Url = request.parts
        return self.poolmanager.connection_from_host(url.host, url.port, url.scheme)

    def request_url(self, request: Any, proxies: Any) -> str:
        target: str = request.parts.target
        return target

    def cert_verify(self, *args: Any) -> None:
        """Leave verification to our own context."""

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Leave cookies and encoding to ours as well."""
        response = requests.Response()
        response.request, response.raw, response.status_code = req, resp, resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        return response


class Session(requests.Session):
    """A requests session that sends a `Url` and follows nothing."""

    def __init__(self, dial: Dial, tls: Trust, agent: str, cookies: Cookies | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self._job_cookies = cookies or Cookies()
        self._about_us = {"User-Agent": agent, "Accept-Encoding": "identity"}
        self._adapter = _Adapter(dial, tls)
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)

    def fetch(self, url: Url, accept: str, referer: str | None = None) -> requests.Response:
        """Send one GET; the body is still on the wire."""
        headers = {**self._about_us, "Accept": accept}
        if referer:
            headers["Referer"] = referer
        if cookie := self._job_cookies.header(url):
            headers["Cookie"] = cookie
        response = self._send(_Request(url, headers))
        self._job_cookies.store(url, response.raw.headers.getlist("Set-Cookie"))
        return response

    def deliver(self, url: Url, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send one POST; the body of the answer is still on the wire."""
        about = {**self._about_us, "Content-Length": str(len(body)), **headers}
        return self._send(_Request(url, about, body))

    def _send(self, request: _Request) -> requests.Response:
        """Send by the adapter alone: a session would keep cookies and follow redirects."""
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
