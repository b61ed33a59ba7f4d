"""A fetcher that may visit two loopback addresses, and a canary on a third that it may not."""

import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from typing import Any

import pytest

from app.fetch import Fetcher, ImageFacts
from app.fetch.backoff import Holds
from app.setting_values import KiB
from app.settings import Settings
from app.urls import Url
from tests.fetch.origin import Origin

OPEN = ("127.0.0.2", "127.0.0.3")
CANARY = "127.0.0.9"


class Clock:
    """A time that passes only in sleep; `naps` are what was slept."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


class Resolver:
    """Answers a name with what comes next in its list; the last answer stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(lists) for name, lists in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: None, type: int) -> list[Any]:  # noqa: A002
        self.asked.append(host)
        lists = self.answers.get(host.rstrip("."))
        if not lists:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [(0, type, 6, "alias.test", (address, 0)) for address in addresses]


Fetching = Callable[..., Fetcher]


@pytest.fixture
def fetching() -> Iterator[Fetching]:
    """Make fetchers that are closed after the test; settings and seams by keyword."""
    with ExitStack() as stack:

        def make(seconds: float = 60, **seams: Any) -> Fetcher:
            settings = Settings(
                allow_networks=tuple(ip_network(address) for address in OPEN),
                fetch_seconds=seconds,
                max_image_bytes=seams.pop("max_image_bytes", 100 * KiB),
                max_page_bytes=100 * KiB,
                max_image_pixels=1_000_000,
                contact=seams.pop("contact", ""),
                host_connections=seams.pop("host_connections", 6),
            )
            seams.setdefault("holds", Holds(seams.get("clock", time.monotonic)))
            return stack.enter_context(Fetcher(settings, **seams))

        yield make


@pytest.fixture
def hasty(fetching: Fetching) -> Fetcher:
    """Return a fetcher that does not really wait between tries."""
    clock = Clock()
    return fetching(clock=clock, sleep=clock.sleep)


@pytest.fixture
def fetcher(fetching: Fetching) -> Fetcher:
    return fetching()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(OPEN) as origin:
        yield origin


@pytest.fixture
def canary(origin: Origin) -> Iterator[Origin]:
    """Listen beside the origin, and fail the test when anybody calls."""
    with Origin((CANARY,), port=origin.port) as canary:
        yield canary
    assert not canary.connections, "somebody dialled the canary"


def image(fetcher: Fetcher, url: str, **more: Any) -> ImageFacts:
    """Fetch an image to the void."""
    return fetcher.image(Url.parse(url), io.BytesIO(), **more)
