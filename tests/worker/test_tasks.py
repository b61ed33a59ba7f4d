"""The work on a job, from the claim to its end, with a real site on loopback."""

import errno
import json
import re
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.models import JOB_KINDS, Download, Image
from app.errors import StorageUnreachable
from app.jobs import cleanup
from app.pictures.picture import Picture
from app.settings import Settings
from app.storage import Part, Storage, archive_key
from app.worker import pages
from app.worker.processes import ProcessRegistry
from app.worker.selection import TRIES_PER_IMAGE, by_address
from app.worker.tasks import Tasks
from tests.samples import CONTENT_TYPES, FORMATS, add_image, picture
from tests.site import Reply, Site

Work = Callable[[], int]
Ask = Callable[..., Download]


@pytest.fixture
def ask(work: Work) -> Ask:
    """Ask for a page's images, have the work done, and return the download."""

    def do(url: str, **values: Any) -> Download:
        download = jobs.add_download(url=url, **{"limit": 50} | values)
        assert work() == 1
        return jobs.get(Download, download.id)

    return do


@pytest.fixture
def members(storage: Storage) -> Callable[[Download], dict[str, bytes]]:
    """Read an archive, in the order of its members."""

    def read(download: Download) -> dict[str, bytes]:
        with zipfile.ZipFile(storage.root / archive_key(download.id, download.attempts)) as archive:
            assert archive.testzip() is None
            assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
            return {name: archive.read(name) for name in archive.namelist()}

    return read


Members = Callable[[Download], dict[str, bytes]]


def show(site: Site, *sources: str) -> str:
    """Serve a page that shows some images; return its URL."""
    return site.page("/", "".join(f'<p><img src="{source}"></p>' for source in sources))


def reasons(download: Download) -> list[str | None]:
    return [image.error_code for image in jobs.pictures_of(download)]


def test_the_archive_holds_the_first_fifty_of_sixty_as_they_were_served(
    site: Site, ask: Ask, members: Members
) -> None:
    served = {}
    for number in range(60):
        name = FORMATS[number % len(FORMATS)]
        served[f"{number:03}.{name}"] = picture(name, number)
        site.file(f"/{number:03}.{name}", picture(name, number), CONTENT_TYPES[name])

    download = ask(show(site, *served))

    assert download.status == "finished"
    got = members(download)
    assert list(got.values()) == list(served.values())[:50]
    assert [name[:3] for name in got] == [f"{number:03}" for number in range(1, 51)]
    assert site.asked("/050.png") + site.asked(f"/050.{FORMATS[50 % len(FORMATS)]}") == 0


def test_one_broken_image_of_three_is_left_out_with_its_reason(
    site: Site, ask: Ask, members: Members
) -> None:
    site.file("/a.png", picture("png", 1))
    site.file("/b.png", b"<html>Not here</html>")
    site.file("/c.png", picture("png", 3))

    download = ask(show(site, "a.png", "b.png", "c.png"))

    assert download.status == "finished"
    assert list(members(download)) == ["001-a.png", "003-c.png"]
    assert reasons(download) == [None, "not-an-image", None]


def test_the_same_name_twice_is_two_members(site: Site, ask: Ask, members: Members) -> None:
    site.file("/a/photo.png", picture("png", 1))
    site.file("/b/Photo.png", picture("png", 2))

    download = ask(show(site, "a/photo.png", "b/Photo.png"))

    assert list(members(download)) == ["001-photo.png", "002-Photo.png"]


def test_the_place_of_a_broken_image_goes_to_the_next(
    site: Site, ask: Ask, members: Members
) -> None:
    for name in "bcd":
        site.file(f"/{name}.png", picture("png", ord(name)))

    download = ask(show(site, "a.png", "b.png", "c.png", "d.png"), limit=2)

    assert list(members(download)) == ["002-b.png", "003-c.png"]
    assert reasons(download) == ["origin-status", None, None, "cancelled"]
    assert jobs.pictures_of(download)[-1].error_detail == "not fetched: the limit of 2 is reached"
    assert site.asked("/d.png") == 0


def test_a_page_of_dead_links_is_not_tried_for_ever(site: Site, ask: Ask) -> None:
    page = show(site, *[f"{number}.png" for number in range(20)])

    download = ask(page, limit=2)

    assert (download.status, download.error_code) == ("failed", "none-worked")
    assert len(site.requests) == 1 + 2 * TRIES_PER_IMAGE
    assert download.found == 20


