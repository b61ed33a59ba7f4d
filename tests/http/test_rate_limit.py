"""How often one client may ask, and which address it has."""

import threading

import limits
import pytest
from flask import request
from flask.testing import FlaskClient

from app import keys
from app.database.models import Download
from app.http.rate_limit import RateLimit
from tests.conftest import ClientWith

KEY, OTHER = "correct-horse-battery", "staple.staple.staple"


def statuses(client: FlaskClient, count: int, **options: object) -> list[int]:
    return [client.get("/nowhere", **options).status_code for _ in range(count)]


def test_without_a_limit_nothing_is_told_of_one(client: FlaskClient) -> None:
    assert not [name for name in client.get("/images").headers if "ratelimit" in name[0].lower()]


def test_every_answer_tells_where_its_client_stands(client_with: ClientWith) -> None:
    client = client_with(rate_limit=limits.parse("5/minute"))
    first, second = client.get("/images"), client.get("/nowhere")

    assert first.headers["RateLimit-Limit"] == "5"
    assert first.headers["RateLimit-Policy"] == "5;w=60"
    assert first.headers["RateLimit-Remaining"] == "4"
    assert 0 < int(first.headers["RateLimit-Reset"]) <= 60
    assert second.headers["RateLimit-Remaining"] == "3"


def test_who_asks_too_often_is_told_when_to_come_back(client_with: ClientWith) -> None:
    client = client_with(rate_limit=limits.parse("2/minute"))

    assert statuses(client, 2) == [404, 404]
    answer = client.get("/images")

    assert answer.status_code == 429
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/too-many-requests"
    assert answer.json["detail"] == "no more than 2 per 1 minute; wait as long as Retry-After says"
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit-Remaining"] == "0"


@pytest.mark.parametrize("path", ["/healthz", "/static/style.css"])
def test_what_must_always_be_there_is_not_counted(client_with: ClientWith, path: str) -> None:
    client = client_with(rate_limit=limits.parse("1/minute"))

    assert [client.get(path, buffered=True).status_code for _ in range(3)] == [200] * 3
    assert statuses(client, 2) == [404, 429]


def test_what_only_begins_like_that_is_counted(client_with: ClientWith) -> None:
    client = client_with(rate_limit=limits.parse("1/minute"))

    assert [client.get("/healthzz").status_code for _ in range(2)] == [404, 429]


def test_each_key_has_a_count_of_its_own(client_with: ClientWith) -> None:
    client = client_with(
        rate_limit=limits.parse("1/minute"), api_keys=(keys.digest(KEY), keys.digest(OTHER))
    )

    for key in KEY, OTHER:
        assert statuses(client, 2, headers={"Authorization": f"Bearer {key}"}) == [404, 429]


def test_what_a_browser_is_started_for_counts_ten_times(client_with: ClientWith) -> None:
    client = client_with(rate_limit=limits.parse("100/minute"), browser="/bin/browser")
    plain = client.post("/download", json={"url": "https://a/"})
    rendered = client.post("/download", json={"url": "https://a/", "render": True})
    Download.update(status="failed").execute()
    again = client.post(f"{rendered.headers['Location']}/retry")
    list_of_two = client.post("/", data={"urls": "https://a/\nhttps://b/", "render": "true"})
    failed = {"downloads": rendered.json["download_id"], "do": "retry"}
    by_box = client.post("/downloads/many", data=failed)

    answers = plain, rendered, again, list_of_two, by_box
    assert [answer.status_code for answer in answers] == [202, 202, 202, 303, 303]
    left = [int(answer.headers["RateLimit-Remaining"]) for answer in answers]
    assert left == [99, 89, 79, 59, 49]


def test_who_guesses_keys_is_counted_by_address(client_with: ClientWith) -> None:
    client = client_with(rate_limit=limits.parse("2/minute"), api_keys=(keys.digest(KEY),))

    assert statuses(client, 3, headers={"Authorization": "Bearer guess"}) == [401, 401, 429]
    assert statuses(client, 1, headers={"Authorization": f"Bearer {KEY}"}) == [404]


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("[2001:db8::1]:80", "[2001:db8::2]:80", False),
        ("", "", True),
    ],
)
def test_without_keys_each_network_of_a_client_counts(
    client_with: ClientWith, one: str, another: str, same: bool
) -> None:
    client = client_with(rate_limit=limits.parse("1/minute"))

    assert statuses(client, 1, environ_base={"REMOTE_ADDR": one}) == [404]
    assert statuses(client, 1, environ_base={"REMOTE_ADDR": another}) == [429 if same else 404]


def test_a_spoofed_address_is_ignored_by_default(client_with: ClientWith) -> None:
    client = client_with(rate_limit=limits.parse("1/minute"))

    assert statuses(client, 1, headers={"X-Forwarded-For": "192.0.2.1"}) == [404]
    assert statuses(client, 1, headers={"X-Forwarded-For": "192.0.2.2"}) == [429]


def test_the_address_that_our_own_proxy_tells_counts(client_with: ClientWith) -> None:
    client = client_with(rate_limit=limits.parse("1/minute"), trusted_proxies=1)

    assert statuses(client, 1, headers={"X-Forwarded-For": "192.0.2.1"}) == [404]
    assert statuses(client, 1, headers={"X-Forwarded-For": "192.0.2.2"}) == [404]
    # The last one is the proxy's own word; the client may have written what stands before it.
    assert statuses(client, 1, headers={"X-Forwarded-For": "192.0.2.9, 192.0.2.2"}) == [429]


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        (0, "http://localhost/seen"),
        (1, "https://example.com/seen"),
        (2, "https://example.com/seen"),
    ],
)
def test_only_our_own_proxies_say_how_we_are_called(
    client_with: ClientWith, proxies: int, seen: str
) -> None:
    client = client_with(trusted_proxies=proxies, hosts=("example.com",))
    client.application.add_url_rule("/seen", view_func=lambda: request.url)
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.com"}

    assert client.get("/seen", headers=told).text == seen


def test_threads_together_get_no_more_than_the_limit() -> None:
    guard = RateLimit(limits.parse("200/hour"))
    passed: list[bool] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        for _ in range(50):
            passed.append(guard({"PATH_INFO": "/", "REMOTE_ADDR": "192.0.2.1"}, []) is None)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sum(passed), len(passed)) == (200, 400)


def test_each_client_begins_anew_and_is_forgotten_when_its_time_is_over() -> None:
    moment = 100.0
    guard = RateLimit(limits.parse("1/minute"), clock=lambda: moment)

    def passes(who: str) -> bool:
        return guard({"PATH_INFO": "/", "REMOTE_ADDR": who}, []) is None

    assert [passes(who) for who in ("", "192.0.2.1", "")] == [True, True, False]
    moment += 59.9
    assert [passes(who) for who in ("", "192.0.2.1", "192.0.2.2")] == [False, False, True]
    moment += 0.1
    assert [passes(who) for who in ("192.0.2.1", "192.0.2.2")] == [True, False]
    assert list(guard._windows) == ["192.0.2.2", "192.0.2.1"]
