"""Where the fetcher connects: to judged addresses, on every hop, and nowhere else."""

import socket
import threading
from collections import Counter

import pytest
import responses
from hypothesis import given, settings

from app.addresses import judge_host
from app.errors import BrokenTransfer, DeadlineExceeded, RefusedAddress, RefusedUrl, Unreachable
from app.fetch import Fetcher
from app.fetch.budget import Watch
from app.fetch.connection import Dialler
from app.fetch.cookies import Cookies
from app.fetch.host_limit import HostLimit
from app.fetch.session import MAX_IDLE, Session, public_tls
from app.settings import Settings
from app.urls import Url
from tests.fetch.conftest import CANARY, Clock, Fetching, Resolver, image
from tests.fetch.origin import Origin, answer, png, redirect
from tests.test_urls import TEXTS, outcome


def test_an_allowed_address_is_fetched(fetcher: Fetcher, origin: Origin) -> None:
    origin.answers["/"] = answer(png())
    assert image(fetcher, origin.url()).content_type == "image/png"


@pytest.mark.usefixtures("canary")
def test_a_literal_inner_address_is_never_dialled(fetcher: Fetcher, origin: Origin) -> None:
    with pytest.raises(
        RefusedAddress, match=r"^refused: loopback address; DOWNLOADER_ALLOW_NETWORKS"
    ):
        image(fetcher, origin.url(host=CANARY))


@pytest.mark.usefixtures("canary")
@pytest.mark.parametrize(
    "inside", [CANARY, "::1", "10.0.0.1", "::ffff:127.0.0.9", "fe80::1%1", "64:ff9b::7f00:9"]
)
def test_a_name_that_resolves_inside_is_never_dialled(
    fetching: Fetching, origin: Origin, inside: str
) -> None:
    fetcher = fetching(resolve=Resolver(evil_test=[[inside]]))
    with pytest.raises(RefusedAddress, match=r"^refused: [\w -]+ address; "):
        image(fetcher, origin.url(host="evil.test"))


def test_a_refusal_stays_a_refusal_however_often_one_asks(fetching: Fetching) -> None:
    fetcher = fetching(resolve=Resolver(evil_test=[[CANARY]]))
    for _ in range(5):
        with pytest.raises(RefusedAddress):
            image(fetcher, "http://evil.test/")


@pytest.mark.usefixtures("canary")
def test_of_a_mixed_answer_only_what_passes_is_dialled(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = answer(png())
    fetcher = fetching(resolve=Resolver(mixed_test=[[CANARY, "127.0.0.3", "10.0.0.1"]]))
    image(fetcher, origin.url(host="mixed.test"))
    assert origin.connections == {"127.0.0.3": 1}


@pytest.mark.usefixtures("canary")
def test_no_more_than_eight_addresses_of_a_name_are_looked_at(
    fetching: Fetching, origin: Origin
) -> None:
    inside = [f"10.0.0.{number}" for number in range(8)]
    fetcher = fetching(resolve=Resolver(many_test=[[*inside, "127.0.0.2"]]))
    with pytest.raises(RefusedAddress):
        image(fetcher, origin.url(host="many.test"))


@pytest.mark.usefixtures("canary")
def test_a_name_is_looked_up_once_for_a_connection(fetching: Fetching, origin: Origin) -> None:
    """DNS rebinding: the second answer would lead inside."""
    origin.answers["/"] = answer(png())
    resolver = Resolver(rebind_test=[["127.0.0.2"], [CANARY]])
    fetcher = fetching(resolve=resolver)
    for _ in range(3):
        image(fetcher, origin.url(host="rebind.test"))
    assert resolver.asked == ["rebind.test"]


@pytest.mark.usefixtures("canary")
def test_a_new_connection_is_judged_anew(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = answer(png(), Connection="close")
    fetcher = fetching(resolve=Resolver(rebind_test=[["127.0.0.2"], [CANARY]]))
    image(fetcher, origin.url(host="rebind.test"))
    with pytest.raises(RefusedAddress):
        image(fetcher, origin.url(host="rebind.test"))


@pytest.mark.usefixtures("canary")
@pytest.mark.parametrize("host", [CANARY, "localhost", "x.localhost", "evil.test", "[::1]"])
def test_a_redirect_inside_is_never_followed(fetching: Fetching, origin: Origin, host: str) -> None:
    origin.answers["/"] = redirect(origin.url("/in", host))
    fetcher = fetching(resolve=Resolver(evil_test=[[CANARY]]))
    with pytest.raises(RefusedAddress):
        image(fetcher, origin.url())


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.2/",
        "gopher://127.0.0.2/",
        "//user@127.0.0.2/",
        "http://127.0.0.2:25/",
        "http://0x7f.3/",
        "data:image/png,x",
        "http://",
    ],
)
def test_a_redirect_passes_the_front_door(fetcher: Fetcher, origin: Origin, location: str) -> None:
    origin.answers["/"] = redirect(location)
    with pytest.raises(RefusedUrl):
        image(fetcher, origin.url())


