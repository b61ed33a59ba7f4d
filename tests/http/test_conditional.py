"""What HTTP asks of every answer: methods, media types, conditions."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings import Settings
from tests.conftest import application, do_all, registered, tasks_of
from tests.samples import picture
from tests.site import Site


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Flask]:
    """One for all: here nothing changes what it has."""
    storage = tmp_path_factory.mktemp("conditional") / "storage"
    settings = Settings(storage_dir=storage, allow_networks=(ip_network("127.0.0.0/8"),))
    with application(settings, migrated) as app:
        yield app


@pytest.fixture(scope="module")
def paths(app: Flask) -> dict[str, str]:
    """Addresses of what there is: a finished image and a finished download."""
    client = app.test_client()
    with Site() as site, registered(app) as processes:
        site.file("/a.png", picture())
        image = client.post("/images", json={"url": site.url("/a.png")})
        page = site.page("/", "<img src=a.png>")
        download = client.post("/download", json={"url": page})
        assert do_all(tasks_of(app, processes)) == 2
    return {
        "image": image.headers["Location"],
        "content": image.headers["Location"] + "/content",
        "zip": download.headers["Location"],
        "status": download.headers["Location"] + "/status",
        "events": download.headers["Location"] + "/events",
        "images": "/images",
        "downloads": "/download",
        "health": "/healthz",
        "document": "/openapi.json",
    }


def test_head_says_what_get_says_without_a_body(client: FlaskClient, paths: dict[str, str]) -> None:
    for path in paths.values():
        told, head = client.get(path), client.head(path)
        assert head.status_code == told.status_code == 200
        assert head.data == b""
        for headers in told.headers, head.headers:
            headers.remove("Date")  # another second may have begun
            headers.remove("X-Request-ID")
        assert dict(head.headers) == dict(told.headers)


@pytest.mark.parametrize("name", ["zip", "content"])
def test_head_heeds_conditions_as_get_does(
    client: FlaskClient, paths: dict[str, str], name: str
) -> None:
    etag = client.head(paths[name]).headers["ETag"]

    assert client.head(paths[name], headers={"If-None-Match": etag}).status_code == 304
    assert client.head(paths[name], headers={"If-Match": '"other"'}).status_code == 412


@pytest.mark.parametrize(
    ("name", "methods"),
    [
        ("image", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ("images", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("downloads", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("events", {"GET", "HEAD", "OPTIONS"}),
        ("health", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_and_405_name_the_methods(
    client: FlaskClient, paths: dict[str, str], name: str, methods: set[str]
) -> None:
    told = client.options(paths[name])
    refused = client.open(paths[name], method="PATCH")

    assert (told.status_code, told.data) == (204, b"")
    assert not {"Content-Type", "Content-Length"} & {name for name, _ in told.headers}
    assert not [name for name, _ in told.headers if name.startswith("Access-Control")]
    assert refused.status_code == 405
    assert refused.content_type == "application/problem+json"
    for answer in told, refused:
        assert set(answer.headers["Allow"].split(", ")) == methods


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW"])
def test_unheard_of_methods_are_405(client: FlaskClient, method: str) -> None:
    assert client.open("/images", method=method).status_code == 405


@pytest.mark.parametrize(
    ("name", "accept", "status"),
    [
        ("image", "", 200),
        ("image", "*/*", 200),
        ("image", "application/*;q=0.1", 200),
        ("image", "application/json", 200),
        ("image", "text/html, application/json;q=0.5", 200),
        ("image", "application/problem+json", 200),
        ("image", "application/json; charset=utf-8", 200),
        ("image", "Application/JSON;version=1;q=0.3", 200),
        ("image", "application/json;q=0.0", 406),
        ("health", "text/plain;version=0.0.4", 406),
        ("document", "text/html", 200),
        ("image", "text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("image", "text/html", 406),
        ("image", "application/xml;q=1", 406),
        ("image", "application/json;q=0, application/problem+json;q=0", 406),
        ("zip", "application/zip", 200),
        ("zip", "application/json", 200),
        ("zip", "image/png", 406),
        ("content", "image/avif,image/webp,*/*;q=0.8", 200),
        ("content", "image/png", 200),
        ("content", "image/*", 200),
        ("content", "text/plain", 406),
        ("events", "text/event-stream", 200),
        ("events", "image/png", 406),
    ],
)
def test_it_sends_what_is_accepted(
    client: FlaskClient, paths: dict[str, str], name: str, accept: str, status: int
) -> None:
    for method in "GET", "HEAD":
        answer = client.open(paths[name], method=method, headers={"Accept": accept})
        assert answer.status_code == status
        if status == 406:
            people = "text/html" in accept  # are shown a page
            assert people or answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{}", 304),
        ("W/{}", 304),
        ('"x", W/"y", {}', 304),
        ('"x",W/{}', 304),
        ("*", 304),
        ('"x"', 200),
        ('W/"x"', 200),
        (",,,", 200),
        ('"', 200),
        ("x", 200),
    ],
)
@pytest.mark.parametrize("name", ["image", "status", "images", "zip", "content"])
def test_those_who_have_it_get_304(
    client: FlaskClient, paths: dict[str, str], name: str, given: str, status: int
) -> None:
    etag = client.get(paths[name]).headers["ETag"]
    answer = client.get(paths[name], headers={"If-None-Match": given.format(etag)})

    assert answer.status_code == status
    assert answer.headers["ETag"] == etag
    assert bool(answer.data) == (status == 200)


@pytest.mark.parametrize(
    ("given", "status"),
    [("{}", 200), ("*", 200), ('"x", {}', 200), ('"x"', 412), ('W/"x"', 412)],
)
@pytest.mark.parametrize("name", ["image", "status", "images", "zip", "content"])
def test_another_version_than_the_one_asked_for_is_412(
    client: FlaskClient, paths: dict[str, str], name: str, given: str, status: int
) -> None:
    etag = client.get(paths[name]).headers["ETag"]
    answer = client.get(paths[name], headers={"If-Match": given.format(etag)})

    assert answer.status_code == status
    if status == 412:
        assert answer.content_type == "application/problem+json"
        assert answer.json["type"] == "/problems/precondition-failed"
        assert client.head(paths[name], headers={"If-Match": given.format(etag)}).data == b""


@pytest.mark.parametrize(
    ("name", "status"),
    [("image", 200), ("status", 200), ("images", 200), ("zip", 412), ("content", 412)],
)
def test_a_tag_that_a_proxy_weakened_names_a_document_and_no_bytes_of_a_file(
    client: FlaskClient, paths: dict[str, str], name: str, status: int
) -> None:
    etag = client.get(paths[name]).headers["ETag"]

    assert client.get(paths[name], headers={"If-Match": f"W/{etag}"}).status_code == status


@pytest.mark.parametrize("name", ["zip", "content"])
def test_a_part_of_a_file_may_be_asked_for(
    client: FlaskClient, paths: dict[str, str], name: str
) -> None:
    whole = client.get(paths[name]).data
    first = client.get(paths[name], headers={"Range": "bytes=5-9"})
    last = client.get(paths[name], headers={"Range": "bytes=-4"})

    assert (first.status_code, first.data) == (206, whole[5:10])
    assert first.headers["Content-Range"] == f"bytes 5-9/{len(whole)}"
    assert (last.status_code, last.data) == (206, whole[-4:])
    assert client.get(paths[name], headers={"Range": "bytes=100000-"}).status_code == 416


@pytest.mark.parametrize("path", ["/images/", "/download/", "/healthz/"])
def test_a_slash_at_the_end_changes_nothing(client: FlaskClient, path: str) -> None:
    assert client.get(path).data == client.get(path.rstrip("/")).data


@pytest.mark.parametrize("path", ["/images%2F%2F", "/download//status", "/%00", "/%ff"])
def test_other_slashes_lead_nowhere(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json["title"] == "Not found"
