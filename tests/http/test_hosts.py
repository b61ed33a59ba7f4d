"""By which names the service may be asked."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import limits
import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app, keys
from app.database.connection import db
from app.database.models import Image
from app.http.hosts import Hosts
from app.settings import Settings
from tests.conftest import Nudges

HOSTS = ("images.example.com", ".example.org")
KEYS = (keys.digest("x" * 16),)
NEW = {"url": "https://example.com/a.png"}
Make = Callable[..., FlaskClient]


@pytest.fixture
def make(settings: Settings) -> Iterator[Make]:
    def client(**changes: object) -> FlaskClient:
        changed = {"hosts": HOSTS, **changes}
        app = create_app(replace(settings, **changed))  # type: ignore[arg-type]
        app.extensions["engine"] = Nudges()
        return app.test_client()

    yield client
    db.close()


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
    make: Make, version: str, host: str | None, status: int
) -> None:
    environ = {**EnvironBuilder("/images").get_environ(), "SERVER_PROTOCOL": version}
    environ |= {"HTTP_HOST": host}
    if host is None:
        del environ["HTTP_HOST"]
    pieces, told, _ = run_wsgi_app(make(api_keys=()).application, environ, buffered=True)

    assert told.startswith(f"{status} "), pieces


def test_what_is_wrong_is_told_and_nothing_is_done(make: Make) -> None:
    client = make()
    answer = client.post("/images", json=NEW, headers={"Host": "evil.example:8000"})

    assert answer.status_code == 421
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/misdirected-request"
    assert "'evil.example:8000'" in answer.json["detail"]
    assert "DOWNLOADER_HOSTS" in answer.json["detail"]
    assert Image.select().count() == 0
    assert client.post("/images", json=NEW, headers={"Host": "example.org"}).status_code == 202


@pytest.mark.parametrize("path", ["/", "/images", "/static/style.css", "/readyz", "/healthz/x"])
def test_it_holds_for_every_path(make: Make, path: str) -> None:
    assert make().get(path, headers={"Host": "evil.example"}).status_code == 421


def test_healthz_answers_to_any_name(make: Make) -> None:
    assert make().get("/healthz", headers={"Host": "evil.example"}).status_code == 200


def test_without_keys_a_name_has_to_be_known(make: Make) -> None:
    asked = {"path": "/images", "headers": {"Host": "evil.example"}}

    assert make(hosts=()).get(**asked).status_code == 421
    assert make(hosts=(), api_keys=KEYS).get(**asked).status_code == 401  # come in, but no further


def test_it_is_asked_before_keys_and_counts(make: Make) -> None:
    client = make(api_keys=KEYS, rate_limit=limits.parse("1/minute"))
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
    make: Make, proxies: int, host: str, forwarded: str, status: int
) -> None:
    headers = {"Host": host, "X-Forwarded-Host": forwarded}

    assert make(trusted_proxies=proxies).get("/images", headers=headers).status_code == status


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
