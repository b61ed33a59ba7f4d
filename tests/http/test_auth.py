"""Who is let in when the service has keys."""

import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner

from app import keys
from app.errors import ConfigurationError
from app.http.auth import local_path
from app.http.keys import COOKIE, COOKIE_SECONDS, Keys
from app.settings import Settings, load

KEY, OTHER = "correct-horse-battery", "staple.staple.staple"
BEARER = {"Authorization": f"Bearer {KEY}"}
NEW = {"url": "https://example.com/a.png"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, api_keys=(keys.digest(KEY), keys.digest(OTHER)))


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A client with the cookie that stands for a key."""
    browser = app.test_client()
    value = Keys([keys.digest(KEY)]).cookie(KEY)
    assert value
    browser.set_cookie(COOKIE, value)
    return browser


@pytest.mark.parametrize(
    "path", ["/images", "/download", "/openapi.json", "/docs", "/nowhere", "/healthz/", "//healthz"]
)
def test_without_a_key_there_is_no_answer(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="image-downloader"'
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/unauthorized"


def test_healthz_needs_no_key(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/key", "/static/style.css", "/problems/unauthorized"])
def test_what_leads_to_a_key_needs_none(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code != 401


@pytest.mark.parametrize("sent", [f"Bearer {KEY}", f"bearer {KEY}", f"Bearer  {OTHER}"])
def test_each_key_lets_in(client: FlaskClient, sent: str) -> None:
    assert client.get("/images", headers={"Authorization": sent}).status_code == 200


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", KEY, "é"]
)
def test_anything_else_does_not(client: FlaskClient, sent: str) -> None:
    answer = client.get("/images", headers={"Authorization": sent})

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_who_has_a_wrong_key_is_told_so(client: FlaskClient) -> None:
    answer = client.get("/images", headers={"Authorization": f"Bearer {KEY}x"})

    assert answer.json["detail"] == "this service has no such key"
    assert "Authorization: Bearer" in client.get("/images").json["detail"]


def test_a_cookie_lets_a_browser_in(browser: FlaskClient) -> None:
    assert browser.get("/images").status_code == 200


def test_cookies_of_other_applications_do_no_harm(app: Flask) -> None:
    ours = Keys([keys.digest(KEY)]).cookie(KEY)
    anybody = app.test_client(use_cookies=False)
    for cookies in f"a=\xff; {COOKIE}={ours}", f"{COOKIE}={ours}; a=\xff; b":
        asked = {"HTTP_COOKIE": cookies}

        assert anybody.get("/images", environ_overrides=asked).status_code == 200
        assert anybody.get("/key", environ_overrides=asked).status_code == 200


def test_a_wrong_key_is_not_made_good_by_a_cookie(browser: FlaskClient) -> None:
    answer = browser.get("/images", headers={"Authorization": "Bearer another-key-altogether"})

    assert answer.status_code == 401


def test_a_cookie_counts_beside_the_password_of_a_proxy(browser: FlaskClient) -> None:
    assert browser.get("/images", headers={"Authorization": "Basic eA=="}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://proxied.example"}, 202),
        ({"Origin": "http://localhost"}, 202),
        ({"Origin": "https://localhost"}, 202),  # TLS ends at a proxy
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "http://evil.localhost"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_with_a_cookie_only_our_own_pages_change_things(
    browser: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert browser.post("/images", json=NEW, headers=headers).status_code == status


def test_with_a_key_the_origin_does_not_matter(client: FlaskClient) -> None:
    headers = BEARER | {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}

    assert client.post("/images", json=NEW, headers=headers).status_code == 202


def test_people_are_sent_to_the_page_that_takes_a_key(client: FlaskClient) -> None:
    answer = client.get("/images?status=failed&limit=2", headers={"Accept": "text/html,*/*"})
    to = urlsplit(answer.headers["Location"])

    assert answer.status_code == 303
    assert (to.netloc, to.path) == ("", "/key")
    assert parse_qs(to.query) == {"next": ["/images?status=failed&limit=2"]}


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json, text/html;q=0"},
        {"Accept": "text/html;q=0.5, */*"},
        {"Accept": "text/html", "Authorization": "Bearer another-key-altogether"},
        {"Accept": "text/html, image/gif, *; q=.2, */*; q=.2", "Authorization": "Bearer"},
    ],
)
def test_programs_are_told_that_a_key_is_missing(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.get("/images", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_browser_with_the_password_of_a_proxy_is_sent_there_too(client: FlaskClient) -> None:
    answer = client.get("/", headers={"Accept": "text/html", "Authorization": "Basic eA=="})

    assert answer.location == "/key?next=/"


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "///evil.example"])
def test_and_never_from_there_to_another_site(client: FlaskClient, path: str) -> None:
    answer = client.get("/", headers={"Accept": "text/html"}, environ_overrides={"PATH_INFO": path})
    [target] = parse_qs(urlsplit(answer.headers["Location"]).query)["next"]

    assert local_path(target) == target
    assert not target.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", True),
        ("/images?a=b&c=//d", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("/\t/evil.example", False),
        ("/\n", False),
        ("https://evil.example", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_only_paths_of_this_site_are_gone_to(path: str, kept: bool) -> None:
    assert local_path(path) == (path if kept else "/")


def test_what_takes_a_key_stays_out_of_shared_caches(client: FlaskClient) -> None:
    answer = client.get("/docs/assets/index.css", headers=BEARER)
    directives = answer.headers["Cache-Control"].split(", ")

    assert "private" in directives
    assert "public" not in directives
    assert "max-age=86400" in directives


def test_a_key_is_never_told_and_its_short_hash_is(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get("/images", headers=BEARER)

    [record] = [record for record in caplog.records if record.name == "app.http.request_log"]
    assert isinstance(record.args, dict)
    assert record.args["key"] == Keys([keys.digest(KEY)]).name(KEY)
    assert KEY not in str(record.args)


def test_a_cookie_ends_with_its_key_alone() -> None:
    both = Keys([keys.digest(KEY), keys.digest(OTHER)])
    mine, others = both.cookie(KEY), both.cookie(OTHER)
    assert mine
    assert others

    left = Keys([keys.digest(OTHER)])

    assert left.name_of_cookie(mine) is None
    assert left.name_of_cookie(others) == both.name(OTHER)


def test_a_cookie_ends_after_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Keys([keys.digest(KEY)])
    cookie = ours.cookie(KEY)
    assert cookie
    later = TimestampSigner.get_timestamp(TimestampSigner(b"")) + COOKIE_SECONDS + 1
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer: later)

    assert ours.name_of_cookie(cookie) is None


@pytest.mark.parametrize("cookie", ["", ".", "x", "{name}", "{name}.", "{name}.aaaa.bbbb", "é"])
def test_a_forged_cookie_is_none(cookie: str) -> None:
    ours = Keys([keys.digest(KEY)])

    assert ours.name_of_cookie(cookie.format(name=ours.name(KEY))) is None


def test_there_is_no_cookie_for_a_wrong_key() -> None:
    assert Keys([keys.digest(KEY)]).cookie(OTHER) is None


@pytest.mark.parametrize("text", [f"{KEY},{OTHER}", f" {KEY} , {OTHER},", f"{KEY}\n{OTHER}\n"])
def test_keys_are_separated_by_commas_or_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    (tmp_path / "keys").write_text(text)
    monkeypatch.setenv("DOWNLOADER_API_KEYS_FILE", str(tmp_path / "keys"))

    assert load().api_keys == (keys.digest(KEY), keys.digest(OTHER))


def test_only_digests_of_keys_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWNLOADER_API_KEYS", KEY)

    assert load().api_keys == (hashlib.sha256(KEY.encode()).digest(),)


@pytest.mark.parametrize(
    "text", ["", ",", "x" * 15, f"{KEY},short", "two words are not one", "é" * 16]
)
def test_a_weak_key_stops_the_start_and_is_not_told(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("DOWNLOADER_API_KEYS", text)

    with pytest.raises(ConfigurationError, match=r"DOWNLOADER_API_KEYS.*16 characters") as caught:
        load()
    assert not text.strip(",") or text not in str(caught.value)


def test_a_file_without_a_key_does_not_open_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "keys").touch()
    monkeypatch.setenv("DOWNLOADER_API_KEYS_FILE", str(tmp_path / "keys"))

    with pytest.raises(ConfigurationError, match="API_KEYS"):
        load()