def test_what_is_skipped_is_reported_and_takes_no_place(
    site: Site, ask: Ask, members: Members
) -> None:
    site.file("/a.png", picture())
    inline = "data:image/gif;base64,R0lGODlhAQABAAAAACw="

    download = ask(show(site, inline, "a.png"), limit=1)

    assert list(members(download)) == ["001-a.png"]
    [skipped] = [image for image in jobs.pictures_of(download) if image.position is None]
    assert skipped.status == "cancelled"
    assert skipped.error_detail == "skipped: data: URI"


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"min_width": 30}, ["002-wide.png"]),
        ({"min_height": 30}, ["003-high.gif"]),
        ({"min_width": 20, "min_height": 20}, ["002-wide.png", "003-high.gif"]),
        ({"types": ["gif"]}, ["003-high.gif"]),
        ({"types": ["png"], "limit": 1}, ["001-small.png"]),
        ({"min_bytes": 80}, ["002-wide.png", "003-high.gif"]),
        ({"include": ["/WIDE", "h*g*f"]}, ["001-wide.png", "002-high.gif"]),
        ({"exclude": ["*.png"]}, ["001-high.gif"]),
        ({"include": ["png"], "exclude": ["small"]}, ["001-wide.png"]),
    ],
)
def test_the_filters_keep_what_was_asked_for(
    site: Site, ask: Ask, members: Members, filters: dict[str, Any], kept: list[str]
) -> None:
    site.file("/small.png", picture("png", 1, (10, 10)))
    site.file("/wide.png", picture("png", 2, (30, 20)))
    site.file("/high.gif", picture("gif", 3, (20, 30)))

    download = ask(show(site, "small.png", "wide.png", "high.gif"), **filters)

    assert list(members(download)) == kept


def test_of_a_picture_in_several_sizes_the_best_that_passes_is_taken(
    site: Site, ask: Ask, members: Members
) -> None:
    site.file("/small.png", picture("png", 1))
    page = site.page("/", '<img src="small.png" srcset="small.png 1x, large.png 2x">')

    assert list(members(ask(page, exclude=["large"]))) == ["001-small.png"]
    assert site.asked("/large.png") == 0


def test_addresses_that_are_left_out_take_no_place(site: Site, ask: Ask, members: Members) -> None:
    site.file("/z.png", picture())
    names = [f"{number}.gif" for number in range(20)]

    download = ask(show(site, *names, "z.png"), limit=1, include=["z.png"])

    assert list(members(download)) == ["001-z.png"]
    assert download.found == 1
    skipped = [row for row in jobs.pictures_of(download) if row.position is None]
    assert len(skipped) == TRIES_PER_IMAGE
    assert skipped[0].error_detail == "skipped: left out by include or exclude"


def test_a_page_without_an_address_that_passes_says_so(site: Site, ask: Ask) -> None:
    download = ask(show(site, "a.png"), include=["b.png"])

    assert download.error_code == "no-images"
    assert "include and exclude" in str(download.error_detail)


def test_no_pattern_takes_long() -> None:
    url = "https://example.com/" + "a" * 8_000
    download = Download(include=["a*" * 250 + "b"] * 50)
    started = time.monotonic()

    [found] = by_address([Picture((url,), "img")], download)

    assert found.skipped
    assert time.monotonic() - started < 1


def test_a_pattern_names_the_members_in_page_order(site: Site, ask: Ask, members: Members) -> None:
    for number, name in enumerate(["a/photo.png", "b/Photo.png", "c.png"]):
        site.file(f"/{name}", picture("png", number))
    html = (
        "<img src=a/photo.png><img src=none.png><img src=b/Photo.png alt=.png>"
        "<img src=c.png alt='At last.JPG'>"
    )

    named = ask(site.page("/", html), pattern="{name}", manifest=True)
    placed = ask(site.page("/", html), pattern="{site} {alt} {position}", at_once=2)

    got = members(named)
    assert list(got) == ["photo.png", "Photo-2.png", "c.png", "manifest.json"]
    files = [row["file"] for row in json.loads(got["manifest.json"])["images"]]
    assert files == ["photo.png", None, "Photo-2.png", "c.png"]
    assert list(members(placed))[1:] == ["127.0.0.1 Photo 003.png", "127.0.0.1 At-last 004.png"]


