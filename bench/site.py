"""An origin in a process of its own: a page of 50 images of 120 kB.

It answers from memory, as late as the URL asks: `/40/` is the page, and the images of that page
come from there too, each response 40 ms after its request.
"""

import asyncio
import multiprocessing
import random
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

IMAGES, IMAGE_BYTES = 50, 120_000


def picture(number: int) -> bytes:
    """Make a PNG: its header is valid, the rest no compression makes smaller."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 1280, 720, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header
    head += struct.pack(">I", zlib.crc32(header))
    return head + random.Random(number).randbytes(IMAGE_BYTES - len(head))


def _response(content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


_NAMES = [f"{number:03}.png" for number in range(1, IMAGES + 1)]
_HTML = "<!doctype html><title>50 images</title>" + "".join(
    f'<p><img src="{name}" alt="picture {name}">' for name in _NAMES
)


class _Site(asyncio.Protocol):
    """One connection; keeps alive."""

    responses = {"": _response("text/html", _HTML.encode())} | {
        name: _response("image/png", picture(number)) for number, name in enumerate(_NAMES)
    }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            _, milliseconds, name = head.split()[1].decode().split("/")
            loop = asyncio.get_running_loop()
            loop.call_later(int(milliseconds) / 1000, self._transport.write, self.responses[name])


async def _serve(pipe: Connection, host: str, port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Site, host, port)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _run(pipe: Connection, host: str, port: int) -> None:
    asyncio.run(_serve(pipe, host, port))


@contextmanager
def site(host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve until the block ends; give the URL that a number of milliseconds and `/` complete."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, host, port), daemon=True)
    process.start()
    yield f"http://{host}:{ours.recv()}/"
    process.terminate()
    process.join()
