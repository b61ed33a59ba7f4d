"""Sieges: what strangers do at once, and the end that it should have; `make siege` prints both."""

from collections.abc import Callable, Iterator

import pytest
from requests import Session
from requests.adapters import HTTPAdapter

from tests.service.conftest import SECONDS, Service, service

__all__ = ["service"]  # a fixture for all

SAID = pytest.StashKey[list[str]]()


class Person:
    """A client with an address of its own."""

    def __init__(self, service: Service, address: str) -> None:
        self.service = service
        self._session = Session()
        adapter = HTTPAdapter(pool_maxsize=300)
        adapter.poolmanager.connection_pool_kw["source_address"] = (address, 0)
        self._session.mount("http://", adapter)

    def ask(self, method: str, path: str, **options: object):  # type: ignore[no-untyped-def]
        url = f"http://127.0.0.1:{self.service.port}{path}"
        return self._session.request(method, url, timeout=SECONDS, **options)

    def get(self, path: str):  # type: ignore[no-untyped-def]
        return self.ask("GET", path)

    def add(self, path: str, **body: object):  # type: ignore[no-untyped-def]
        """Add a job; return what the service says of it."""
        answer = self.ask("POST", path, json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def person(service: Service) -> Iterator[Callable[[int], Person]]:
    """Make clients, each with an address by its number."""
    people: list[Person] = []

    def make(number: int) -> Person:
        people.append(Person(service, f"127.0.0.{number}"))
        return people[-1]

    yield make
    for one in people:
        one.close()


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what came; it is printed beside what was done when all tests have ended."""
    said = request.config.stash.setdefault(SAID, [])
    done = " ".join((request.function.__doc__ or "").split())
    return lambda came: said.append(f"{done}\n    → {came}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash.get(SAID, []):
        terminalreporter.write_line(line)
