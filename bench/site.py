"""An origin in a process of its own: a page of 50 images of 120 kB.

It answers from memory, as late as the URL asks: `/40/` is the page, and the images of that page
come from there too, each response 40 ms after its request. Those of `/0/large` have 100 MB.
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
LARGE_BYTES = 100_000_000
PIECE_BYTES = 1_000_000  # of a large image


def picture(number: int, size: int = IMAGE_BYTES) -> bytes:
    """Make a PNG: its header is valid, the rest no compression makes smaller."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 1280, 720, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header
    head += struct.pack(">I", zlib.crc32(header))
    return head + random.Random(number).randbytes(size - len(head))


def _response(content_type: str, body: bytes, times: int = 1) -> bytes:
    length = len(body) * times
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}"
    return f"{head}\r\n\r\n".encode() + body


_NAMES = [f"{number:03}.png" for number in range(1, IMAGES + 1)]
_LARGE = [f"large-{number:03}.png" for number in range(1, IMAGES + 1)]


def _page(names: list[str]) -> bytes:
    images = (f'<p><img src="{name}" alt="picture {name}">' for name in names)
    return _response(
        "text/html", f"<!doctype html><title>50 images</title>{''.join(images)}".encode()
    )


class _Site(asyncio.Protocol):
    """One connection; keeps alive."""

    responses = {"": _page(_NAMES), "large": _page(_LARGE)} | {
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
            if name in _LARGE:
                self._sending = loop.create_task(self._send_large())
                continue
            loop.call_later(int(milliseconds) / 1000, self._transport.write, self.responses[name])

    async def _send_large(self) -> None:
        """Send one piece again and again, as fast as it is taken."""
        times = LARGE_BYTES // PIECE_BYTES
        piece = picture(0, PIECE_BYTES)
        self._transport.write(_response("image/png", piece, times))
        for _ in range(1, times):
            while self._transport.get_write_buffer_size() > PIECE_BYTES:
                await asyncio.sleep(0.01)
            if self._transport.is_closing():
                return
            self._transport.write(piece)


async def _serve(pipe: Connection, host: str, port: int) -> None:
    try:
        server = await asyncio.get_running_loop().create_server(_Site, host, port)
    except OSError as error:
        pipe.send(error)
        return
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _run(pipe: Connection, host: str, port: int) -> None:
    asyncio.run(_serve(pipe, host, port))


@contextmanager
def site(host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve until the block ends; give the URL that a number of milliseconds and `/` complete.

    Raises:
        OSError: the address cannot be had, such as a port that is taken.
        EOFError: the process has died.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, host, port), daemon=True)
    process.start()
    theirs.close()  # else nobody would see that the process has died
    try:
        answer = ours.recv()
        if isinstance(answer, OSError):
            raise answer
        yield f"http://{host}:{answer}/"
    finally:
        process.terminate()
        process.join()
