"""What was done to earlier releases, each with the end that it has now; `make siege`."""

import signal
import sqlite3
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.database.sqlite import LOG_BYTES
from tests.fetch.origin import Origin, Peer, answer
from tests.samples import picture
from tests.service.conftest import Service
from tests.siege.conftest import Person
from tests.site import Reply, Site

pytestmark = pytest.mark.siege

Make = Callable[[int], Person]
Say = Callable[[str], None]
SEATS = 8


@pytest.fixture
def slow() -> Iterator[Origin]:
    """A site that sends a byte of each picture every five seconds."""
    head = answer(picture(), Content_Type="image/png").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    def trickle(peer: Peer) -> None:
        peer.send(head)
        peer.drip(picture(), every=5)

    with Origin(("127.0.0.1",)) as origin:
        for page in range(9):
            names = [f"/{page}/{number}.png" for number in range(1500)]
            html = "".join(f"<img src={name}>" for name in names).encode()
            origin.answers[f"/{page}"] = answer(html, Content_Type="text/html")
            origin.answers |= dict.fromkeys(names, trickle)
        yield origin


@pytest.fixture
def quick(site: Site) -> str:
    """A page with a picture, at another host than the slow one by its name."""
    site.file("/a.png", picture())
    return site.page("/", "<img src=a.png>").replace("127.0.0.1", "localhost")


def is_running(one: Person, path: str) -> bool:
    return bool(one.get(f"{path}/status").json()["status"] == "running")


@pytest.mark.parametrize("other", [2, 3], ids=["the same client", "another client"])
def test_a_page_is_fetched_while_nine_of_a_slow_site_run(
    service: Service, slow: Origin, quick: str, person: Make, say: Say, other: int
) -> None:
    """Nine pages of 1,500 images that trickle, then a quick page of another site."""
    service.environment["DOWNLOADER_JOB_SECONDS"] = "20"
    service.start()
    first = person(2)
    paths = [
        first.add("/download", url=slow.url(f"/{page}", "127.0.0.1"), limit=500)["download_url"]
        for page in range(9)
    ]
    service.wait(lambda: sum(is_running(first, path) for path in paths) == SEATS)
    added = person(other).add("/download", url=quick)

    assert service.end_of(added["download_url"]).status_code == 200
    slow_ones = [first.get(f"{path}/status").json()["status"] for path in paths]
    assert set(slow_ones) <= {"running", "queued"}
    say("the quick page is finished while none of the nine has ended")
    for path in paths:
        assert service.end_of(path).json()["type"] in {
            "/problems/deadline",
            "/problems/none-worked",
        }
    say("after their job's time the nine have ended, too: deadline")


def test_a_page_is_fetched_while_one_client_has_pages_at_sixteen_slow_hosts(
    service: Service, quick: str, person: Make, say: Say
) -> None:
    """A page at each of 16 hosts that let us wait, then another client's page."""
    hosts = tuple(f"127.0.1.{number}" for number in range(1, 17))
    with Origin(hosts) as silent:
        silent.answers["/"] = Peer.hang
        service.start()
        crowd, other = person(2), person(3)
        paths = [
            crowd.add("/download", url=silent.url("/", host))["download_url"] for host in hosts
        ]
        service.wait(lambda: sum(is_running(crowd, path) for path in paths) == SEATS)
        added = [other.add("/download", url=quick) for _ in range(9)]

        for one in added:
            assert service.end_of(one["download_url"]).status_code == 200
        states = [crowd.get(f"{path}/status").json()["status"] for path in paths]
        assert set(states) <= {"running", "queued"}
        say("another's nine pages are finished while none of the sixteen has ended")


def test_a_quick_suspect_does_not_wait_for_a_slow_one(
    service: Service, site: Site, person: Make, say: Say
) -> None:
    """kill -9 while a slow and a quick job run."""
    asked, release = threading.Semaphore(0), threading.Event()
    ended = threading.Event()

    def wait_for(event: threading.Event) -> Callable[[], Reply]:
        def reply() -> Reply:
            asked.release()
            event.wait(120)
            return Reply(picture(), "image/png")

        return reply

    site.replies["/slow.png"], site.replies["/quick.png"] = wait_for(ended), wait_for(release)
    service.start()
    one = person(2)
    slow, quick = (
        one.add("/images", url=site.url(path))["id"] for path in ("/slow.png", "/quick.png")
    )
    for _ in range(2):
        assert asked.acquire(timeout=60)
    service.signal(signal.SIGKILL)
    release.set()
    service.start()

    assert service.end_of(f"/images/{quick}/content").status_code == 200
    assert service.get(f"/images/{slow}").json()["status"] == "running"
    say("the quick one is finished while the slow one, a suspect too, still runs")
    ended.set()
    assert service.end_of(f"/images/{slow}/content").status_code == 200


