"""Thumbnails of pictures of 12 megapixels, beside a plain loop of Pillow in one process.

`BUILD=…` names a folder with another build of the service, to be measured in the same run. The
client asks for each thumbnail again until it is there, sixty at a time, and takes little CPU
itself, which it would take from the service; `PICTURES=60` takes fewer.
"""

import http.client
import http.server
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import requests
from PIL import Image

from bench.download import HOME, service

PICTURES = int(os.environ.get("PICTURES", "200"))
ROUNDS = 5
AT_ONCE = 60
PAUSE = 0.25  # seconds


def pictures() -> list[bytes]:
    """Make JPEGs of about 2 MB; what follows the end of each makes it another file."""
    size = 4000, 3000
    noise = Image.effect_noise((500, 375), 60).resize(size, Image.Resampling.BICUBIC)
    shades = Image.linear_gradient("L").resize(size), Image.radial_gradient("L").resize(size)
    grain = Image.merge("RGB", [Image.effect_noise(size, 12)] * 3)
    picture = Image.blend(Image.merge("RGB", (noise, *shades)), grain, 0.15)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return [file.getvalue() + bytes([number]) for number in range(PICTURES)]


@contextmanager
def origin(bodies: list[bytes]) -> Iterator[str]:
    """Serve them as /0, /1 and so on."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies[int(self.path[1:])]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def plain(bodies: list[bytes]) -> float:
    """Return how many a loop makes in a second."""
    began = time.perf_counter()
    for body in bodies:
        with Image.open(io.BytesIO(body)) as picture:
            picture.draft("RGB", (320, 320))
            picture.thumbnail((320, 320))
            picture.save(io.BytesIO(), "WEBP", quality=80)
    return len(bodies) / (time.perf_counter() - began)


def served(bodies: list[bytes], build: Path) -> float:
    """Return how many a build of the service makes in a second."""
    with (
        tempfile.TemporaryDirectory() as storage,
        origin(bodies) as site,
        service(Path(storage), build) as ours,
        requests.Session() as client,
    ):
        urls = [f"{site}/{number}" for number in range(len(bodies))]
        added = client.post(f"{ours.url}/images", json={"urls": urls}).json()["images"]
        waiting = [f"/images/{image['id']}" for image in added]
        for path in waiting:
            while client.get(ours.url + path).json()["status"] != "finished":
                time.sleep(PAUSE)
        connection = http.client.HTTPConnection(ours.url.removeprefix("http://"))
        began = time.perf_counter()
        while waiting:
            window = waiting[:AT_ONCE]
            made = {path for path in window if is_made(connection, f"{path}/thumbnail")}
            waiting = [path for path in waiting if path not in made]
            if waiting:
                time.sleep(PAUSE)
        return len(bodies) / (time.perf_counter() - began)


def is_made(connection: http.client.HTTPConnection, path: str) -> bool:
    """Return whether the service answers with a thumbnail."""
    connection.request("GET", path)
    with connection.getresponse() as answer:
        answer.read()
        return answer.status == 200


def main() -> None:
    """Measure all in turns."""
    bodies = pictures()
    builds = [HOME, *map(Path, filter(None, [os.environ.get("BUILD")]))]
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        found.setdefault("plain loop of Pillow", []).append(plain(bodies))
        for build in builds:
            found.setdefault(f"service in {build}", []).append(served(bodies, build))
    ours = median(found[f"service in {HOME}"])
    for name, rates in found.items():
        rate = median(rates)
        print(f"{name:40}{rate:8.1f} a second, service / this {ours / rate:5.2f}")


if __name__ == "__main__":
    main()
