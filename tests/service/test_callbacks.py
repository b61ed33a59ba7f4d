"""Receivers are told of every end, whatever dies in between."""

import base64
from pathlib import Path

import pytest

from tests.samples import picture
from tests.service.conftest import Service
from tests.service.test_crashes import FAULTS
from tests.site import Reply, Site
from tests.worker.test_webhooks import event, is_genuine

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
PATH = "/hook?key=known-to-few"


@pytest.fixture
def hook(service: Service, site: Site) -> str:
    service.environment["DOWNLOADER_WEBHOOK_SECRET"] = SECRET
    site.replies[PATH] = Reply(status=204)
    return site.url(PATH)


@pytest.mark.parametrize(
    ("step", "times"),
    [
        ("after the end, before anybody is told", 1),
        ("before the receiver is told", 1),
        ("after the receiver is told", 2),
    ],
)
def test_a_worker_that_dies_keeps_no_end_to_itself(
    service: Service, site: Site, hook: str, tmp_path: Path, step: str, times: int
) -> None:
    fault = tmp_path / "fault"
    fault.write_text(step)
    service.environment["FAULT"] = str(fault)
    service.start("-c", FAULTS, "--workers", "2")
    service.post("/images", url=site.file("/a.png", picture()), callback_url=hook)

    service.wait(lambda: site.asked(PATH) == times)
    assert not fault.exists()
    requests = [request for request in site.requests if request.path == PATH]
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    assert all(is_genuine(request, KEY) for request in requests)
    assert {event(request)["type"] for request in requests} == {"image.finished"}


def test_the_log_tells_neither_secrets_nor_whom_it_told(
    service: Service, site: Site, hook: str
) -> None:
    service.start()
    for kind, url in ("/images", site.url("/a.png")), ("/download", site.url("/")):
        service.post(kind, url=url, callback_url=hook)
    service.post("/images", url=site.url("/a.png"), callback_url=site.url("/no?key=known-to-few"))

    def told() -> bool:
        lines = [line for line in service.lines() if line.get("kind") == "delivery"]
        return [line["message"] for line in lines].count("job finished") == 2 and len(lines) >= 3

    service.wait(told)
    log = service.log.read_text()
    assert "known-to-few" not in log
    assert SECRET.removeprefix("whsec_") not in log
