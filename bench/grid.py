"""How long the grid of a download with 500 pictures keeps a browser's main thread busy at once.

A person notices tasks of more than 100 ms. Browsers report those of 50 ms and more as long tasks;
what else runs on the machine makes them longer, so the median of several rounds counts.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from tests.browser import CHROMIUM, FLAGS
from tests.service.conftest import serving
from tests.web.conftest import DOWN, UP, WALK, WATCH, address, hang

ROUNDS = 5
PICTURES, FIRST, LAST = 500, "001-0.png", "500-499.png"
LONG_TASKS = """
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  }).observe({ type: "longtask", buffered: true });
"""
STEPS = {
    "load": lambda page: page.get_by_text("0 of 500 chosen").wait_for(),
    "scroll to the end": lambda page: page.evaluate(WALK, [LAST, DOWN]),
    "scroll back": lambda page: page.evaluate(WALK, [FIRST, UP]),
    "choose all": lambda page: page.get_by_role("button", name="All", exact=True).click(),
    "largest first": lambda page: page.get_by_label("Sort by").select_option("largest"),
    "slide the size": lambda page: slide(page),
    "clear the choice": lambda page: page.get_by_role("button", name="None").click(),
}


def slide(page: Page) -> None:
    """Move the slider by the keyboard, step by step."""
    page.get_by_label("Longer side").focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")


def walk(page: Page, url: str) -> list[float]:
    """Open the page and take the steps; return the longest task of each."""
    page.add_init_script(WATCH + LONG_TASKS)
    page.goto(url)
    longest = []
    for act in STEPS.values():
        act(page)
        page.wait_for_load_state("networkidle")  # the pictures in sight are there, too
        longest.append(page.evaluate("longest"))
        page.evaluate("window.longest = 0")
    return longest


def main() -> None:
    """Print the longest task of each step, and how many tiles were in the document."""
    if not CHROMIUM:
        print("grid: skipped, it needs chromium-headless-shell")
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as service,
        sync_playwright() as playwright,
    ):
        url = address(service) + hang(service, PICTURES)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        rounds, most = [], 0
        for _ in range(ROUNDS):
            page = browser.new_page()
            rounds.append(walk(page, url))
            most = max(most, page.evaluate("most"))
            page.close()
        print(
            f"\n{f'A grid of {PICTURES} pictures: longest task (0: none of 50 ms)':56}median  worst"
        )
        for name, longest in zip(STEPS, zip(*rounds, strict=True), strict=True):
            print(f"  {name:54}{median(longest):6.0f}{max(longest):7.0f} ms")
        print(f"  {'tiles in the document at most':54}{most:6}")


if __name__ == "__main__":
    sys.exit(main())
