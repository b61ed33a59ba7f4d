"""By which names the service may be asked."""

from dataclasses import replace

import limits
import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import keys
from app.database.models import Image
from app.http.hosts import Hosts
from app.settings import Settings
from tests.conftest import ClientWith

HOSTS = ("images.example.com", ".example.org")
KEYS = (keys.digest("x" * 16),)
NEW = {"url": "https://example.com/a.png"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, hosts=HOSTS)


@pytest.mark.parametrize(
    "host",
    [
        "images.example.com",
        "IMAGES.Example.com",
        "images.example.com:8000",
        "images.example.com:",
        "images.example.com.",
        "images.example.com.:443",
        "example.org",
        "example.org:80",
        "a.b.example.org",
    ],
)
def test_a_name_of_the_service_lets_in(host: str) -> None:
    assert Hosts(HOSTS)({"HTTP_HOST": host, "PATH_INFO": "/images"}, []) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "10.1.2.3:8000",
        "[2001:db8::1]",
        "[2001:DB8::1]:8000",
        "localhost:8000",
        "LocalHost.",
        "images.localhost",
        "nas",
        "nas:80",
        "nas.local",
        "images.nas.home.arpa",
        "app.internal",
    ],
)
def test_so_does_what_nobody_can_register(host: str) -> None:
    assert Hosts(())({"HTTP_HOST": host, "PATH_INFO": "/images"}, []) is None


@pytest.mark.parametrize(
    "host",
    [
        ".",
        "evil.example",
        "evil.internal.example",
        "evillocal.example",
        "127.0.0.1.evil.example",
        "a.images.example.com",
        "xexample.org",
        "example.org.evil.example",
        ".example.org",
        "images.example.com..",
        "images.example.com@evil.example",
        "evil.example:images.example.com",
        "images.example.com,evil.example",
        "images.example.com:8000:1",
        "images.example.com\n",
        "images.example.com\xa0",
        "2001:db8::1",
        "[2001:db8::1]x",
        "[evil.example]",
    ],
)
def test_any_other_does_not(host: str) -> None:
    assert Hosts(HOSTS)({"HTTP_HOST": host, "PATH_INFO": "/images"}, [])


@pytest.mark.parametrize(
    ("version", "host", "status"),
    [
        ("HTTP/1.1", None, 400),
        ("HTTP/1.1", "", 200),
        ("HTTP/1.0", None, 200),
        ("HTTP/1.0", "a b", 400),
        ("HTTP/1.1", "localhost/?x", 400),
        ("HTTP/1.1", "localhost,localhost", 400),
        ("HTTP/1.1", "localhost:8000", 200),
    ],
)
def test_a_host_is_one_and_not_left_out(
    client_with: ClientWith, version: str, host: str | None, status: int
) -> None:
    environ = {**EnvironBuilder("/images").get_environ(), "SERVER_PROTOCOL": version}
    environ |= {"HTTP_HOST": host}
    if host is None:
        del environ["HTTP_HOST"]
    pieces, told, _ = run_wsgi_app(client_with(api_keys=()).application, environ, buffered=True)

    assert told.startswith(f"{status} "), pieces


def test_what_is_wrong_is_told_and_nothing_is_done(client_with: ClientWith) -> None:
    client = client_with()
    answer = client.post("/images", json=NEW, headers={"Host": "evil.example:8000"})

    assert answer.status_code == 421
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/misdirected-request"
    assert "'evil.example:8000'" in answer.json["detail"]
    assert "DOWNLOADER_HOSTS" in answer.json["detail"]
    assert Image.select().count() == 0
    assert client.post("/images", json=NEW, headers={"Host": "example.org"}).status_code == 202


@pytest.mark.parametrize("path", ["/", "/images", "/static/style.css", "/readyz", "/healthz/x"])
def test_it_holds_for_every_path(client_with: ClientWith, path: str) -> None:
    assert client_with().get(path, headers={"Host": "evil.example"}).status_code == 421


def test_healthz_answers_to_any_name(client_with: ClientWith) -> None:
    assert client_with().get("/healthz", headers={"Host": "evil.example"}).status_code == 200


def test_without_keys_a_name_has_to_be_known(client_with: ClientWith) -> None:
    asked = {"path": "/images", "headers": {"Host": "evil.example"}}

    assert client_with(hosts=()).get(**asked).status_code == 421
    # It may come in, but no further.
    assert client_with(hosts=(), api_keys=KEYS).get(**asked).status_code == 401


def test_it_is_asked_before_keys_and_counts(client_with: ClientWith) -> None:
    client = client_with(api_keys=KEYS, rate_limit=limits.parse("1/minute"))
    answers = [client.get("/images", headers={"Host": "evil.example"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [421, 421]
    assert client.get("/images", headers={"Host": "example.org"}).status_code == 401


@pytest.mark.parametrize(
    ("proxies", "host", "forwarded", "status"),
    [
        (0, "evil.example", "example.org", 421),
        (0, "example.org", "evil.example", 200),
        (1, "app:8000", "example.org", 200),
        (1, "example.org", "evil.example", 421),
        (1, "app:8000", "example.org, evil.example", 421),
        (1, "app:8000", "evil.example, example.org", 200),
        (2, "app:8000", "example.org", 200),
    ],
)
def test_only_trusted_proxies_say_what_was_asked_for(
    client_with: ClientWith, proxies: int, host: str, forwarded: str, status: int
) -> None:
    headers = {"Host": host, "X-Forwarded-Host": forwarded}

    client = client_with(trusted_proxies=proxies)
    assert client.get("/images", headers=headers).status_code == status


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: FlaskClient, sent: dict[str, str]) -> None:
    path = client.post("/images", json={"url": "https://example.com/"}).headers["Location"]
    ours = {"Sec-Fetch-Site": "same-origin"}

    for method, there in ("POST", f"{path}/retry"), ("DELETE", path):
        answer = client.open(there, method=method, headers=sent)
        assert answer.status_code == 403
        assert answer.json["type"] == "/problems/foreign-origin"
    assert client.post("/", data={"urls": "nonsense"}, headers=sent).status_code == 403
    for program_or_ours in {}, ours:
        assert client.post("/", data={}, headers=program_or_ours).status_code == 422
    assert client.get(path, headers=sent).status_code == 200
    assert client.delete(path, headers=ours).status_code == 204