def test_what_the_filters_leave_out_is_told(site: Site, ask: Ask) -> None:
    site.file("/a.png", picture("png", 1, (10, 20)))

    download = ask(show(site, "a.png"), min_width=11)
    mixed = ask(show(site, "a.png", "missing.png", "skipped.gif"), min_width=11, exclude=[".gif"])

    assert download.error_code == "unwanted"
    assert mixed.error_code == "none-worked"
    assert str(download.error_detail).startswith("no picture passes the filter: lower min_width")
    assert mixed.error_detail == "none of 2 pictures could be fetched; 1 outside the filter"
    [image] = jobs.pictures_of(download)
    assert (image.error_code, image.error_detail) == ("unwanted", "too small: 10 × 20 pixels")


def test_the_next_size_is_taken_when_the_largest_is_gone(
    site: Site, ask: Ask, members: Members
) -> None:
    site.file("/small.png", picture("png", 1))
    page = site.page("/", '<img src="small.png" srcset="large.png 2000w, small.png 500w">')

    download = ask(page)

    assert members(download) == {"001-small.png": picture("png", 1)}
    assert jobs.pictures_of(download)[0].source_url == site.url("/small.png")
    assert site.asked("/large.png") == 1


def test_a_picture_is_listed_under_the_site_it_came_from(
    site: Site, ask: Ask, client: FlaskClient
) -> None:
    site.file("/small.png", picture("png", 1))
    elsewhere = site.url("/large.png").replace("127.0.0.1", "127.0.0.2")
    ask(site.page("/", f'<img src="small.png" srcset="{elsewhere} 2000w, small.png 500w">'))

    assert len(client.get("/images?site=127.0.0.1").json["images"]) == 1
    assert client.get("/images?site=127.0.0.2").json["images"] == []


def test_a_dry_run_reports_and_fetches_no_image(site: Site, ask: Ask) -> None:
    inline = "data:image/gif;base64,R0lGODlhAQABAAAAACw="

    download = ask(show(site, "a.png", inline, "b.png", "c.png"), limit=2, dry_run=True)

    assert download.status == "finished"
    assert [(image.position, image.error_detail) for image in jobs.pictures_of(download)] == [
        (1, "not fetched: a dry run"),
        (None, "skipped: data: URI"),
        (2, "not fetched: a dry run"),
    ]
    assert all(image.finished_at for image in jobs.pictures_of(download))
    assert download.found == 3
    assert len(site.requests) == 1


def test_listed_images_are_taken_instead_of_the_page(
    site: Site, ask: Ask, members: Members
) -> None:
    site.file("/a.png", picture("png", 1))
    site.file("/deep/b.png", picture("png", 2))
    page = site.url("/deep/page")

    listed = ["/a.png", "b.png", "http://[x]", "javascript:alert(1)", "/a.png"]
    download = ask(page, image_urls=listed)

    assert list(members(download)) == ["001-a.png", "002-b.png"]
    assert [image.error_detail for image in jobs.pictures_of(download)[2:]] == [
        "skipped: malformed URL",
        "skipped: not http",
        "skipped: same picture again",
    ]
    assert site.asked("/deep/page") == 0
    assert site.requests[0].headers["Referer"] == page


@pytest.mark.parametrize(
    ("sources", "taken"),
    [
        (None, ["001-seen.png"]),
        (["seen"], ["001-seen.png"]),
        (["meta"], ["001-meta.png"]),
        (["icons", "links", "seen"], ["001-seen.png", "002-link.png", "003-icon.png"]),
    ],
)
def test_the_sources_choose_where_to_look(
    site: Site, ask: Ask, members: Members, sources: list[str] | None, taken: list[str]
) -> None:
    for number, name in enumerate(["seen", "meta", "link", "icon"]):
        site.file(f"/{name}.png", picture("png", number))
    page = site.page(
        "/",
        "<meta property=og:image content=meta.png><link rel=icon href=icon.png>"
        "<a href=link.png>Large</a><img src=seen.png>",
    )

    assert list(members(ask(page, sources=sources))) == taken


