"""Pages that would take all time, memory, or the machine: all end, and nothing of them stays."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.fetch.proxy import BUDGET
from tests.render.conftest import BrowserService, serving
from tests.site import Reply, Site

DEADLINE = 6.0  # seconds
MEMORY = 400 << 20
SLACK = 3.0

HOSTILE = {
    "loop": "<script>for (;;) {}</script>",
    "loop-later": "<script>setTimeout(() => { for (;;) {} }, 1500)</script>",
    "alerts": "<script>for (;;) alert('x')</script>",
    "beforeunload": "<script>onbeforeunload = e => { e.preventDefault(); return 'x' };"
    "for (let i = 0; i < 1e6; i++) location.href = '/x' + i</script>",
    "reload": "<script>setTimeout(() => location.reload(), 100)</script>",
    "elsewhere": "<script>setTimeout(() => location.href = 'about:blank', 100)</script>",
    "requests": "<script>setInterval(() => { for (let i = 0; i < 50; i++)"
    " fetch('/x?' + Math.random()) })</script>",
    "memory": "<script>const all = []; setInterval(() => {"
    " all.push(new Uint8Array(5e7).fill(1)) }, 30)</script>",
    "shared-memory": "<script>const all = []; setInterval(() => {"
    " all.push(new Blob([new Uint8Array(5e7).fill(1)])) }, 30)</script>",
    "stream": "<script>fetch('/stream').then(async r => { const b = r.body.getReader();"
    " for (;;) await b.read() })</script>",
    "drip": "",
    "windows": "<script>setInterval(() => { for (let i = 0; i < 20; i++) open('/x') })</script>",
    "workers": "<script>const u = URL.createObjectURL(new Blob(['for (;;) {}']));"
    "for (let i = 0; i < 200; i++) new Worker(u)</script>",
    "elements": "<script>document.body.innerHTML = '<p style=background:url(x)>x'.repeat(4e5)"
    "</script>",
    "frames": "<script>if (location.hash.length < 50) for (let i = 0; i < 5; i++) {"
    " const f = document.createElement('iframe'); f.src = '/frames' + location.hash + 'x#' +"
    " 'x'.repeat(location.hash.length + 1); document.body.append(f) }</script>",
}


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[BrowserService]:
    bounds = {"BROWSERS_AT_ONCE": "3", "RENDER_MEMORY": str(MEMORY)}
    variables = {f"DOWNLOADER_{name}": value for name, value in bounds.items()}
    with serving(folder, DEADLINE, **variables) as service:
        yield service


class Sessions:
    """The browsers of a service: each has a session, led by the one that names its profile."""

    def __init__(self, service: BrowserService) -> None:
        self._mark = f"--user-data-dir={service.scratch}".encode()
        self._sessions: set[int] = set()
        self.seconds: dict[int, float] = {}  # from the first sight of each to the last
        self._began: dict[int, float] = {}

    def memory(self) -> dict[int, int]:
        """Return the private memory of each session that has processes, in bytes."""
        found: dict[int, int] = {}
        for process in Path("/proc").iterdir():
            with suppress(OSError, ValueError, IndexError):
                pid = int(process.name)
                stat = (process / "stat").read_text().rpartition(")")[2].split()
                session = int(stat[3])
                if stat[0] in "ZX":
                    continue
                if self._mark in (process / "cmdline").read_bytes():
                    self._sessions.add(session)
                if session in self._sessions or pid in self._sessions:
                    status = (process / "status").read_text()
                    size = int(status.partition("RssAnon:")[2].split()[0]) << 10
                    found[session] = found.get(session, 0) + size
        for session in found:
            began = self._began.setdefault(session, time.monotonic())
            self.seconds[session] = time.monotonic() - began
        return found


def profiles(service: BrowserService) -> list[str]:
    return [path.name for path in service.scratch.glob("image-downloader-browser-*")]


class Watcher(threading.Thread):
    """Asks the service for its health all the time, and watches its browsers."""

    def __init__(self, service: BrowserService) -> None:
        super().__init__(daemon=True)
        self.service = service
        self.sessions = Sessions(service)
        self.ended = threading.Event()
        self.delays: list[float] = []
        self.most = 0

    def run(self) -> None:
        while not self.ended.wait(0.05):
            began = time.monotonic()
            assert self.service.get("/healthz").ok
            self.delays.append(time.monotonic() - began)
            self.most = max(self.most, *self.sessions.memory().values(), 0)


@pytest.fixture(scope="module")
def ended(service: BrowserService, pages: Site) -> dict[str, Any]:
    """Open all of them, three at once; return what became of each, and of the service meanwhile."""
    stop = threading.Event()

    def drip() -> Reply:
        stop.wait(40)
        return Reply(b"late")

    pages.replies["/drip.css"] = drip
    mebibyte = b"x" * (1 << 20)
    pages.replies["/stream"] = Reply(mebibyte, "application/octet-stream", times=2048)
    asked = {}
    watcher = Watcher(service)
    watcher.start()
    for name, html in HOSTILE.items():
        drop = "<link rel=stylesheet href=/drip.css>" if name == "drip" else ""
        url = pages.page(f"/{name}", f"<!DOCTYPE html><body><img src=a.png>{drop}{html}")
        asked[name] = service.post("/download", url=url, render=True, dry_run=True)
    documents = {}
    for name, accepted in asked.items():
        service.end_of(accepted["download_url"])
        documents[name] = service.get(accepted["status_url"]).json()
    watcher.ended.set()
    watcher.join()
    stop.set()
    return {"watcher": watcher, **documents}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_ends_with_what_it_showed_or_as_it_came(ended: dict[str, Any], name: str) -> None:
    document = ended[name]
    assert document["status"] == "finished"
    assert [image["found_in"] for image in document["images"]][:1] == ["img.src"]
    if document["rendered"] is False:
        assert document["render_detail"]
    assert document["rendered"] is not None


def test_nothing_is_taken_of_a_page_that_has_left_the_web(ended: dict[str, Any]) -> None:
    assert ended["elsewhere"]["render_detail"] == "the page has gone elsewhere"


def test_a_stream_without_an_end_is_cut_by_its_bytes_or_by_time(ended: dict[str, Any]) -> None:
    assert ended["stream"]["rendered"] is False
    assert ended["stream"]["render_detail"] in {
        f"the page takes more than {BUDGET.bytes} bytes",
        f"not done within {DEADLINE:g} s",
    }


def test_no_process_and_no_file_is_left(service: BrowserService, ended: dict[str, Any]) -> None:
    assert ended["watcher"].sessions.memory() == {}
    assert profiles(service) == []
    for pid in service.workers():
        names = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
        assert sum(name.startswith("pipe:") for name in names) < 10


def test_no_browser_outlives_its_deadline_or_takes_more_memory(ended: dict[str, Any]) -> None:
    watcher = ended["watcher"]
    assert max(watcher.sessions.seconds.values()) < DEADLINE + SLACK
    assert watcher.most < 1.1 * MEMORY


def test_the_service_answers_meanwhile(ended: dict[str, Any]) -> None:
    assert max(ended["watcher"].delays) < 1


def test_a_cancelled_rendering_ends_within_a_second(service: BrowserService, pages: Site) -> None:
    sessions = Sessions(service)
    url = pages.page("/cancel", f"<!DOCTYPE html><body>{HOSTILE['loop']}")
    accepted = service.post("/download", url=url, render=True)
    service.wait(lambda: bool(sessions.memory()))
    service.delete(accepted["status_url"].removesuffix("/status"))
    began = time.monotonic()
    service.wait(lambda: not sessions.memory())
    assert time.monotonic() - began < 1.5


def test_a_killed_service_leaves_no_browser(service: BrowserService, pages: Site) -> None:
    """Its pipes close, and the browser ends by itself."""
    sessions = Sessions(service)
    url = pages.page("/killed", f"<!DOCTYPE html><body>{HOSTILE['loop']}")
    service.post("/download", url=url, render=True)
    service.wait(lambda: bool(sessions.memory()))
    service.signal(signal.SIGKILL)
    service.wait(lambda: not sessions.memory())
    assert profiles(service)
    service.start()  # it does the job once more, and removes what is there
    service.wait(lambda: not profiles(service))
