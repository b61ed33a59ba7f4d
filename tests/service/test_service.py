"""The main job over real sockets, and what survives a kill."""

import io
import signal
import threading
import zipfile
from pathlib import Path

import pytest

from tests.pictures import CONTENT_TYPES, FORMATS, picture
from tests.service.conftest import ROOT, SECONDS, Service
from tests.site import Reply, Site

SAVED = ROOT.parent / "shared" / "discovery" / "pages"


def test_a_page_becomes_a_zip_of_what_was_served(service: Service, site: Site) -> None:
    served = []
    for number in range(60):
        name = FORMATS[number % len(FORMATS)]
        served.append(picture(name, number))
        site.file(f"/{number}.{name}", served[-1], CONTENT_TYPES[name])
    page = site.page(
        "/", "".join(f'<img src="{n}.{FORMATS[n % len(FORMATS)]}">' for n in range(60))
    )
    service.start()

    answer = service.end_of(service.post("/download", url=page)["download_url"])

    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert [archive.read(info) for info in archive.infolist()] == served[:50]


def test_an_image_becomes_a_stored_copy(service: Service, site: Site) -> None:
    url = site.file("/a.webp", picture("webp"), "image/webp")
    service.start()
    added = service.post("/images", url=url)

    answer = service.end_of(f"/images/{added['id']}/content")

    assert (answer.status_code, answer.content) == (200, picture("webp"))
    assert service.get("/images").json()["images"][0]["status"] == "finished"


def test_real_pages_come_to_an_end_with_an_answer(service: Service, site: Site) -> None:
    if not SAVED.is_dir():
        pytest.skip("the saved pages of real sites are not beside this checkout")
    pages = sorted(SAVED.glob("*.html"))
    for path in pages:
        site.file(f"/{path.name}", path.read_bytes(), "text/html")
    service.environment["RES_OPTIONS"] = "timeout:1"  # where no name server answers
    service.start()
    added = [service.post("/download", url=site.url(f"/{p.name}"), limit=2) for p in pages]

    for one in added:
        answer = service.end_of(one["download_url"])
        told = service.get(one["status_url"]).json()
        # Their images are out of reach here: each has to say so, and none may hang.
        assert answer.status_code in (200, 502), answer.text
        assert told["progress"]["found"] > 0
        assert told["images"]
        tried = [image for image in told["images"] if image["position"]]
        assert all(image["status"] == "finished" or image["error"] for image in tried)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_queued_and_running_jobs_survive_a_restart(
    service: Service, site: Site, number: signal.Signals
) -> None:
    waiting, release = threading.Semaphore(0), threading.Event()

    def slow() -> Reply:
        waiting.release()
        assert release.wait(SECONDS)
        return Reply(picture("png", 1), "image/png")

    site.file("/first.png", picture("png", 0))
    site.replies["/slow.png"] = slow
    page = site.page("/", '<img src="first.png"><img src="slow.png">')
    service.environment["DOWNLOADER_JOB_THREADS"] = "1"
    service.start()
    running = service.post("/download", url=page)
    assert waiting.acquire(timeout=SECONDS)
    queued = service.post("/images", url=site.url("/first.png"))
    assert service.get(running["status_url"]).json()["status"] == "running"
    assert service.get(f"/images/{queued['id']}").json()["status"] == "queued"

    service.signal(number)
    release.set()
    service.start()

    with zipfile.ZipFile(io.BytesIO(service.end_of(running["download_url"]).content)) as archive:
        assert archive.namelist() == ["001-first.png", "002-slow.png"]
    assert service.end_of(f"/images/{queued['id']}/content").content == picture("png", 0)
    told = service.get(running["status_url"]).json()
    assert told["attempts"] == 2
    assert site.asked("/first.png") == 2  # once for each job, none twice


def test_several_workers_start_at_once_on_a_new_storage(service: Service, site: Site) -> None:
    url = site.file("/a.png", picture())
    service.start("--workers", "4")

    added = [service.post("/images", url=url) for _ in range(30)]

    for one in added:
        assert service.end_of(f"/images/{one['id']}/content").content == picture()
    assert site.asked("/a.png") == 30
    assert {line["level"] for line in service.lines()} == {"INFO"}


def test_every_line_of_the_log_is_json(service: Service, site: Site) -> None:
    service.start()
    service.end_of(service.post("/download", url=site.url("/"))["download_url"])
    service.stop()

    assert {"request", "job failed"} <= {line["message"] for line in service.lines()}


def test_a_setting_that_is_wrong_stops_the_start(tmp_path: Path) -> None:
    service = Service(tmp_path, DOWNLOADER_JOB_THREADS="many")

    with pytest.raises(AssertionError, match="DOWNLOADER_JOB_THREADS"):
        service.start()
    assert service.process
    assert service.process.returncode not in (0, None)
    assert "Traceback" not in service.log.read_text()