def test_streams_of_one_address_leave_room_for_others(
    service: Service, site: Site, person: Make, say: Say
) -> None:
    """200 event streams of one address."""
    ended = threading.Event()
    site.replies["/a.png"] = lambda: Reply(picture(), "image/png") if ended.wait(120) else Reply()
    page = site.page("/", "<img src=a.png>")
    service.start()
    crowd, other = person(2), person(3)
    path = crowd.add("/download", url=page)["download_url"]
    with ThreadPoolExecutor(20) as pool:
        asks = [pool.submit(crowd.ask, "GET", f"{path}/events", stream=True) for _ in range(200)]
        streams = [ask.result() for ask in asks]
    assert {stream.status_code for stream in streams} == {200}

    assert other.get("/healthz").status_code == 200
    image = other.add("/images", url=site.file("/b.png", picture("png", 1)))["id"]
    service.wait(lambda: other.get(f"/images/{image}/content").status_code == 200)
    mine = other.ask("GET", f"{path}/events", stream=True)
    assert mine.status_code == 200
    lines = mine.iter_lines(decode_unicode=True)
    assert next(lines).startswith("retry:")
    ended.set()
    assert any(line.startswith("event: end") for line in lines)
    say("another is answered, gets its image, and follows the download to its end")
    for stream in (*streams, mine):
        stream.close()


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def large_pictures(count: int) -> Iterator[bytes]:
    """Make pictures of 49 megapixels that take long to decode and little to send."""
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 7000, 7000, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress((b"\0" + bytes(7000)) * 7000, 1))
    for number in range(count):
        yield head + chunk(b"tEXt", b"number\0%d" % number) + rows + chunk(b"IEND", b"")


def test_a_thumbnail_does_not_wait_for_another_clients_hundred(
    service: Service, site: Site, person: Make, say: Say
) -> None:
    """110 thumbnails of 49 megapixels, asked for at once."""
    service.start()
    crowd, other = person(2), person(3)
    urls = [site.file(f"/{n}.png", body) for n, body in enumerate(large_pictures(110))]
    added = crowd.ask("POST", "/images", json={"urls": urls}).json()["images"]
    ids = [image["id"] for image in added]
    small = other.add("/images", url=site.file("/small.png", picture("jpeg", 1, (900, 600))))["id"]
    for image in (*ids, small):
        assert service.end_of(f"/images/{image}/content").status_code == 200

    def ask(image: str) -> int:
        return int(crowd.get(f"/images/{image}/thumbnail").status_code)

    with ThreadPoolExecutor(20) as pool:
        told = set(pool.map(ask, ids))
    assert told <= {200, 202}
    service.wait(lambda: other.get(f"/images/{small}/thumbnail").status_code == 200)
    with ThreadPoolExecutor(20) as pool:
        waiting = list(pool.map(ask, ids)).count(202)
    assert waiting > 0
    say(f"another's thumbnail is there while {waiting} of the 110 still wait")


def test_silent_receivers_do_not_delay_anothers_callback(
    service: Service, site: Site, person: Make, say: Say
) -> None:
    """32 callback hosts that take a message and do not answer."""
    hosts = tuple(f"127.0.1.{number}" for number in range(1, 33))
    service.environment["DOWNLOADER_WEBHOOK_SECRET"] = "whsec_" + "A" * 43 + "="
    service.environment["DOWNLOADER_FETCH_SECONDS"] = "20"
    site.file("/a.png", picture())
    site.replies["/hook"] = Reply(status=204)
    with Origin(hosts) as silent:
        silent.answers["/hook"] = Peer.hang
        service.start()
        crowd, other = person(2), person(3)
        for host in hosts:
            hook = silent.url("/hook", host)
            crowd.add("/images", url=site.url("/a.png"), callback_url=hook)
        service.wait(lambda: len(silent.requests) >= SEATS // 2)
        image = other.add("/images", url=site.url("/a.png"), callback_url=site.url("/hook"))["id"]

        assert service.end_of(f"/images/{image}/content").status_code == 200
        say(f"another's job is done while {len(silent.requests)} of 32 were called")
        service.wait(lambda: site.asked("/hook") == 1)
        assert len(silent.requests) < len(hosts)
        say(f"its callback is told when {len(silent.requests)} of 32 were called")


def test_callbacks_for_thousands_of_hosts_delay_no_job(
    service: Service, site: Site, person: Make, say: Say
) -> None:
    """2,000 jobs with callbacks at as many hosts that take no connection."""
    service.environment["DOWNLOADER_WEBHOOK_SECRET"] = "whsec_" + "A" * 43 + "="
    site.file("/a.png", picture())
    site.replies["/hook"] = Reply(status=204)
    service.start()
    crowd, other = person(2), person(3)
    hosts = [f"127.1.{number // 200}.{number % 200 + 1}" for number in range(2000)]

    def add(host: str) -> None:
        crowd.add("/images", url=site.url("/a.png"), callback_url=f"http://{host}:9999/")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, hosts))
    image = other.add("/images", url=site.url("/a.png"), callback_url=site.url("/hook"))["id"]
    assert service.end_of(f"/images/{image}/content").status_code == 200
    service.wait(lambda: site.asked("/hook") == 1)
    say("each POST got its id, and another's job and callback are done")


def test_the_log_of_sqlite_is_cut_when_a_long_reader_has_left(
    service: Service, site: Site, person: Make, say: Say
) -> None:
    """1,200 jobs beside somebody who reads the database all the while."""
    service.start()
    one = person(2)
    url = site.file("/a.png", picture())
    database = service.log.parent / "storage" / "downloader.db"
    log = database.with_name("downloader.db-wal")
    with closing(sqlite3.connect(database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM image").fetchone()
        added = one.ask("POST", "/images", json={"urls": [url] * 1200}).json()["images"]
        for image in added[99::100]:
            assert service.end_of(f"/images/{image['id']}/content").status_code == 200
        longest = log.stat().st_size
        assert longest > LOG_BYTES
    one.add("/images", url=url)
    service.wait(lambda: log.stat().st_size <= LOG_BYTES)
    say(f"the log had {longest >> 20} MiB, and has {log.stat().st_size >> 20} when it has left")
