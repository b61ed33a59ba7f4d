"""`/key`, where people say who they are, once."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from app import keys
from app.settings import Settings
from tests.browser import Tab
from tests.service.conftest import serving
from tests.site import Site
from tests.web.conftest import Gate, address, barriers, forget

KEY = "correct-horse-battery"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, api_keys=(keys.digest(KEY),))


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a service that needs a key."""
    with serving(tmp_path_factory.mktemp("locked"), DOWNLOADER_API_KEYS=KEY) as service:
        yield address(service)


def test_the_key_is_asked_for_once_and_can_be_forgotten(tab: Tab, locked: str) -> None:
    tab.page.goto(f"{locked}/gallery?status=failed")
    expect(tab.page.get_by_role("heading", name="Enter your key")).to_be_visible()
    tab.page.get_by_label("Key").fill("not-the-right-key-at-all")
    tab.page.get_by_role("button", name="Continue").click()
    field = tab.page.get_by_label("Key")
    expect(field).to_have_accessible_description("This is not a key of this service.")
    assert barriers(tab.page) == []
    field.fill(KEY)
    tab.page.keyboard.press("Enter")

    expect(tab.page).to_have_url(f"{locked}/gallery?status=failed")
    tab.page.get_by_role("link", name="Key").click()
    tab.page.get_by_role("button", name="Forget my key").click()
    tab.page.goto(locked)
    expect(tab.page).to_have_url(f"{locked}/key?next=/")
    forget(tab, 403)


def test_what_the_bookmarklet_sent_outlives_the_question_for_a_key(tab: Tab, locked: str) -> None:
    tab.page.goto(f"{locked}/#url=https%3A%2F%2Fexample.com%2F")
    tab.page.get_by_label("Key").fill(KEY)
    tab.page.keyboard.press("Enter")

    expect(tab.page.get_by_label("Addresses")).to_have_value("https://example.com/")


def test_a_page_that_follows_a_download_asks_for_the_key_when_it_is_gone(
    tab: Tab, locked: str, site: Site, gate: Gate
) -> None:
    tab.page.goto(locked)
    tab.page.get_by_label("Key").fill(KEY)
    tab.page.keyboard.press("Enter")
    tab.page.get_by_label("Addresses").fill(site.url("/"))
    tab.page.get_by_role("button", name="Download pictures").click()
    expect(tab.page.get_by_text("1 of 4 stored")).to_be_visible()
    there = tab.page.url.removeprefix(locked)
    tab.context.clear_cookies()
    gate.open()

    expect(tab.page).to_have_url(f"{locked}/key?next={there}")
    forget(tab, 401)  # of a thumbnail, perhaps


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_a_key_leads_to_no_other_site(client: FlaskClient, path: str) -> None:
    answer = client.post("/key", query_string={"next": path}, data={"key": KEY})

    assert (answer.status_code, answer.location) == (303, "/")


def test_a_form_that_needs_a_key_leads_to_the_question_for_it(client: FlaskClient) -> None:
    answer = client.post("/", data={"urls": "https://x/"}, headers={"Accept": "text/html"})

    assert (answer.status_code, answer.location) == (303, "/key")


def test_scripts_cannot_read_the_cookie_and_other_sites_do_not_send_it(client: FlaskClient) -> None:
    cookie = client.post("/key", data={"key": KEY}).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert KEY not in cookie


def test_a_key_from_the_form_of_another_site_is_refused(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = client.post("/key", data={"key": KEY}, headers=headers)

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