def test_a_page_with_text_that_is_none_is_read_all_the_same(site: Site, ask: Ask) -> None:
    site.file("/a.png", picture())
    page = site.page(
        "/",
        "<script type=application/ld+json>"
        r'{"image": ["//x\ud800\u0000/\u0000", "data:\ud800\u0000", "a.png"]}'
        r"""</script><style>p { background: url("http://\d800 \0 [") }</style><p>p</p>""",
    )

    download = ask(page, sources=["meta", "seen"], manifest=True)

    assert download.status == "finished"
    details = {image.source_url for image in jobs.pictures_of(download)}
    assert "data:\ufffd\ufffd" in details
    assert not re.search("[\0\ud800-\udfff]", "".join(details))


def test_the_manifest_comes_last_and_tells_the_same_as_the_status(
    site: Site, ask: Ask, members: Members
) -> None:
    site.file("/a.png", picture())

    download = ask(show(site, "a.png", "gone.png"), manifest=True)

    *_, (name, content) = members(download).items()
    told = json.loads(content)
    assert name == "manifest.json"
    assert told["url"] == download.url
    assert [image["file"] for image in told["images"]] == ["001-a.png", None]
    assert "404" in told["images"][1]["error"]["detail"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(b"gone", status=404), "origin-status"),
        (Reply(b"%PDF-1.7", "application/pdf"), "not-html"),
        (Reply(b"<p>Nothing to see"), "no-images"),
        (Reply(b'<img src="data:,x">'), "no-images"),
        (Reply(b""), "not-html"),
    ],
)
def test_a_page_that_gives_nothing_fails_with_the_reason(
    site: Site, ask: Ask, reply: Reply, code: str
) -> None:
    site.replies["/"] = reply

    download = ask(site.url("/"))

    assert (download.status, download.error_code) == ("failed", code)


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_image_given_as_a_page_is_that_one_picture(
    site: Site, ask: Ask, members: Members, dry_run: bool
) -> None:
    download = ask(site.file("/a.png", picture()), dry_run=dry_run)

    [image] = jobs.pictures_of(download)
    assert (download.status, download.found) == ("finished", 1)
    assert (image.source_url, image.found_in) == (site.url("/a.png"), "url")
    if not dry_run:
        assert members(download) == {"001-a.png": picture()}


def test_an_origin_that_is_not_there_fails_the_job(site: Site, ask: Ask) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        download = ask(f"http://127.0.0.1:{unheard.getsockname()[1]}/")

    assert (download.status, download.error_code) == ("failed", "unreachable")


def test_images_are_asked_for_on_behalf_of_the_page(site: Site, ask: Ask) -> None:
    site.file("/a.png", picture())
    page = show(site, "a.png")

    ask(page)

    assert site.requests[1].headers["Referer"] == page
    assert site.requests[1].headers["User-Agent"].startswith("image-downloader/")
    assert "Cookie" not in site.requests[1].headers


def test_an_image_is_asked_for_as_its_element_says(site: Site, ask: Ask) -> None:
    for name in "/a.png", "/b.png":
        site.file(name, picture())
    ask(site.page("/page", "<img src=a.png referrerpolicy=no-referrer><img src=b.png>"))
    assert ["Referer" in request.headers for request in site.requests[1:]] == [False, True]


def test_a_download_goes_on_where_it_was_handed_back(
    site: Site, storage: Storage, processes: ProcessRegistry, settings: Settings, members: Members
) -> None:
    for name in "abc":
        site.file(f"/{name}.png", picture("png", ord(name)))
    jobs.add_download(url=show(site, "a.png", "b.png", "c.png"), limit=5)
    # The answer for b.png comes only when the process has stopped waiting for it.
    stopped = threading.Event()
    site.replies["/b.png"] = lambda: Reply(picture("png", 98) if stopped.wait(30) else b"late")
    stopping = Tasks(settings, storage, processes, stopping=lambda: site.asked("/b.png") > 0)

    stopping.turn(JOB_KINDS)
    stopped.set()
    [download] = Download.select()
    assert (download.status, download.claimed_by) == ("queued", None)
    assert [image.status for image in jobs.pictures_of(download)] == [
        "finished",
        "queued",
        "queued",
    ]

    Tasks(settings, storage, processes, stopping=lambda: False).turn(JOB_KINDS)
    [download] = Download.select()
    assert (download.status, download.attempts) == ("finished", 2)
    assert list(members(download)) == ["001-a.png", "002-b.png", "003-c.png"]
    assert (site.asked("/"), site.asked("/a.png")) == (1, 1)


