"""A web site on loopback, for the tests to fill and to ask what it was asked."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class Reply:
    """What is sent for a path."""

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1  # that the body is sent


@dataclass(frozen=True)
class Request:
    """What came in."""

    path: str
    headers: dict[str, str]
    body: bytes


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away: some tests kill them."""


class Site:
    """Serve `replies` by path; a callable one is asked at each request and may block."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Callable[[], Reply]] = {}
        self.requests: list[Request] = []
        self._server = Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def page(self, path: str, html: str) -> str:
        """Serve an HTML page; return its URL."""
        return self.file(path, html.encode(), "text/html; charset=utf-8")

    def file(self, path: str, body: bytes, content_type: str = "image/png") -> str:
        """Serve a file; return its URL."""
        self.replies[path] = Reply(body, content_type)
        return self.url(path)

    def asked(self, path: str) -> int:
        """Count the requests for a path."""
        return sum(request.path == path for request in self.requests)

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or a body waits 40 ms for the headers' receipt

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.requests.append(Request(self.path, dict(self.headers), body))
                reply = site.replies.get(self.path, Reply(b"no such page", status=404))
                if not isinstance(reply, Reply):
                    reply = reply()
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body) * reply.times))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for _ in range(reply.times):
                    self.wfile.write(reply.body)

            do_POST = do_DELETE = do_GET  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        return Handler
