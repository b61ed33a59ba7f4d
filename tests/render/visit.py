"""A program that opens a page in a browser, with both walls, one of them, or none."""

import sys
import time
from base64 import b64encode
from ipaddress import ip_network
from pathlib import Path

from app.fetch import Fetcher
from app.render import browser
from app.settings import Settings
from tests.fetch.conftest import Resolver
from tests.render.unprivileged import CHROMIUM
from tests.render.ways_out import HOST, PORT, TRIED, page

PAGE_SECONDS = 40  # on a busy machine
RESOLVER = Resolver(inside_test=[["10.4.0.1"]], rebind_test=[[HOST], ["10.4.0.2"]])


def has_tried(one: browser.Browser) -> bool:
    """Tell whether the page has come to its end, where it has begun with every way."""
    targets = one.devtools.call("Target.getTargets")["targetInfos"]
    return any(target["title"] == TRIED for target in targets)


def main(wall: bool, proxy: bool, seconds: float) -> None:
    """Stay so long at the end of the page; nothing but the walls holds it."""
    if not wall:
        browser.WALL = Path(__file__).with_name("no_wall.py")
    if not proxy:
        browser.GUARD_FLAGS = ()
    settings = Settings(
        browser=CHROMIUM, allow_networks=(ip_network(HOST),), render_seconds=seconds + 60
    )
    with Fetcher(settings, resolve=RESOLVER) as fetcher, browser.Browser(settings, fetcher) as one:
        url = f"http://{HOST}:{PORT}/"
        if wall and not proxy:  # which alone leads to the page
            url = "data:text/html;base64," + b64encode(page().encode()).decode()
        one.devtools.call("Target.createTarget", url=url)
        until = time.monotonic() + PAGE_SECONDS
        while not has_tried(one) and time.monotonic() < until:
            one.check()
            time.sleep(0.1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            one.check()
            time.sleep(0.1)


if __name__ == "__main__":
    main("wall" in sys.argv, "proxy" in sys.argv, float(sys.argv[-1]))
