"""What nginx does in front of the service, with a real nginx; skipped where there is none."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from app.api import MAX_BODY_BYTES
from tests.site import Reply, Site

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nginx" / "nginx.conf"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Start nginx in front of an application at an address; return its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = []

        def start_one(application: str) -> str:
            address = "{}:{}".format(*listener.getsockname())
            text = CONFIGURATION.read_text()
            for old, new in [
                ("app:8000", application),
                ("listen 8000", f"listen {address}"),
                ("/tmp/", f"{tmp_path}/"),
                ("processes auto", "processes 1"),  # more may be starting still when it ends
            ]:
                assert old in text
                text = text.replace(old, new)
            (tmp_path / "nginx.conf").write_text(text)
            directives = "daemon off;" + "user root;" * (os.geteuid() == 0)
            started.append(
                subprocess.Popen(
                    [NGINX, "-e", "stderr", "-c", tmp_path / "nginx.conf", "-g", directives],
                    # As when its binary is replaced, it takes over a socket that listens already.
                    env={"NGINX": f"{listener.fileno()};"},
                    pass_fds=[listener.fileno()],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            return f"http://{address}"

        yield start_one
        for one in started:
            one.terminate()
            assert one.wait(timeout=30) == 0


@pytest.fixture
def url(start: Callable[[str], str], site: Site) -> str:
    """The URL of an nginx whose application is a scripted site."""
    return start(site.url("").removeprefix("http://"))


def is_problem(answer: requests.Response, status: int) -> bool:
    return (
        answer.status_code == status
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.json().keys() == {"type", "title", "status", "detail"}
        and answer.json()["status"] == status
    )


def test_the_application_learns_what_the_client_asked_for(url: str, site: Site) -> None:
    site.page("/a%2Fb?c=%20", "here")
    assert requests.get(f"{url}/a%2Fb?c=%20", timeout=30).text == "here"
    headers = site.requests[0].headers
    assert headers["Host"] == url.removeprefix("http://")
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/download", {}, b" " * (MAX_BODY_BYTES + 1), 413),
        ("GET", "/" + "a" * 9000, {}, b"", 414),
        ("GET", "/", {"Accept": "a" * 9000}, b"", 431),
        ("GET", "/", {"Host": "a/b"}, b"", 400),
        ("TRACE", "/", {}, b"", 405),
        ("GET", "/problem", {}, b"", 404),
    ],
)
def test_refusals_of_nginx_are_problem_documents(
    url: str, site: Site, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = requests.request(method, url + path, headers=headers, data=body, timeout=30)
    assert is_problem(answer, status)
    assert not site.requests


def test_a_failed_origin_is_told_as_the_application_told_it(url: str, site: Site) -> None:
    site.replies["/download/1"] = Reply(b"{}", "application/problem+json", 502)
    answer = requests.get(f"{url}/download/1", timeout=30)
    assert (answer.status_code, answer.content) == (502, b"{}")


def test_without_the_application_clients_are_asked_to_try_again(
    start: Callable[[str], str],
) -> None:
    answer = requests.get(start("127.0.0.1:1"), timeout=30)
    assert is_problem(answer, 503)
    assert answer.headers["Retry-After"] == "2"
