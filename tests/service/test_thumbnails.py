"""Thumbnails of the real service, made while it does other things."""

import io
import signal
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from tests.samples import picture
from tests.service.conftest import Service
from tests.site import Site


def kept(service: Service, site: Site, body: bytes) -> str:
    """Have a copy of some bytes kept; return the path of its thumbnail."""
    added = service.post("/images", url=site.file("/a", body))
    service.end_of(f"/images/{added['id']}/content")
    return f"/images/{added['id']}/thumbnail"


def test_ten_clients_ask_for_a_thumbnail_and_it_is_made_once(service: Service, site: Site) -> None:
    service.start()
    path = kept(service, site, picture("jpeg", size=(2000, 1000)))
    with ThreadPoolExecutor(10) as clients:
        answers = list(clients.map(service.end_of, [path] * 10))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert Image.open(io.BytesIO(answers[0].content)).size == (320, 160)


def test_several_workers_make_and_serve_many(service: Service, site: Site) -> None:
    service.start("--workers", "2")
    paths = [kept(service, site, picture("png", number)) for number in range(8)]
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(service.end_of, paths))

    assert {answer.status_code for answer in answers} == {200}


def test_a_stop_does_not_wait_for_those_that_wait(service: Service, site: Site) -> None:
    service.start()
    paths = [kept(service, site, picture("png", number, (3000, 3000))) for number in range(6)]
    for path in paths:
        assert service.get(path).status_code in (200, 202)

    service.signal(signal.SIGTERM)  # waits for the end
    service.start()

    assert service.end_of(paths[-1]).status_code == 200
    assert {line["level"] for line in service.lines()} == {"INFO"}
