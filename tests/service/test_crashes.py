"""kill -9, SIGTERM and SIGHUP: nothing accepted is lost, nothing is done twice visibly.

`make crash` does the random part longer: CRASHES is how many kills, SEED makes them the same.
"""

import io
import os
import random
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from app.database.models import UNFINISHED
from tests.samples import picture
from tests.service.conftest import SECONDS, Service, serving
from tests.site import Reply, Site

CRASHES = int(os.environ.get("CRASHES", "4"))
SEED = int(os.environ.get("SEED", "20261120"))
FAULTS = str(Path(__file__).with_name("faults.conf.py"))
PICTURES = 5

STEPS = [
    "after the claim",
    "after the page",
    "between two images",
    "before the image has its name",
    "between two names of a group",
    "between the names and the rows of a group",
    "after the rows of a group",
    "before the row of the image",
    "after the temporary archive",
    "after the rename",
    "before the last update",
    "after the last update",
]


class Crowd:
    """What was asked of the service, and the proof that it got done."""

    def __init__(self, service: Service, site: Site) -> None:
        self.service, self.site = service, site
        self.downloads: list[dict[str, Any]] = []
        self.images: list[tuple[dict[str, Any], bytes]] = []
        for number in range(PICTURES):
            site.file(f"/{number}.png", picture("png", number))
        self.page = site.page("/", "".join(f"<img src={n}.png>" for n in range(PICTURES)))

    def ask(self, downloads: int, images: int) -> None:
        for _ in range(downloads):
            self.downloads.append(self.service.post("/download", url=self.page))
        for number in range(images):
            url = self.site.url(f"/{number % PICTURES}.png")
            added = self.service.post("/images", url=url)
            self.images.append((added, picture("png", number % PICTURES)))

    def check(self) -> None:
        """Every id that got 202 is finished, with the right bytes, once, and nothing is left."""
        for told in self.downloads:
            answer = self.service.end_of(told["download_url"])
            assert answer.status_code == 200, answer.text
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                assert archive.testzip() is None
                got = {info.filename: archive.read(info) for info in archive.infolist()}
            assert got == {f"{n + 1:03}-{n}.png": picture("png", n) for n in range(PICTURES)}
            images = self.service.get(told["status_url"]).json()["images"]
            assert [image["status"] for image in images] == ["finished"] * PICTURES
        for told, served in self.images:
            assert self.service.end_of(f"/images/{told['id']}/content").content == served
        self.check_files()

    def check_files(self) -> None:
        storage = Path(self.service.environment["DOWNLOADER_STORAGE_DIR"])

        def ended() -> bool:
            rows = self.service.rows("downloads") + self.service.rows("images")
            return not any(row["status"] in UNFINISHED for row in rows)

        def tidy() -> bool:  # the dead are buried within a second
            return not list(storage.glob("parts/*/*"))

        # A POST whose worker died before it could answer may have been accepted all the same.
        self.service.wait(ended)
        self.service.wait(tidy)
        downloads, images = self.service.rows("downloads"), self.service.rows("images")
        for kind, rows in ("archives", downloads), ("images", images):
            finished = [row for row in rows if row["status"] == "finished"]
            assert len(list(storage.glob(f"{kind}/*/*"))) == len(finished)


@pytest.fixture
def crowd(service: Service, site: Site) -> Crowd:
    return Crowd(service, site)


CASES = [*product(STEPS, [1]), *((step, 3) for step in STEPS if "group" in step)]


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Service]]:
    """Services for many deaths, each of one of their workers: one for so many images at once."""
    with ExitStack() as running:

        @cache
        def start(at_once: int) -> Service:
            folder = tmp_path_factory.mktemp("frail")
            variables = {"FAULT": str(folder / "fault"), "DOWNLOADER_IMAGES_AT_ONCE": str(at_once)}
            return running.enter_context(
                serving(folder, "-c", FAULTS, "--workers", "3", **variables)
            )

        yield start