def test_a_download_that_goes_on_asks_as_its_page_said(
    site: Site, storage: Storage, processes: ProcessRegistry, settings: Settings
) -> None:
    for name in "/a.png", "/b.png", "/c.png":
        site.file(name, picture())
    html = "<meta name=referrer content=no-referrer><img src=a.png><img src=b.png>"
    page = site.page("/new", f"{html}<img src=c.png referrerpolicy=unsafe-url>")
    site.replies["/old"] = Reply(status=302, headers={"Location": "/new"})
    jobs.add_download(url=site.url("/old"), limit=5)
    Tasks(settings, storage, processes, lambda: site.asked("/a.png") > 0).turn(JOB_KINDS)

    Tasks(settings, storage, processes, stopping=lambda: False).turn(JOB_KINDS)
    [download] = Download.select()
    assert (download.status, download.attempts) == ("finished", 2)
    assert site.asked("/new") == 1
    sent = {request.path: request.headers.get("Referer") for request in site.requests}
    assert (sent["/b.png"], sent["/c.png"]) == (None, page)


def test_a_process_that_others_may_take_for_dead_claims_nothing(
    tasks: Tasks, processes: ProcessRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = add_image("https://a.example/a.png")
    monkeypatch.setattr(processes, "is_known", lambda: False)

    assert not tasks.turn(tasks.kinds)
    assert jobs.get(Image, image.id).attempts == 0


def test_pictures_that_somebody_removed_are_left_out_and_told_as_gone(
    site: Site,
    storage: Storage,
    processes: ProcessRegistry,
    settings: Settings,
    work: Work,
    client: FlaskClient,
    members: Members,
) -> None:
    for name in "ab":
        site.file(f"/{name}.png", picture("png", ord(name)))
    added = jobs.add_download(url=show(site, "a.png", "b.png"), limit=5)
    stopped = threading.Event()
    site.replies["/b.png"] = lambda: Reply(picture("png", 98) if stopped.wait(30) else b"late")
    Tasks(settings, storage, processes, stopping=lambda: site.asked("/b.png") > 0).turn(JOB_KINDS)
    stopped.set()
    [(key, first, _)] = storage.walk("images", "archives")
    storage.remove(key)

    assert work() == 1

    assert list(members(jobs.get(Download, added.id))) == ["002-b.png"]
    answer = client.get(f"/images/{first}/content")
    assert (answer.status_code, answer.json["type"]) == (410, "/problems/gone")


def test_a_full_disk_fails_the_job_with_that_reason(
    site: Site, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.file("/a.png", picture())

    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.storage.local.os.fsync", no_room)
    download = ask(show(site, "a.png"))

    assert (download.status, download.error_code) == ("failed", "storage-full")


def test_jobs_wait_for_the_server_of_the_storage_and_do_not_ask_their_origins_again(
    site: Site, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(parts: Iterable[Part] = ()) -> None:
        tasks.storage.discard(parts)
        raise StorageUnreachable("it does not answer")

    page = show(site, site.file("/a.png", picture()))
    download_id = jobs.add_download(url=page, limit=50).id
    with monkeypatch.context() as patch:
        patch.setattr(tasks.storage, "store", refuse)
        patch.setattr(tasks.storage, "probe", refuse)
        assert tasks.turn(JOB_KINDS)
        tasks.try_storage()
        assert not tasks.turn(JOB_KINDS)
    waiting = jobs.get(Download, download_id)
    assert (waiting.status, waiting.crashes) == ("queued", 0)
    assert [image.status for image in jobs.pictures_of(waiting)] == ["queued"]

    tasks.try_storage()
    assert tasks.turn(JOB_KINDS)
    assert jobs.get(Download, download_id).status == "finished"
    assert (site.asked("/"), site.asked("/a.png")) == (1, 2)


def test_a_fault_of_ours_fails_the_job_and_is_logged(
    site: Site, ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(pages, "find_pictures", broken)
    download = ask(show(site, "a.png"))

    assert download.error_code == "unexpected"
    assert "secret" not in (download.error_detail or "")
    assert "ZeroDivisionError" in caplog.text


def test_a_cancelled_job_is_left_alone(
    site: Site, work: Work, monkeypatch: pytest.MonkeyPatch, storage: Storage
) -> None:
    image = add_image(site.file("/a.png", picture()))

    def lose(*args: Any) -> None:
        Image.update(status="cancelled").execute()

    site.replies["/a.png"] = lambda: (lose(), Reply(picture(), "image/png"))[1]
    work()

    assert jobs.get(Image, image.id).status == "cancelled"


def test_a_picture_removed_while_the_download_runs_is_left_out(
    site: Site, ask: Ask, members: Members, storage: Storage
) -> None:
    def removing() -> Reply:
        cleanup.remove(Image.get(Image.position == 1), storage)
        return Reply(picture("png", 2), "image/png")

    site.file("/a.png", picture("png", 1))
    site.replies["/b.png"] = removing

    download = ask(show(site, "a.png", "b.png"))

    assert download.status == "finished"
    assert list(members(download)) == ["002-b.png"]


def test_a_picture_withdrawn_while_it_is_fetched_is_left_out(
    site: Site, ask: Ask, members: Members, storage: Storage
) -> None:
    def removing() -> Reply:
        cleanup.remove(Image.get(Image.position == 1), storage)
        return Reply(picture("png", 1), "image/png")

    site.replies["/a.png"] = removing
    site.file("/b.png", picture("png", 2))

    download = ask(show(site, "a.png", "b.png"))

    assert list(members(download)) == ["002-b.png"]
    assert len(list(storage.walk("images", "archives"))) == 2


def test_a_download_deleted_while_it_runs_leaves_nothing(
    site: Site, work: Work, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    def removing() -> Reply:
        cleanup.remove(Download.get(), storage)
        return Reply(picture("png", 2), "image/png")

    site.file("/a.png", picture("png", 1))
    site.replies["/b.png"] = removing
    jobs.add_download(url=show(site, "a.png", "b.png"), limit=5)
    work()

    assert Download.get().status == "cancelled"
    assert list(storage.walk("images", "archives")) == []
    assert "job broke" not in caplog.text


def test_few_of_many_sizes_are_tried(site: Site, ask: Ask) -> None:
    sizes = ", ".join(f"{width}.png {width}w" for width in range(1000, 0, -100))
    page = site.page("/", f'<img src="plain.png" srcset="{sizes}">')

    download = ask(page)

    assert download.error_code == "none-worked"
    asked = [request.path for request in site.requests[1:]]
    assert asked == ["/1000.png", "/900.png", "/800.png", "/700.png", "/plain.png"]


def test_a_picture_of_one_pixel_takes_no_place(site: Site, ask: Ask, members: Members) -> None:
    site.file("/count.png", picture("png", 1, (1, 1)))
    site.file("/line.png", picture("png", 2, (1, 2)))
    site.file("/b.png", picture("png", 3))
    page = site.page("/", "<img src=count.png><img src=line.png><img src=b.png><img src=c.png>")

    download = ask(page, limit=2)

    assert list(members(download)) == ["002-line.png", "003-b.png"]
    assert jobs.pictures_of(download)[0].error_code == "skipped"


def test_one_pixel_before_the_picture_is_passed_over(site: Site, ask: Ask) -> None:
    site.file("/count.png", picture("png", 1, (1, 1)))
    site.file("/a.png", picture("png", 2))

    download = ask(site.page("/", "<img src=a.png srcset='count.png 2x'>"))

    assert [image.source_url for image in jobs.pictures_of(download)] == [site.url("/a.png")]


def test_a_job_is_one_line_in_the_log(
    site: Site, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    image = add_image(site.url("/gone.png"))
    work()

    [record] = [one for one in caplog.records if one.name == "app.worker.tasks"]
    told = vars(record)
    assert record.getMessage() == "job failed"
    assert (told["kind"], told["id"], told["attempt"]) == ("image", str(image.id), 1)
    assert told["error"] == "origin-status"


def test_a_large_image_is_never_whole_in_memory(
    site: Site, work: Work, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = picture() + bytes(5_000_000)
    image = add_image(site.file("/a.png", body))
    written: list[int] = []
    new_part = storage.new_part

    class Counting:
        def __init__(self, file: BinaryIO) -> None:
            self.file = file

        def write(self, data: bytes) -> int:
            written.append(len(data))
            return self.file.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    @contextmanager
    def counting(key: str) -> Any:
        with new_part(key) as part:
            yield part._replace(file=Counting(part.file))

    monkeypatch.setattr(storage, "new_part", counting)
    work()

    assert jobs.get(Image, image.id).bytes == len(body) == sum(written)
    assert max(written) <= 1 << 20
