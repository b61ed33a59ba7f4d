"""`/docs` in a real browser, under the same policy as every page."""

import pytest
from playwright.sync_api import expect

from tests.browser import Tab
from tests.service.conftest import Service


@pytest.fixture
def docs(service: Service, tab: Tab) -> Tab:
    service.start()
    tab.page.goto(f"http://127.0.0.1:{service.port}/docs")
    tab.page.locator(".opblock").first.wait_for()
    return tab


def test_it_shows_every_call(docs: Tab, service: Service) -> None:
    paths = service.get("/openapi.json").json()["paths"]
    methods = {"get", "post", "delete"}
    calls = {f"{one} {path}" for path in paths for one in methods & set(paths[path])}

    shown = docs.page.locator(".opblock-summary")
    expect(shown).to_have_count(len(calls))
    texts = shown.all_inner_texts()
    told = {" ".join(text.replace("\u200b", "").lower().split()[:2]) for text in texts}

    assert told == calls


def test_it_tries_a_call(docs: Tab) -> None:
    call = docs.page.locator("#operations-health-get_healthz")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()

    answer = call.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text('"status": "ok"')
