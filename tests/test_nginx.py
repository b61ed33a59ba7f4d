"""What nginx does in front of the service, with a real nginx; skipped where there is none.

tests/service/test_files.py asks it for files of the real service.
"""

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import requests
import trustme

from app.api import MAX_BODY_BYTES
from tests.nginx import CONFIGURATION, NGINX, Nginx, configure, needs_nginx
from tests.service.conftest import free_port
from tests.site import Reply, Site

pytestmark = needs_nginx

Start = Callable[..., Nginx]
TLS = "tls.conf.example"
# The lines of nginx.conf for one more proxy.
PROXIED = {
    "# set_real_ip_from 10.0.0.0/8": "set_real_ip_from 127.0.0.0/8",
    "# real_ip_header": "real_ip_header",
    "# set $client_scheme": "set $client_scheme",
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start nginx in front of an application at an address, some words of it changed."""
    (tmp_path / "storage").mkdir()
    with ExitStack() as running:

        def start_one(application: str, **options: dict[str, str]) -> Nginx:
            nginx = Nginx(tmp_path / "nginx", application, tmp_path / "storage", **options)
            return running.enter_context(nginx)

        yield start_one


@pytest.fixture
def nginx(start: Start, site: Site) -> Nginx:
    """An nginx whose application is a scripted site."""
    return start(address(site))


@pytest.fixture
def stored(tmp_path: Path, start: Start) -> Path:
    """A stored file of 8 MiB."""
    path = tmp_path / "storage" / "archive"
    path.write_bytes(os.urandom(8 << 20))
    return path


def address(site: Site) -> str:
    return site.url("").removeprefix("http://")


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(
        url, headers={name.replace("_", "-"): text for name, text in headers.items()}, timeout=30
    )


def is_problem(answer: requests.Response, status: int) -> bool:
    return (
        answer.status_code == status
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.headers["X-Request-ID"] != ""
        and "no-store" in answer.headers["Cache-Control"]
        and answer.json().keys() == {"type", "title", "status", "detail"}
        and answer.json()["status"] == status
    )


# What the application is told.


def test_the_application_learns_what_the_client_asked_for(nginx: Nginx, site: Site) -> None:
    site.page("/a%2Fb?c=%20", "here")
    assert get(f"{nginx.url}/a%2Fb?c=%20").text == "here"
    headers = site.requests[0].headers
    assert headers["Host"] == nginx.address
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"


def test_clients_cannot_say_who_they_are(nginx: Nginx, site: Site) -> None:
    said = {"X_Forwarded_For": "8.8.8.8", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil"}
    get(nginx.url, **said)
    headers = site.requests[0].headers
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Host"] == nginx.address


def test_a_proxy_in_front_may_say_who_clients_are(start: Start, site: Site) -> None:
    answer = get(start(address(site), changed=PROXIED).url, X_Forwarded_For="8.8.8.8")
    headers = site.requests[0].headers
    assert headers["X-Forwarded-For"] == "8.8.8.8"
    assert headers["X-Forwarded-Proto"] == "https"
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize("given", ["", "a b", "ü", "a" * 129])
def test_a_request_gets_an_id_that_the_application_and_the_log_know(
    nginx: Nginx, site: Site, given: str
) -> None:
    answer = get(nginx.url, X_Request_ID=given.encode().decode("latin-1"))
    request_id = answer.headers["X-Request-ID"]
    assert len(request_id) == 32
    assert site.requests[0].headers["X-Request-ID"] == request_id
    assert nginx.lines(1)[0]["request_id"] == request_id


def test_a_request_keeps_the_id_that_it_comes_with(nginx: Nginx, site: Site) -> None:
    assert get(nginx.url, X_Request_ID="mine/1").headers["X-Request-ID"] == "mine/1"
    assert site.requests[0].headers["X-Request-ID"] == "mine/1"


# What nginx answers by itself.


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/download", {}, b" " * (MAX_BODY_BYTES + 1), 413),
        ("GET", "/" + "a" * 9000, {}, b"", 414),
        ("GET", "/", {"Accept": "a" * 9000}, b"", 431),
        ("GET", "/", {"Host": "a/b"}, b"", 400),
        ("TRACE", "/", {}, b"", 405),
        ("POST", "/", {"Transfer-Encoding": "gzip, chunked"}, b"", 501),
        ("GET", "/problem", {}, b"", 404),
        ("GET", "/stored/archive", {}, b"", 404),
        ("GET", "/stored/../stored/archive", {}, b"", 404),
    ],
)
@pytest.mark.usefixtures("stored")
def test_refusals_of_nginx_are_problem_documents(
    nginx: Nginx,
    site: Site,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
) -> None:
    answer = requests.request(method, nginx.url + path, headers=headers, data=body, timeout=30)
    assert is_problem(answer, status)
    assert not site.requests


def test_a_version_of_http_that_nobody_speaks_is_refused_as_by_the_application(
    nginx: Nginx,
) -> None:
    with socket.create_connection(tuple_of(nginx.address), timeout=30) as client:
        client.sendall(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json" in answer
    assert b'"type":"/problems/bad-request"' in answer


def test_refused_methods_come_with_those_that_are_taken(nginx: Nginx) -> None:
    answer = requests.request("TRACE", nginx.url, timeout=30)
    assert answer.headers["Allow"] == "GET, HEAD, POST, DELETE, OPTIONS"
    assert "Allow" not in get(f"{nginx.url}/problem").headers


def test_a_failed_origin_is_told_as_the_application_told_it(nginx: Nginx, site: Site) -> None:
    site.replies["/download/1"] = Reply(b"{}", "application/problem+json", 502)
    answer = get(f"{nginx.url}/download/1")
    assert (answer.status_code, answer.content) == (502, b"{}")


def test_without_the_application_clients_are_asked_to_try_again(start: Start) -> None:
    answer = get(start("127.0.0.1:1").url)
    assert is_problem(answer, 503)
    assert answer.headers["Retry-After"] == "2"


def test_a_flood_from_one_client_is_held_up(start: Start, site: Site) -> None:
    site.page("/", "here")
    url = start(address(site), changed={"rate=100r/s": "rate=1r/m", "burst=500": "burst=2"}).url
    answers = [get(url) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert is_problem(answers[-1], 429)
    assert answers[-1].headers["Retry-After"] == "1"


def test_whoever_has_one_address_of_ipv6_has_its_64(start: Start, site: Site) -> None:
    site.page("/", "here")
    slow = {"rate=100r/s": "rate=1r/m", "burst=500": "burst=1"}
    url = start(address(site), changed=PROXIED | slow).url
    askers = ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9", "2001:db8:1:3::1"]
    answers = [get(url, X_Forwarded_For=asker) for asker in askers]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]


# Stored files.


def test_a_stored_file_is_sent_in_place_of_the_answer(
    nginx: Nginx, site: Site, stored: Path
) -> None:
    site.replies["/a"] = Reply(headers={"X-Accel-Redirect": "/stored/archive"})
    answer = get(f"{nginx.url}/a")
    assert answer.content == stored.read_bytes()
    assert not [name for name in answer.headers if name.startswith("X-Accel")]
    [line] = nginx.lines(1)
    assert (line["path"], line["file"]) == ("/a", "/stored/archive")


def test_a_file_that_goes_away_before_nginx_looks_is_410(nginx: Nginx, site: Site) -> None:
    headers = {"X-Accel-Redirect": "/stored/gone", "Cache-Control": "public, max-age=31536000"}
    site.replies["/a"] = Reply(b"", "image/png", headers=headers)
    assert is_problem(get(f"{nginx.url}/a"), 410)


def test_a_file_that_nginx_may_not_read_is_a_fault_of_ours(nginx: Nginx, site: Site) -> None:
    site.replies["/a"] = Reply(b"", "image/png", headers={"X-Accel-Redirect": "/stored/"})
    assert is_problem(get(f"{nginx.url}/a"), 500)


# A server of a bucket, which the scripted site plays too, knows nothing but its signatures.


def object_of(site: Site, path: str) -> Reply:
    """Return an answer that has nginx send an object in its place."""
    place = f"/objects/http/{address(site)}{path}?signature=a%2Fb"
    headers = {"X-Accel-Redirect": place, "Content-Range": "bytes 5-9/20"}
    headers |= {"Cache-Control": "public", "Content-Security-Policy": "sandbox"}
    return Reply(b"", "image/png", headers=headers)


def test_an_object_is_asked_for_by_nothing_but_its_signature(nginx: Nginx, site: Site) -> None:
    theirs = {"Content-Security-Policy": "none", "X-Amz-Request-Id": "1", "ETag": '"a"'}
    site.replies["/bucket/7f/a.1?signature=a%2Fb"] = Reply(b"bytes", "text/html", headers=theirs)
    site.replies["/a"] = object_of(site, "/bucket/7f/a.1")
    answer = get(f"{nginx.url}/a", Authorization="Bearer a", Cookie="a=b", Range="BYTES=5-9")

    assert (answer.content, answer.headers["Content-Type"]) == (b"bytes", "image/png")
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["Cache-Control"] == "public"
    assert answer.headers["ETag"] == '"a"'
    assert "X-Amz-Request-Id" not in answer.headers
    asked = site.requests[-1].headers
    assert asked.pop("Connection", "") in ("", "close")
    assert asked == {"Host": address(site), "Range": "bytes=5-9"}


@pytest.mark.parametrize(
    ("theirs", "status"), [(404, 410), (403, 503), (400, 503), (500, 503), (503, 503)]
)
def test_what_keeps_an_object_back_is_told_as_the_application_would(
    nginx: Nginx, site: Site, theirs: int, status: int
) -> None:
    site.replies["/bucket/a?signature=a%2Fb"] = Reply(b"<Error/>", status=theirs)
    site.replies["/a"] = object_of(site, "/bucket/a")

    assert is_problem(get(f"{nginx.url}/a"), status)


def test_nobody_but_the_application_has_objects_sent(nginx: Nginx, site: Site) -> None:
    answer = get(f"{nginx.url}/objects/http/{address(site)}/bucket/a?signature=a%2Fb")

    assert is_problem(answer, 404)
    assert not site.requests


def test_slow_readers_hold_up_neither_the_application_nor_others(
    nginx: Nginx, site: Site, stored: Path
) -> None:
    site.replies["/a"] = Reply(headers={"X-Accel-Redirect": "/stored/archive"})
    with ExitStack() as readers:
        for _ in range(4):
            reader = readers.enter_context(closing(socket.socket()))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(tuple_of(nginx.address))
            reader.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            assert reader.recv(12) == b"HTTP/1.1 200"  # and no more for now
        assert len(get(f"{nginx.url}/a").content) == stored.stat().st_size


def tuple_of(address: str) -> tuple[str, int]:
    host, port = address.split(":")
    return host, int(port)


# What passes through.


def test_events_arrive_when_they_happen(start: Start) -> None:
    seen = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            connection.sendall(b"data: 1\n\n")
            assert seen.wait(30)
            connection.sendall(b"data: 2\n\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = start("{}:{}".format(*listener.getsockname())).url
        with requests.get(f"{url}/download/1/events", stream=True, timeout=30) as answer:
            lines = answer.iter_lines(1)
            assert next(lines) == b"data: 1"
            seen.set()
            assert next(lines) == b""
            assert next(lines) == b"data: 2"
        thread.join()


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json", "gzip"),
        ("application/problem+json", "gzip"),
        ("text/html; charset=utf-8", "gzip"),
        ("text/css", "gzip"),
        ("text/javascript", "gzip"),
        ("image/png", None),
        ("application/zip", None),
        ("text/event-stream", None),
    ],
)
def test_text_is_sent_compressed(
    nginx: Nginx, site: Site, content_type: str, encoding: str | None
) -> None:
    site.file("/a", b" " * 5000, content_type)
    answer = get(f"{nginx.url}/a", Accept_Encoding="gzip")
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers.get("Vary") == ("Accept-Encoding" if encoding else None)
    assert answer.content == b" " * 5000


def test_what_answers_depend_on_besides_compression_is_told_too(nginx: Nginx, site: Site) -> None:
    site.replies["/a"] = Reply(b" " * 5000, "application/json", headers={"Vary": "Accept"})
    for encoding in "gzip", "identity":
        vary = get(f"{nginx.url}/a", Accept_Encoding=encoding).headers["Vary"]
        assert sorted(vary.split(", ")) == ["Accept", "Accept-Encoding"]


# What nginx keeps.


def numbered(site: Site, path: str, status: int = 200, **headers: str) -> None:
    """Have each answer for a path tell its number."""
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    site.replies[path] = lambda: Reply(f"{site.asked(path)}".encode(), "a/b", status, headers)


@pytest.mark.parametrize("path", ["/images/1", "/images/1/thumbnail"])
def test_what_the_application_marks_is_kept(nginx: Nginx, site: Site, path: str) -> None:
    numbered(site, path, X_Accel_Expires="60")
    answers = [get(nginx.url + path) for _ in range(3)]
    assert [answer.text for answer in answers] == ["1", "1", "1"]
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 3
    assert [line["cache"] for line in nginx.lines(3)] == ["MISS", "HIT", "HIT"]


def test_what_was_kept_gives_way_to_what_is_asked_for_next(nginx: Nginx, site: Site) -> None:
    numbered(site, "/images/1", X_Accel_Expires="1")
    told = [get(f"{nginx.url}/images/1").text]
    while told[-1] != "3":
        threading.Event().wait(0.02)
        told.append(get(f"{nginx.url}/images/1").text)
    assert told == sorted(told)
    assert len(told) > 3  # some of them kept


@pytest.mark.parametrize(
    ("path", "status", "headers"),
    [
        ("/images/1", 200, {}),
        ("/images/1", 200, {"Cache_Control": "public, max-age=60"}),
        ("/images/1", 200, {"X_Accel_Expires": "0"}),
        ("/images/1", 200, {"X_Accel_Expires": "60", "Set_Cookie": "a=b"}),
        ("/images/1", 200, {"X_Accel_Expires": "60", "RateLimit_Limit": "100"}),
        ("/images/1", 202, {"X_Accel_Expires": "60"}),
        ("/images/1", 404, {"X_Accel_Expires": "60"}),
        ("/images/1", 503, {"X_Accel_Expires": "60"}),
        ("/images", 200, {"X_Accel_Expires": "60"}),
        ("/images/1/content", 200, {"X_Accel_Expires": "60"}),
        ("/download/1", 200, {"X_Accel_Expires": "60"}),
    ],
)
def test_nothing_else_is_kept(
    nginx: Nginx, site: Site, path: str, status: int, headers: dict[str, str]
) -> None:
    numbered(site, path, status, **headers)
    assert [get(nginx.url + path).text for _ in range(2)] == ["1", "2"]


def test_what_is_kept_is_for_the_same_key_and_types_alone(nginx: Nginx, site: Site) -> None:
    numbered(site, "/images/1", X_Accel_Expires="60")
    askers = [
        {},
        {"Accept": "text/html"},
        {"Authorization": "Bearer a"},
        {"Authorization": "Bearer b"},
        {"Cookie": "image_downloader_key=a"},
        {"Cookie": "image_downloader_key=b; other=c"},
        {"Cookie": "Image_Downloader_Key=a; image_downloader_key=c"},  # which nginx takes for a's
    ]
    for _ in range(2):
        told = [get(f"{nginx.url}/images/1", **asker).text for asker in askers]
        assert told == ["1", "2", "3", "4", "5", "6", "7"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("If-Match", '"other"'),
        ("If-None-Match", '"a"'),
        ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"),
        ("Range", "bytes=99-"),
        ("Prefer", "wait=5"),
    ],
)
def test_conditions_ranges_and_preferences_reach_the_application(
    nginx: Nginx, site: Site, name: str, value: str
) -> None:
    numbered(site, "/images/1", X_Accel_Expires="60", ETag='"a"')
    assert get(f"{nginx.url}/images/1").text == "1"
    answer = get(f"{nginx.url}/images/1", **{name: value})
    assert (answer.status_code, answer.text) == (200, "2")
    assert site.requests[-1].headers[name] == value
    assert get(f"{nginx.url}/images/1").text == "1"


# Elsewhere than in containers.


def test_the_lines_that_the_docs_give_for_other_machines_are_valid(tmp_path: Path) -> None:
    """nginx itself reads them: `nginx -t`."""
    folder = tmp_path / "nginx"
    configure(folder, {"/tmp/": f"{folder}/"})
    text = (CONFIGURATION.parents[1] / "docs" / "operations.md").read_text()
    lines = text.partition("```nginx\n")[2].partition("```")[0]
    lines = lines.replace("/srv/image-downloader/deploy/nginx", f"{folder}")
    (folder / "other.conf").write_text(f"events {{}} http {{ access_log off; {lines} }}")
    command = [NGINX, "-t", "-e", "stderr", "-c", folder / "other.conf"]
    pid = ["-g", f"pid {folder}/pid;"]
    tested = subprocess.run([*command, *pid], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr


def test_the_example_for_tls_works(tmp_path: Path, site: Site, start: Start) -> None:
    site.page("/", "here")
    folder = tmp_path / "nginx"
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    (folder / "certificates").mkdir(parents=True)
    certificate.cert_chain_pems[0].write_to_path(folder / "certificates" / "fullchain.pem")
    certificate.private_key_pem.write_to_path(folder / "certificates" / "privkey.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    plain, tls = free_port(), free_port()
    text = (CONFIGURATION / TLS).read_text()
    for old, new in [
        ("listen 8080", f"listen 127.0.0.1:{plain}"),
        ("listen 8443", f"listen 127.0.0.1:{tls}"),
        ("app:8000", address(site)),
    ]:
        assert old in text
        text = text.replace(old, new)
    (folder / "sites").mkdir()
    (folder / "sites" / "tls.conf").write_text(text)
    get(start(address(site)).url)  # from now on it listens

    trusted = tmp_path / "authority.pem"
    answer = requests.get(f"https://localhost:{tls}/", verify=trusted, timeout=30)
    assert answer.text == "here"
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert site.requests[-1].headers["X-Forwarded-Proto"] == "https"

    moved = requests.post(f"http://localhost:{plain}/a?b", allow_redirects=False, timeout=30)
    assert (moved.status_code, moved.headers["Location"]) == (308, "https://localhost/a?b")

    context = ssl.create_default_context(cafile=trusted)
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("localhost", tls)) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as wrapped,
    ):
        assert (wrapped.version(), wrapped.selected_alpn_protocol()) == ("TLSv1.3", "h2")
