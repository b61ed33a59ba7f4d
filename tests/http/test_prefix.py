"""The path that a proxy serves this application under."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from tests.conftest import application

URL = {"url": "https://example.com/"}


@pytest.fixture
def behind(settings: Settings, migrated: Path) -> Iterator[FlaskClient]:
    with application(replace(settings, trusted_proxies=1), migrated) as app:
        yield app.test_client()


@pytest.mark.parametrize(
    ("prefix", "begins"),
    [
        ("/pictures", "/pictures/download/"),
        ("/a/b-c.d", "/a/b-c.d/download/"),
        ("/pictures/", "/pictures/download/"),
        ("", "/download/"),
        ("/", "/download/"),
        ("//evil.example", "/download/"),
        ("https://evil.example", "/download/"),
        ('/"><script>', "/download/"),
        ("/..", "/download/"),
    ],
)
def test_a_plain_path_stands_before_each_address(
    behind: FlaskClient, prefix: str, begins: str
) -> None:
    headers = {"X-Forwarded-Prefix": prefix}
    added = behind.post("/download", json=URL, headers=headers)
    shown = behind.get("/", headers=headers)

    assert added.headers["Location"].startswith(begins)
    assert added.json["status_url"].startswith(begins)
    assert "evil" not in shown.text
    assert f'href="{begins.removesuffix("download/")}docs"' in shown.text


def test_without_proxies_that_are_trusted_nobody_says_where_we_are(client: FlaskClient) -> None:
    headers = {"X-Forwarded-Prefix": "/pictures"}

    assert (
        client.post("/download", json=URL, headers=headers).json["status_url"][:10] == "/download/"
    )
    assert "/pictures" not in client.get("/", headers=headers).text


def test_no_page_names_an_address_by_itself() -> None:
    app = Path(__file__).parent.parent.parent / "app"
    pages = [path for kind in ("html", "js") for path in app.rglob(f"*.{kind}")]
    first = "images|download|downloads|gallery|docs|key|static"
    literal = re.compile(rf"""=["']/(?!/)|["'`]/(?:{first})\b""")

    assert pages
    for path in pages:
        for line in path.read_text().splitlines():
            assert not literal.search(re.sub(r"own\('[^']*'\)", "", line)), f"{path}: {line}"