def test_one_address_after_the_other_is_tried(fetching: Fetching) -> None:
    with Origin(("127.0.0.2",)) as silent:
        port = silent.port
    with Origin(("127.0.0.3",), port=port) as second:
        second.answers["/"] = answer(png())
        fetcher = fetching(resolve=Resolver(two_test=[["127.0.0.2", "127.0.0.3"]]))
        image(fetcher, second.url(host="two.test"))
        assert second.connections == {"127.0.0.3": 1}


def test_an_address_that_does_not_answer_leaves_time_for_the_next(fetching: Fetching) -> None:
    with (
        socket.create_server(("127.0.0.2", 0), backlog=0) as deaf,
        Origin(("127.0.0.3",), port=deaf.getsockname()[1]) as second,
        socket.create_connection(deaf.getsockname()),
    ):
        second.answers["/"] = answer(png())
        fetcher = fetching(seconds=8, resolve=Resolver(two_test=[["127.0.0.2", "127.0.0.3"]]))
        image(fetcher, second.url(host="two.test"))


def test_a_host_that_refuses_is_left_alone_after_three_tries(fetching: Fetching) -> None:
    resolver = Resolver(dead_test=[["127.0.0.2", "127.0.0.3"]])
    clock = Clock()
    fetcher = fetching(resolve=resolver, clock=clock, sleep=clock.sleep)
    with Origin(("127.0.0.2",)) as gone:
        url = gone.url(host="dead.test")
    for _ in range(3):
        with pytest.raises(Unreachable, match=r"no connection to dead\.test port \d+$"):
            image(fetcher, url)
    assert len(resolver.asked) == 3


def test_a_name_without_address_is_not_asked_again(fetching: Fetching) -> None:
    resolver = Resolver()
    with pytest.raises(Unreachable, match=r"no address for nowhere\.test"):
        image(fetching(resolve=resolver), "http://nowhere.test/")
    assert resolver.asked == ["nowhere.test"]


def test_a_lookup_that_never_answers_meets_the_deadline(fetching: Fetching) -> None:
    answered = threading.Event()
    fetcher = fetching(seconds=0.2, resolve=lambda *_, **__: answered.wait())
    with pytest.raises(DeadlineExceeded):
        image(fetcher, "http://silent.test/")
    answered.set()


@pytest.mark.parametrize("host", ["a" * 63 + "." + "b" * 63, "xn--a", "a_b", "-a-"])
def test_a_name_that_python_cannot_encode_is_unreachable(fetching: Fetching, host: str) -> None:
    def resolve(host: str, *_: object, **__: object) -> object:
        host.encode("idna")  # as socket.getaddrinfo does before it asks anybody
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pytest.raises(Unreachable):
        image(fetching(resolve=resolve), f"http://{host}.invalid/")


def test_connections_are_kept_for_the_job_and_closed_after_it(
    fetching: Fetching, origin: Origin
) -> None:
    origin.answers["/"] = answer(png())
    origin.answers["/r"] = redirect("/")
    origin.answers["/chunked"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + png() + b"\r\n0\r\n\r\n"
    )
    fetcher = fetching()
    for target in ("/", "/r", "/chunked", "/", "/"):
        image(fetcher, origin.url(target))
    with pytest.raises(Exception, match="404"):
        image(fetcher, origin.url("/missing"))
    image(fetcher, origin.url("/"))
    assert origin.connections == {"127.0.0.2": 1}
    with fetcher:
        pass
    assert origin.ended.wait(30)


