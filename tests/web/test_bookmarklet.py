"""The bookmarklet: it brings what a browser shows on another site to our form."""

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from app.database.models import Download
from tests.browser import Tab
from tests.samples import picture
from tests.site import Site
from tests.web.conftest import run_bookmarklet


@pytest.fixture
def form(tab: Tab, url: str) -> Page:
    tab.page.goto(url)
    return tab.page


def test_pictures_that_a_browser_shows_become_a_download(
    tab: Tab, url: str, site: Site, form: Page
) -> None:
    for name in "small", "large", "painted", "drawn", "late":
        site.file(f"/{name}.png", picture("png", len(name)))
    html = """
      <img src="small.png" srcset="large.png 2000w" sizes="2000px">
      <p style="background: url(painted.png)">painted</p>
      <p hidden style="background: url(hidden.png)">not</p>
      <svg><image href="drawn.png"/></svg>
      <img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">
      <script>
        const late = new Image();
        document.body.append(late);
        late.src = "late.png";
      </script>
    """
    page = tab.context.new_page()
    page.goto(site.page("/app", html))
    ours = run_bookmarklet(form, page)

    names = "large", "painted", "drawn", "late"
    listed = "\n".join(site.url(f"/{name}.png") for name in names)
    expect(ours.get_by_text("Your browser showed 4 pictures there.")).to_be_visible()
    expect(ours.get_by_label("Addresses")).to_have_value(site.url("/app"))
    expect(ours.get_by_label("Download these pictures")).to_have_value(listed)
    expect(ours).to_have_url(f"{url}/")
    asked = site.asked("/app")
    ours.get_by_role("button", name="Download pictures").click()
    expect(ours.get_by_text("4 of 4 pictures stored.")).to_be_visible()
    assert site.asked("/app") == asked  # the page itself was not asked for again
    tab.hosts.discard(site.url("")[7:])


def test_a_page_with_very_many_pictures_sends_the_first_500(
    tab: Tab, site: Site, form: Page
) -> None:
    page = tab.context.new_page()
    page.goto(site.page("/", "<p>"))
    page.route("https://example.com/**", lambda route: route.abort())
    page.evaluate(
        """for (let number = 0; number < 600; number++) {
             const video = document.createElement("video");
             video.style.display = "block";
             video.poster = `https://example.com/${number}.png`;
             document.body.append(video);
           }"""
    )
    ours = run_bookmarklet(form, page)

    expect(ours.get_by_text("Your browser showed 500 pictures there.")).to_be_visible()
    expect(ours.get_by_label("At most")).to_have_value("500")
    page.unroute_all(behavior="ignoreErrors")
    tab.hosts.clear()


def test_a_fragment_only_fills_the_form(tab: Tab, url: str, site: Site) -> None:
    page = site.page("/", "no")
    tab.page.goto(f"{url}/#url={page}&image=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

    field = tab.page.get_by_label("Download these pictures")
    expect(field).to_have_value('"><script>alert(1)</script>')
    assert not site.requests


def test_here_a_click_on_it_says_what_to_do_with_it(tab: Tab, form: Page) -> None:
    tab.page.get_by_role("link", name="Pictures of this page").click()

    expect(tab.page.get_by_text("Drag this to the bookmarks bar")).to_be_visible()


def test_its_address_is_copied_where_it_cannot_be_dragged(tab: Tab, url: str, form: Page) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    tab.page.get_by_role("button", name="Copy its address").click()

    expect(tab.page.get_by_role("button", name="Copied")).to_be_visible()
    assert tab.page.evaluate("navigator.clipboard.readText()").startswith("javascript:")


def test_a_list_as_long_as_it_may_be_is_taken(client: FlaskClient) -> None:
    listed = "\n".join("https://example.com/" + "a" * 370 for _ in range(500))
    answer = client.post("/", data={"urls": "https://example.com/", "image_urls": listed})

    assert answer.status_code == 303
    assert len(Download.get().image_urls) == 500
