"""The client's own parts; as a part of the command it is tried in tests/service/test_fetch.py."""

import io
from collections.abc import Iterator

import pytest
import requests
from requests.adapters import BaseAdapter

from app.commands import client
from app.commands.problem import NoAnswer


class Restarting(BaseAdapter):
    """Answers for a service that is away every second time, as `proxied` tells by its status."""

    def __init__(self, *statuses: str, proxied: int | None = None) -> None:
        super().__init__()
        self.proxied = proxied
        self.statuses = iter(statuses)
        self.away = False

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        self.away = not self.away
        answer = requests.Response()
        if self.away and self.proxied:
            answer.status_code = self.proxied
            return answer
        if self.away:
            raise requests.ConnectionError("Connection refused")
        answer.status_code = 200
        answer._content = f'{{"status": "{next(self.statuses)}"}}'.encode()
        return answer

    def close(self) -> None:
        pass


@pytest.fixture(params=[None, 502, 504])
def restarting(request: pytest.FixtureRequest) -> Iterator[client.Client]:
    with requests.Session() as session:
        adapter = Restarting("queued", "running", "finished", proxied=request.param)
        session.mount("http://", adapter)
        yield client.Client(session, "http://a", pause=0)


def test_a_job_is_followed_over_restarts_of_its_service(restarting: client.Client) -> None:
    told = [told["status"] for told in restarting.follow("/download/1/status")]

    assert told == ["queued", "running", "finished"]


def test_a_service_that_stays_away_is_given_up(
    restarting: client.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RESTART", -1)

    with pytest.raises(NoAnswer, match=r"(refused|answered 50\d); the job may go on"):
        list(restarting.follow("/download/1/status"))


class Proxy(BaseAdapter):
    """Answers as a proxy that serves a path of its own, `named` by the service behind it or not."""

    def __init__(self, named: str) -> None:
        super().__init__()
        self.named = named
        self.asked: list[str | None] = []

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        self.asked.append(request.url)
        answer = requests.Response()
        answer.status_code, answer.raw = 202, io.BytesIO()
        answer.headers["Location"] = f"{self.named}/download/1"
        return answer

    def close(self) -> None:
        pass


@pytest.mark.parametrize("own", ["", "/pictures", "/d", "/download"])
@pytest.mark.parametrize("told", [True, False])
def test_a_service_may_have_a_path_of_its_own(own: str, told: bool) -> None:
    with requests.Session() as session:
        session.mount("http://", proxy := Proxy(own if told else ""))
        service = client.Client(session, f"http://a{own}/", pause=0)
        with service.job("/download") as place, service.file(f"{place}/x"):
            pass
        with service.file(f"{proxy.named}/images/1/content"):
            pass

    paths = "/download", "/download/1/x", "/images/1/content"
    assert proxy.asked == [f"http://a{own}{path}" for path in paths]


class Cut(BaseAdapter):
    """Answers with a problem document of which only the beginning comes."""

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.raw = 422, io.BytesIO(b'{"type": ')
        answer.headers["Content-Type"] = "application/problem+json"
        return answer

    def close(self) -> None:
        pass


def test_a_problem_that_is_cut_is_no_answer() -> None:
    with requests.Session() as session:
        session.mount("http://", Cut())
        service = client.Client(session, "http://a", pause=0)
        with pytest.raises(NoAnswer, match="no answer from http://a"), service.job("/download"):
            pass