ENDS = {
    "of its length": (b"1.1 302 Found\r\nContent-Length: 0\r\n", 1),
    "of its last chunk": (b"1.1 302 Found\r\nTransfer-Encoding: chunked\r\n", 1),
    "of its connection": (b"1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n", 2),
    "of its connection, as with HTTP/1.0": (b"1.0 302 Found\r\nContent-Length: 0\r\n", 2),
    "of its length, as it says": (
        b"1.0 302 Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n",
        1,
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_connection_lasts_where_the_answer_ends_before_it(
    fetcher: Fetcher, origin: Origin, end: str
) -> None:
    head, connections = ENDS[end]
    body = b"0\r\n\r\n" if b"chunked" in head else b""
    origin.answers["/"] = b"HTTP/" + head + b"Location: /next\r\n\r\n" + body
    origin.answers["/next"] = answer(png())
    image(fetcher, origin.url())
    assert origin.connections.total() == connections


def test_no_header_brings_a_line_along(fetcher: Fetcher, origin: Origin) -> None:
    for odd in "a\nX: b", "a\rb", "a\0b":
        with pytest.raises(BrokenTransfer):
            fetcher.post(Url.parse(origin.url()), b"", {"X": odd})
    assert not origin.requests


def test_few_connections_are_kept_at_a_time(fetching: Fetching, origin: Origin) -> None:
    origin.answers["/"] = answer(png())
    hosts = {f"{number}_test": [["127.0.0.2"]] for number in range(MAX_IDLE + 1)}
    fetcher = fetching(resolve=Resolver(**hosts))
    for number in range(MAX_IDLE):
        image(fetcher, origin.url(host=f"{number}.test"))
    assert not origin.ended.is_set()
    image(fetcher, origin.url(host=f"{MAX_IDLE}.test"))
    assert origin.ended.wait(30), "the one that idled longest is closed"
    image(fetcher, origin.url(host="1.test"))
    assert origin.connections.total() == MAX_IDLE + 1


def test_no_environment_or_client_header_travels(
    fetcher: Fetcher, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.9:1/")
    monkeypatch.setenv("all_proxy", "http://127.0.0.9:1/")
    origin.answers["/"] = answer(png())
    image(fetcher, origin.url())
    names = {line.split(b":")[0] for line in origin.requests[0].split(b"\r\n")[1:] if line}
    assert names == {b"Host", b"User-Agent", b"Accept", b"Accept-Encoding"}
    assert b"Accept-Encoding: identity" in origin.requests[0]


def test_the_target_and_the_host_go_out_as_parsed(fetcher: Fetcher, origin: Origin) -> None:
    target = "/a%20b/%c3%A4/100%/[x|y]?y=%zz&q='%22&r=[]"
    image_url = Url.parse(origin.url(target))
    origin.answers[image_url.target] = answer(png())
    image(fetcher, str(image_url))
    assert f"\r\nHost: 127.0.0.2:{origin.port}\r\n".encode() in origin.requests[0]


def test_unit_tests_may_stand_in_for_the_network_by_responses(fetcher: Fetcher) -> None:
    with responses.RequestsMock() as site:
        site.get("http://example.com/", body=png(), content_type="image/png")
        assert image(fetcher, "http://example.com/").bytes == 100


@settings(deadline=None)
@given(TEXTS)
def test_the_dialler_judges_and_dials_what_the_front_door_took(text: str) -> None:
    """Every URL that passes leads to one lookup of its host, or to its own literal address."""
    url = outcome(Url.parse, text)
    if isinstance(url, str):
        return
    asked: list[str] = []

    def resolve(host: str, port: None, type: int) -> list[object]:  # noqa: A002
        asked.append(host)
        return [(2, 1, 6, "", ("10.0.0.1", 0))]

    watch = Watch(lambda: False)
    watch.start(5)
    dialler = Dialler(watch, Settings(), resolve, Counter(), HostLimit())
    front = outcome(lambda host: judge_host(host) or "passes", url.host)
    if front != "passes":
        assert outcome(lambda host: dialler.dial(host, url.port), url.host) == front
        assert asked == []
    elif url.address:
        assert dialler.judged(url.host) == [url.address]
        assert asked == []
    else:
        with pytest.raises(RefusedAddress, match="private"):
            dialler.dial(url.host, url.port)
        assert asked == [url.host]


@settings(deadline=None)
@given(TEXTS)
def test_requests_and_urllib3_pass_the_parts_on_unchanged(text: str) -> None:
    url = outcome(Url.parse, text)
    if isinstance(url, str):
        return
    dialled = []

    class Stop(Exception):
        pass

    def dial(host: str, port: int) -> None:
        dialled.append((host, port))
        raise Stop

    with pytest.raises(Stop):
        Session(dial, public_tls, "agent", Cookies()).fetch(url, "*/*")
    assert dialled == [(url.host, url.port)]
