"""Stored files, sent by gunicorn and by a real nginx: to the same question the same answer."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import requests

from tests.nginx import Nginx, needs_nginx
from tests.samples import picture
from tests.service.conftest import SECONDS, Service
from tests.site import Site

pytestmark = needs_nginx

# They differ from answer to answer, or belong to the connection.
OF_THE_MOMENT = {"Date", "Server", "Connection", "X-Request-ID", "RateLimit-Remaining"}
OF_THE_MOMENT |= {"RateLimit-Reset", "X-Accel-Expires"}  # the last is for nginx alone


class Both(NamedTuple):
    """Two ways to the same files, and the paths of these."""

    gunicorn: str
    nginx: str
    paths: dict[str, str]


def ask(url: str, headers: dict[str, str] | None = None, method: str = "GET") -> requests.Response:
    return requests.request(method, url, headers=headers, timeout=SECONDS)


@pytest.fixture(
    scope="module", params=["folder", pytest.param("bucket", marks=pytest.mark.cluster)]
)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    variables = {"DOWNLOADER_RATE_LIMIT": "100000/hour"}
    accel, application = "/stored/", "wsgi:app"
    if request.param == "bucket":
        accel, application = "/objects/", "tests.service.servers:app"
        variables["TEST_STORAGE_URL"] = request.getfixturevalue("object_store").url("both")
    alone = Service(folder, **variables)
    behind = Service(folder, DOWNLOADER_ACCEL=accel, **variables)
    alone.command[-1] = behind.command[-1] = application
    with (
        Site() as site,
        Nginx(folder / "nginx", f"127.0.0.1:{behind.port}", folder / "storage") as nginx,
    ):
        try:
            alone.start()
            behind.start()
            photo = site.file("/sun%20set.png", picture("png"))
            drawing = site.file("/%E7%B5%B5.svg", picture("svg"), "image/svg+xml")
            page = site.page("/stra%C3%9Fe/", f'<img src="{photo}">')
            paths = {
                "photo": f"/images/{alone.post('/images', url=photo)['id']}/content",
                "drawing": f"/images/{alone.post('/images', url=drawing)['id']}/content",
                "archive": alone.post("/download", url=page)["download_url"],
            }
            paths["thumbnail"] = paths["photo"].replace("content", "thumbnail")
            for path in paths.values():
                assert alone.end_of(path).status_code == 200
            yield Both(f"http://127.0.0.1:{alone.port}", nginx.url, paths)
        finally:
            alone.stop()
            behind.stop()


# Request headers, where `{etag}`, `{date}` and `{size}` are those of the file; the status.
TABLE: list[tuple[dict[str, str], int]] = [
    ({}, 200),
    ({"Range": "bytes=0-0"}, 206),
    ({"Range": "bytes=5-9"}, 206),
    ({"Range": "BYTES=5-9"}, 206),
    ({"Range": "bytes=5-"}, 206),
    ({"Range": "bytes=-5"}, 206),
    ({"Range": "bytes=-999999"}, 206),
    ({"Range": "bytes=0-999999"}, 206),
    ({"Range": f"bytes=0-{2**64 - 1}"}, 206),
    ({"Range": f"bytes=-{2**64 - 1}"}, 206),
    ({"Range": f"bytes={2**64 - 1}-"}, 416),
    ({"Range": f"bytes=0-{'9' * 5000}"}, 206),
    ({"Range": f"bytes=-{'9' * 5000}"}, 206),
    ({"Range": f"bytes=0-1,2-{'9' * 5000}"}, 200),
    ({"Range": "bytes=0-1,4-5"}, 200),
    ({"Range": "lines=0-1"}, 200),
    ({"Range": "bytes={size}-"}, 416),
    ({"Range": "bytes=-0"}, 416),
    ({"Range": "bytes=9-5"}, 416),
    ({"Range": "bytes=a-b"}, 416),
    ({"Range": "bytes="}, 416),
    ({"Range": "bytes=5-9", "If-Range": "{etag}"}, 206),
    ({"Range": "bytes=5-9", "If-Range": "{date}"}, 206),
    ({"Range": "bytes=5-9", "If-Range": "W/{etag}"}, 200),
    ({"Range": "bytes=5-9", "If-Range": '"other"'}, 200),
    ({"Range": "bytes=5-9", "If-Range": "Thu, 01 Jan 2026 00:00:00 GMT"}, 200),
    ({"Range": "bytes={size}-", "If-Range": '"other"'}, 200),
    ({"Range": "bytes=5-9", "If-None-Match": "{etag}"}, 304),
    ({"If-None-Match": "{etag}"}, 304),
    ({"If-None-Match": "W/{etag}"}, 304),
    ({"If-None-Match": '"other", {etag}'}, 304),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"other"'}, 200),
    ({"If-None-Match": '"other"', "If-Modified-Since": "{date}"}, 200),
    ({"If-None-Match": "{etag}", "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 304),
    ({"If-Modified-Since": "{date}"}, 304),
    ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 304),
    ({"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 200),
    ({"If-Match": "{etag}"}, 200),
    ({"If-Match": '"other", {etag}'}, 200),
    ({"If-Match": "*"}, 200),
    ({"If-Match": '"other"'}, 412),
    ({"If-Match": "W/{etag}"}, 412),
    ({"If-Unmodified-Since": "{date}"}, 200),
    ({"If-Unmodified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 412),
    ({"Accept-Encoding": "gzip"}, 200),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["photo", "drawing", "archive", "thumbnail"])
def test_both_give_the_same_answers(both: Both, name: str, method: str) -> None:
    path = both.paths[name]
    whole = ask(both.gunicorn + path)
    facts = {
        "etag": whole.headers["ETag"],
        "date": whole.headers["Last-Modified"],
        "size": str(len(whole.content)),
    }
    for asked, status in TABLE:
        headers = {key: value.format(**facts) for key, value in asked.items()}
        ours = ask(both.gunicorn + path, headers, method)
        theirs = ask(both.nginx + path, headers, method)

        wanted = 200 if method == "HEAD" and status in (206, 416) else status  # no ranges there
        assert (ours.status_code, theirs.status_code) == (wanted, wanted), asked
        assert theirs.content == ours.content, asked
        assert compared(theirs) == compared(ours), asked


def compared(answer: requests.Response) -> dict[str, str]:
    """Return the headers that have to agree."""
    leave_out = OF_THE_MOMENT | ({"Accept-Ranges"} if answer.status_code == 206 else set())
    lower = {name.lower() for name in leave_out}
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {name: value for name, value in headers.items() if name not in lower}


@pytest.mark.parametrize("way", ["gunicorn", "nginx"])
def test_a_file_comes_with_all_that_clients_need(both: Both, way: str) -> None:
    answer = ask(getattr(both, way) + both.paths["archive"])

    assert re.fullmatch(
        r"attachment; filename=127.0.0.1-strae-20\d\d-\d\d-\d\d.zip;"
        r" filename\*=UTF-8''127.0.0.1-stra%C3%9Fe-20\d\d-\d\d-\d\d.zip",
        answer.headers["Content-Disposition"],
    )
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["RateLimit-Limit"] == "100000"
    assert answer.headers["X-Request-ID"]
    assert "Last-Modified" in answer.headers
    assert not [name for name in answer.headers if name.startswith("X-Accel")]
