"""The browser that other tests use."""

from tests.browser import Tab
from tests.site import Site


def test_a_page_sees_only_its_own_site(tab: Tab, site: Site) -> None:
    site.page("/favicon.ico", "")
    tab.page.goto(site.page("/", "<title>Hello</title><script>console.error('oh')</script>"))

    assert tab.page.title() == "Hello"
    assert tab.troubles == ["oh"]
    assert len(tab.hosts) == 1
    tab.troubles.clear()
