"""`/docs` in a real browser, under the same policy as every page."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser import Tab
from tests.service.conftest import Service, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("docs")) as service:
        yield service


@pytest.fixture
def docs(service: Service, tab: Tab) -> Tab:
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


def test_beside_a_call_is_how_to_make_it(docs: Tab, service: Service) -> None:
    call = docs.page.locator("#operations-downloads-create_download")
    call.locator(".opblock-summary-control").click()

    expect(call.locator(".samples summary")).to_have_text(["curl", "Python", "JavaScript"])
    expect(call.locator(".samples pre").first).to_contain_text(f":{service.port}/download")
    call.get_by_text("Python").click()
    expect(call.locator(".samples pre").nth(1)).to_contain_text("requests.post")


def test_the_calls_come_first_and_the_types_of_errors_last(docs: Tab) -> None:
    first = docs.page.locator(".opblock").first
    expect(first).to_be_in_viewport()
    places = docs.page.evaluate(
        "() => [...document.querySelectorAll('.opblock, #problems')].map(one => one.id)"
    )

    assert places[-1] == "problems"
    expect(docs.page.locator("#problems")).to_contain_text("invalid-input")


@pytest.mark.parametrize(("scheme", "is_dark"), [("dark", True), ("light", False)])
def test_it_is_dark_where_the_reader_is(
    docs: Tab, scheme: Literal["dark", "light"], is_dark: bool
) -> None:
    docs.page.emulate_media(color_scheme=scheme)
    docs.page.wait_for_function(
        """isDark => {
            const colour = getComputedStyle(document.documentElement).backgroundColor
            const [red, green, blue, alpha = 1] = colour.match(/[0-9.]+/g).map(Number)
            return (alpha === 1 && red + green + blue < 200) === isDark
        }""",
        arg=is_dark,
    )


def test_it_tries_a_call(docs: Tab) -> None:
    call = docs.page.locator("#operations-health-get_healthz")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()

    answer = call.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text('"status": "ok"')
