"""What it costs to open a page in a browser: CPU, seconds and memory of pages of a corpus.

Not as root: a browser keeps its sandbox.
"""

import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from shutil import which

from app.fetch import Fetcher
from app.render import Renderer
from app.render.browser import PROFILE
from app.render.processes import Session
from app.settings import Settings
from app.urls import Url
from app.worker.pages import read_page
from app.worker.sheets import SheetLoader

PAGES = {
    "static": "<img src=a.png>" * 20,
    "script": "<script>for (let i = 0; i < 30; i++) document.write(`<img src=${i}.png>`)</script>",
    "scroll": "<p style=height:4000px></p><div id=d></div><script>new IntersectionObserver(() => {"
    "const i = new Image(); i.src = 'a.png'; d.append(i) }).observe(d)</script>",
    "styles": "<style>p{background:url(a.png)}</style>" + "<p>text</p>" * 2000,
}


class Handler(BaseHTTPRequestHandler):
    """Serves the pages."""

    def do_GET(self) -> None:
        """Answer with a page, whatever is asked for."""
        body = f"<!DOCTYPE html><body>{PAGES.get(self.path[1:], '')}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[str]:
    """Serve the pages on loopback; yield the URL of their folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


class Watch(threading.Thread):
    """Sums CPU and memory of our browsers, which are no children that could be waited for."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.cpu: dict[int, float] = {}
        self.memory = 0

    def run(self) -> None:
        """Look again and again."""
        tick = os.sysconf("SC_CLK_TCK")
        sessions: set[str] = set()
        while not self.ended.wait(0.02):
            for process in Path("/proc").iterdir():
                fields = stat(process)
                if fields and ours(process):
                    sessions.add(fields[3])
                if fields and fields[3] in sessions:
                    self.cpu[int(process.name)] = (int(fields[11]) + int(fields[12])) / tick
            memory = sum(Session(int(leader)).memory() for leader in sessions)
            self.memory = max(self.memory, memory)


def stat(process: Path) -> list[str]:
    """Return what /proc says of a process, behind its name."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def ours(process: Path) -> bool:
    """Tell whether it is a browser that this process has started."""
    try:
        return f"{PROFILE}{os.getpid()}-".encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False


def main() -> None:
    """Open each page five times."""
    settings = Settings(
        browser=which("chromium-headless-shell") or "", allow_networks=(ip_network("127.0.0.1"),)
    )
    if not settings.browser or os.geteuid() == 0:
        print("render: skipped, it needs chromium-headless-shell and another user than root")
        return
    print(f"{'page':8} {'CPU s':>6} {'seconds':>8} {'MiB':>5} {'found':>5} {'static CPU s':>13}")
    with site() as root:
        for name in PAGES:
            measure(settings, name, Url.parse(root + name))


def measure(settings: Settings, name: str, url: Url) -> None:
    """Print what one page costs."""
    costs, seconds, memory = [], [], []
    for _ in range(5):
        watch = Watch()
        watch.start()
        began = time.monotonic()
        with Fetcher(settings) as fetcher:
            found = Renderer(settings).pictures(url, fetcher)[1]
        seconds.append(time.monotonic() - began)
        watch.ended.set()
        watch.join()
        costs.append(sum(watch.cpu.values()))
        memory.append(watch.memory >> 20)
    began = time.process_time()
    with Fetcher(settings) as fetcher:
        read_page(url, fetcher, SheetLoader(fetcher, 0))
    static = time.process_time() - began
    print(
        f"{name:8} {statistics.median(costs):6.2f} {statistics.median(seconds):8.2f}"
        f" {max(memory):5} {len(found):5} {static:13.4f}"
    )


if __name__ == "__main__":
    sys.exit(main())