@pytest.mark.parametrize(("step", "at_once"), CASES)
def test_a_worker_that_dies_at_a_step_loses_nothing(
    frail: Callable[[int], Service], site: Site, step: str, at_once: int
) -> None:
    service = frail(at_once)
    service.wait(lambda: len(service.workers()) == 3)
    crowd = Crowd(service, site)
    fault = Path(service.environment["FAULT"])
    fault.write_text(step)

    crowd.ask(downloads=2, images=2)

    crowd.check()
    assert not fault.exists()


@pytest.mark.parametrize("step", ["during recovery", "before the parts of the dead go"])
def test_a_worker_that_dies_while_it_recovers_loses_nothing(
    service: Service, crowd: Crowd, tmp_path: Path, step: str
) -> None:
    fault = tmp_path / "fault"
    fault.write_text(step)
    service.environment["FAULT"] = str(fault)
    started = threading.Event()
    release = threading.Event()

    def slow() -> Reply:
        started.set()
        assert release.wait(SECONDS)
        return Reply(picture("png", 1), "image/png")

    crowd.site.replies["/1.png"] = slow
    service.start()
    crowd.ask(downloads=2, images=2)
    assert started.wait(SECONDS)
    service.signal(signal.SIGKILL)
    release.set()

    service.start("-c", FAULTS, "--workers", "3")

    crowd.check()
    assert not fault.exists()


def test_the_whole_service_killed_at_random_moments_loses_nothing(
    service: Service, crowd: Crowd
) -> None:
    moments = random.Random(SEED)
    service.environment |= {"DOWNLOADER_JOB_ATTEMPTS": "1000", "DOWNLOADER_IMAGES_AT_ONCE": "3"}
    for _ in range(CRASHES):
        service.start("--workers", "3")
        crowd.ask(downloads=3, images=3)
        threading.Event().wait(moments.uniform(0, 0.5))
        service.signal(signal.SIGKILL)
    service.start("--workers", "3")

    crowd.check()


def test_one_worker_of_three_killed_loses_nothing(service: Service, crowd: Crowd) -> None:
    service.start("--workers", "3")
    crowd.ask(downloads=4, images=4)
    os.kill(service.workers()[0], signal.SIGKILL)

    crowd.check()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_deploy_cuts_a_dripping_origin_and_hands_the_job_back(
    service: Service, crowd: Crowd, number: signal.Signals
) -> None:
    held: list[threading.Event] = []
    asked = threading.Semaphore(0)

    def silent() -> Reply:
        release = threading.Event()
        held.append(release)
        asked.release()
        if len(held) == 1:
            assert release.wait(SECONDS)
        return Reply(picture("png", 2), "image/png")

    crowd.site.replies["/2.png"] = silent
    service.start()
    crowd.ask(downloads=1, images=0)
    assert asked.acquire(timeout=SECONDS)

    if number == signal.SIGTERM:
        assert service.process
        service.process.terminate()
        assert service.process.wait(15) == 0
        service.start()
    else:
        os.kill(service.process.pid if service.process else 0, number)
        assert asked.acquire(timeout=SECONDS)
    held[0].set()

    crowd.check()
    told = service.get(crowd.downloads[0]["status_url"]).json()
    assert told["attempts"] == 2
    assert crowd.site.asked("/1.png") == 1


def test_a_delete_cuts_a_running_job(service: Service, crowd: Crowd) -> None:
    asked, release = threading.Event(), threading.Event()

    def silent() -> Reply:
        asked.set()
        assert release.wait(SECONDS)
        return Reply(picture("png", 2), "image/png")

    crowd.site.replies["/2.png"] = silent
    service.environment["DOWNLOADER_JOB_THREADS"] = "1"
    service.start()
    crowd.ask(downloads=1, images=0)
    [told] = crowd.downloads
    assert asked.wait(SECONDS)

    service.delete(told["download_url"])
    assert service.get(told["download_url"]).status_code == 410
    crowd.downloads.clear()
    crowd.ask(downloads=0, images=1)  # the one seat is free again although the origin is silent

    crowd.check()
    release.set()
