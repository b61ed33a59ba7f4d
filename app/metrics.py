"""What this process counts for Prometheus. Labels take only values of ours: there are few.

With several gunicorn workers, each keeps its numbers in files of `PROMETHEUS_MULTIPROC_DIR`, and
whichever is asked adds them up. Jobs are not counted here: the database knows of them.
"""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OTHER = "other"

_counting = True

_here = CollectorRegistry()
_requests = Counter(
    "image_downloader_requests",
    "Requests answered.",
    ["method", "route", "status"],
    registry=_here,
)
_request_seconds = Histogram(
    "image_downloader_request_seconds",
    "Time from a request to the last byte of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
    registry=_here,
)
_fetch_bytes = Counter(
    "image_downloader_fetch_bytes", "Bytes read from origins, headers too.", registry=_here
)
_fetch_seconds = Histogram(
    "image_downloader_fetch_seconds",
    "Time of a fetch, redirects and further tries too.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=_here,
)


def stop_counting() -> None:
    """Do without the metrics of this process: there is no room for their files."""
    global _counting
    _counting = False


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that has been answered; `route` is a name of ours, not what was asked for."""
    if not _counting:
        return
    counted, timed = _of_requests(method if method in METHODS else OTHER, route, status)
    counted.inc()
    timed.observe(seconds)


@cache
def _of_requests(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Look the labels up once; to do it for each request costs as much as to count."""
    return _requests.labels(method, route, status), _request_seconds.labels(method, route)


def count_fetch(seconds: float, size: int) -> None:
    """Count a fetch, whatever came of it."""
    if _counting:
        _fetch_seconds.observe(seconds)
        _fetch_bytes.inc(size)


class AllProcesses(Collector):
    """What this process and its siblings have counted, as their files have it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Add up the files; one that is empty is just being made by a process that begins."""
        files = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size]
        collected: Iterable[Metric] = MultiProcessCollector.merge(files)
        return collected


def serve(host: str, port: int) -> None:
    """Answer Prometheus with what this process counts, in a thread of its own.

    Raises:
        OSError: the address cannot be had.
    """
    start_http_server(port, host, of_all_processes())


def of_all_processes() -> CollectorRegistry:
    """Return what this process and its siblings have counted."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return _here
    together = CollectorRegistry()
    together.register(AllProcesses(Path(folder)))
    return together
