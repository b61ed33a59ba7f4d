"""Memory: a small constant, whatever comes. Measured in a process of its own."""

import json
import subprocess
import sys
import zlib

import pytest

from tests.fetch.origin import Origin, Peer, png

MiB = 1 << 20
HALF_A_GIGABYTE = 500 * MiB

FETCH = """
import json, sys
from ipaddress import ip_network
from app.errors import Failure
from app.fetch import Fetcher
from app.setting_values import GiB
from app.settings import Settings
from app.urls import Url

class Sink:
    "A file that keeps only its beginning."
    def __init__(self): self.head, self.at, self.size = b"", 0, 0
    def seek(self, at, whence=0):
        self.at = at + (self.size if whence == 2 else 0)
        return self.at
    def truncate(self): self.head, self.size = b"", 0
    def flush(self): pass
    def write(self, data):
        self.size += len(data)
        if len(self.head) < 4096: self.head += data[:4096]
    def read(self, size=-1): return self.head[self.at:][:size]

def peak():
    "Return the most memory so far, in KiB; what ru_maxrss tells begins with that of the parent."
    [line] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1])

settings = Settings(allow_networks=(ip_network("127.0.0.2"),), max_image_bytes=int(sys.argv[2]))
with Fetcher(settings) as fetcher:
    fetcher.image(Url.parse(sys.argv[1] + "small"), Sink())
    before = peak()
    try:
        said = fetcher.image(Url.parse(sys.argv[1]), Sink()).bytes
    except Failure as failure:
        said = failure.detail
    print(json.dumps([said, (peak() - before) / 1024]))
"""


def fetch(origin: Origin, limit: int) -> tuple[int | str, float]:
    """Return what came of it and by how many MiB the process grew."""
    done = subprocess.run(
        [sys.executable, "-c", FETCH, origin.url(), str(limit)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    said, growth = json.loads(done.stdout)
    return said, growth


@pytest.fixture
def large() -> Origin:
    start = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    return Origin(answers={"/small": start % 200_000 + png(200_000)})


def test_a_body_of_500_mb_costs_no_memory(large: Origin) -> None:
    def body(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % HALF_A_GIGABYTE + png(MiB))
        piece = bytes(MiB)
        for _ in range(HALF_A_GIGABYTE // MiB - 1):
            peer.send(piece)

    large.answers["/"] = body
    with large:
        said, growth = fetch(large, HALF_A_GIGABYTE)
    assert said == HALF_A_GIGABYTE
    assert growth < 10


def test_a_gzip_bomb_of_a_gigabyte_costs_no_memory(large: Origin) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(png(MiB)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MiB)) + packer.flush(zlib.Z_FULL_FLUSH)
    bomb = start + block * 1023
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    large.answers["/"] = head + bomb
    with large:
        said, growth = fetch(large, 100 * MiB)
    assert said == f"too large: more than {100 * MiB} bytes"
    assert growth < 10
