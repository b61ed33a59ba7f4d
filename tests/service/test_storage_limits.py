"""The real service where a file may not grow, where the disk is full, and where none may write."""

import resource
import threading

import pytest

from tests.disk import SmallDisk
from tests.samples import picture
from tests.service.conftest import SECONDS, Service
from tests.site import Reply, Site


def test_a_file_that_may_not_grow_fails_its_image_alone(service: Service, site: Site) -> None:
    site.file("/large.png", picture() + bytes(2 << 20))
    site.file("/small.png", picture())
    service.start()
    [worker] = service.workers()
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))

    large, small = (
        service.post("/images", url=site.url(path))["id"] for path in ("/large.png", "/small.png")
    )
    answer = service.end_of(f"/images/{large}/content")
    assert (answer.status_code, answer.json()["type"]) == (507, "/problems/storage-full")
    assert service.end_of(f"/images/{small}/content").content == picture()

    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, unlimited)
    again = service.post(f"/images/{large}/retry")["id"]
    assert service.end_of(f"/images/{again}/content").status_code == 200
    assert service.workers() == [worker]


def test_a_disk_that_fills_up_under_a_job_only_delays_it(
    service: Service, site: Site, small_disk: SmallDisk
) -> None:
    asked, release = threading.Event(), threading.Event()

    def slow() -> Reply:
        asked.set()
        assert release.wait(SECONDS)
        return Reply(picture(), "image/png")

    site.replies["/a.png"] = slow
    service.environment["DOWNLOADER_STORAGE_DIR"] = str(small_disk.path / "storage")
    service.environment["DOWNLOADER_MIN_FREE_BYTES"] = "0"
    service.start()
    added = service.post("/download", url=site.page("/", "<img src=a.png>"))
    assert asked.wait(SECONDS)
    small_disk.fill()
    release.set()
    service.wait(lambda: "seat held up" in service.log.read_text())

    answer = service.ask("POST", "/images", json={"url": site.url("/a.png")})
    assert (answer.status_code, answer.json()["type"]) == (507, "/problems/storage-full")
    assert service.get(added["status_url"]).json()["status"] == "running"

    small_disk.free()
    assert service.end_of(added["download_url"]).status_code == 200
    assert service.get(added["status_url"]).json()["attempts"] == 2


def test_a_storage_that_nobody_may_write_is_refused_at_the_start(
    service: Service, small_disk: SmallDisk
) -> None:
    service.environment["DOWNLOADER_STORAGE_DIR"] = str(small_disk.path / "storage")
    assert small_disk.mount("remount,ro")

    with pytest.raises(AssertionError, match="storage cannot be written: Read-only file system"):
        service.start()
    assert service.process
    assert service.process.returncode == 1
    assert "Booting worker" not in service.log.read_text()
