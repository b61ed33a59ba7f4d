"""Choosing by the keyboard alone: from each beginning to a zip of exactly three pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import Tab
from tests.service.conftest import Service
from tests.site import Site
from tests.web.conftest import drop, run_bookmarklet
from tests.web.test_choose import body, box, members, show

COUNT = 59
MOST_PRESSES = 200


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab, as people do, until something has the focus."""
    for _ in range(MOST_PRESSES):
        page.keyboard.press(key)
        page.evaluate("new Promise(requestAnimationFrame)")  # nobody is faster than what is seen
        if target.count() and target.evaluate("one => one === document.activeElement"):
            return
    pytest.fail(f"the keyboard does not lead to {target}")


def press(page: Page, target: Locator) -> None:
    tab_to(page, target)
    page.keyboard.press("Enter")


def by_address(tab: Tab, url: str, site: Site, _service: Service, _path: Path) -> Page:
    tab.page.goto(url)
    expect(tab.page.get_by_label("Addresses")).to_be_focused()
    tab.page.keyboard.type(show(site, COUNT))
    press(tab.page, tab.page.get_by_role("button", name="Choose pictures"))
    return tab.page


def by_history(tab: Tab, url: str, site: Site, service: Service, _path: Path) -> Page:
    added = service.post("/download", url=show(site, COUNT), limit=COUNT)
    service.end_of(added["download_url"])
    tab.page.goto(url)
    press(tab.page, tab.page.get_by_role("link", name="History"))
    tab.page.wait_for_url("**/downloads")
    entry = tab.page.locator(f"#download-{added['download_id']}")
    press(tab.page, entry.locator("a.page"))
    return tab.page


def by_bookmarklet(tab: Tab, url: str, site: Site, _service: Service, _path: Path) -> Page:
    tab.page.goto(url)
    there = tab.context.new_page()
    there.goto(show(site, COUNT))
    ours = run_bookmarklet(tab.page, there)
    tab.hosts.discard(site.url("")[7:])
    press(ours, ours.get_by_role("button", name="Choose pictures"))
    return ours


def by_dropped_list(tab: Tab, url: str, site: Site, _service: Service, path: Path) -> Page:
    page = show(site, COUNT)
    listed = "\n".join(f"{page}{number}.png" for number in range(COUNT))
    (path / "list.txt").write_text(f"# mine\n{listed}\n")
    tab.page.goto(url)
    drop(tab.page, path / "list.txt")
    expect(tab.page.get_by_label("Addresses")).to_have_value(f"# mine\n{listed}")
    tab_to(tab.page, tab.page.get_by_role("radio", name="A page’s pictures"), "Shift+Tab")
    tab.page.keyboard.press("ArrowRight")
    press(tab.page, tab.page.get_by_role("button", name="Choose pictures"))
    return tab.page


@pytest.mark.parametrize("begin", [by_address, by_history, by_bookmarklet, by_dropped_list])
def test_the_keyboard_alone_leads_to_a_zip_of_three_in_order(
    tab: Tab,
    url: str,
    site: Site,
    service: Service,
    tmp_path: Path,
    begin: Callable[[Tab, str, Site, Service, Path], Page],
) -> None:
    page = begin(tab, url, site, service, tmp_path)
    expect(page.get_by_text(f"0 of {COUNT} chosen")).to_be_visible()
    page.wait_for_load_state()
    for place in 2, 3, 30:  # the last of them is not in the document at first
        tab_to(page, box(page, place))
        page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Sort by"), "Shift+Tab")
    page.keyboard.type("Largest")
    save = page.get_by_role("button", name="Save 3 pictures")
    tab_to(page, save, "Shift+Tab")
    with page.expect_download() as saving:
        page.keyboard.press("Enter")
    saving.value.save_as(tmp_path / "chosen.zip")

    assert members((tmp_path / "chosen.zip").read_bytes()) == [body(29), body(2), body(1)]
    expect(save).to_be_focused()


def test_the_keyboard_alone_leads_from_several_pages_to_one_zip(
    tab: Tab, url: str, site: Site, tmp_path: Path
) -> None:
    page = tab.page
    show(site, 4)
    pages = [
        site.page(f"/{name}", f"<img src={one}.png><img src={two}.png>")
        for name, one, two in (("a", 0, 1), ("b", 2, 3))
    ]
    page.goto(url)
    page.keyboard.type("\n".join(pages))
    press(page, page.get_by_role("button", name="Choose pictures"))
    expect(page.get_by_text("0 of 4 chosen")).to_be_visible()
    page.wait_for_load_state()
    for name in "002-1.png", "001-2.png":
        tab_to(page, page.get_by_role("checkbox", name=f"Choose {name}"))
        page.keyboard.press("Space")
    save = page.get_by_role("button", name="Save 2 pictures")
    tab_to(page, save, "Shift+Tab")
    with page.expect_download() as saving:
        page.keyboard.press("Enter")
    saving.value.save_as(tmp_path / "chosen.zip")

    assert members((tmp_path / "chosen.zip").read_bytes()) == [body(1), body(2)]
