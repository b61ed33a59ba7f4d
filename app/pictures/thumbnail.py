"""Thumbnails: pictures that strangers made as small WebPs, decoded in a child process."""

import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.errors import DeadlineExceeded, Interrupted, NotAnImage, NoThumbnail
from app.pictures import formats, sizes

log = logging.getLogger(__name__)

SECONDS = 60.0  # of wall clock; the child itself is bound to few of CPU
MAX_ANSWER_BYTES = 1 << 20  # what a child that was taken over may have us store
POLL_SECONDS = 0.2  # how soon a child is ended when the process stops
TERMINATION_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# What a child answers: the kind of the answer, and its length.
HEADER = struct.Struct(">cI")
MADE, NONE = b"+", b"-"  # anything else: another child may have the memory that this one lacks

# The formats that Pillow is trusted with, and its names for their decoders; those of HEIC and
# JPEG XL are packages of their own. An SVG is a program that draws.
DECODERS = {
    formats.JPEG: "Jpeg",
    formats.PNG: "Png",
    formats.GIF: "Gif",
    formats.WEBP: "WebP",
    formats.AVIF: "Avif",
    formats.HEIC: "Heif",
    formats.JXL: "Jxl",
    formats.BMP: "Bmp",
    formats.ICO: "Ico",
    formats.TIFF: "Tiff",
}
CHILD = Path(__file__).with_name("thumbnail_child.py")


def decoder(known: formats.ImageFormat) -> str:
    """Return the name of the one decoder that may read a format.

    Raises:
        NoThumbnail: there is none.
    """
    if known not in DECODERS:
        raise NoThumbnail(f"no thumbnails are made of {known.name}")
    return DECODERS[known]


def _request(source: BinaryIO, known: formats.ImageFormat) -> str:
    """Name a decoder, and the sides that are shown of an AVIF, which it would not crop."""
    name = decoder(known)
    if known is formats.AVIF:
        with suppress(NotAnImage):
            if size := sizes.measure(source, known):
                return f"{name} {size.width} {size.height}"
    return name


class Thumbnailer:
    """A child process that makes many thumbnails, one at a time; replaced when it has ended."""

    def __init__(self) -> None:
        self._child: _Child | None = None

    def make(
        self, source: BinaryIO, known: formats.ImageFormat, cut: Callable[[], bool] = lambda: False
    ) -> bytes:
        """Return the thumbnail of a picture, read from an open file.

        Raises:
            NoThumbnail: there is none, and another try would end alike.
            DeadlineExceeded: this machine is too busy.
            Interrupted: `cut` returned true, or somebody ends the processes of the service.
        """
        request = _request(source, known)
        child = self._ready()
        used, child.used = child.used, True
        try:
            return child.ask(source, request, cut)
        except _ChildFailed as failed:
            self.close()
            if used and failed.retriable:  # an earlier picture may have done the child harm
                return self.make(source, known, cut)
            raise failed.reason from None
        except NoThumbnail:
            raise
        except BaseException:
            self.close()
            raise

    def _ready(self) -> "_Child":
        if self._child and self._child.process.poll() is not None:  # it was used enough
            self.close()
        self._child = self._child or _Child()
        return self._child

    def close(self) -> None:
        """End the child; the next picture starts another."""
        if self._child:
            self._child.end()
        self._child = None


class _ChildFailed(Exception):
    """A child ended without an answer, or may not be asked again; why, and whether another may."""

    def __init__(self, reason: Exception, *, retriable: bool) -> None:
        self.reason = reason
        self.retriable = retriable


class _Child:
    """A process that decodes; it ends by itself when our end of its socket closes."""

    def __init__(self) -> None:
        self.used = False
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(POLL_SECONDS)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  # no word of it comes from outside
                [sys.executable, "-I", CHILD, str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,  # for a program that does not start
                env={},  # it has no business with our secrets
                start_new_session=True,  # Ctrl-C is for us
            )

    def ask(self, source: BinaryIO, request: str, cut: Callable[[], bool]) -> bytes:
        """Return the thumbnail of a picture.

        Raises:
            _ChildFailed: another child is needed.
            NoThumbnail, DeadlineExceeded, Interrupted: as in `Thumbnailer.make`.
        """
        deadline = time.monotonic() + SECONDS
        try:
            socket.send_fds(self._socket, [request.encode()], [source.fileno()])
            kind, size = HEADER.unpack(self._receive(HEADER.size, deadline, cut))
            content = b"" if size > MAX_ANSWER_BYTES else self._receive(size, deadline, cut)
        except ConnectionError:
            if cut():  # it ends with the thread that started it
                raise Interrupted from None
            raise _failure_of(*self._exit_status()) from None
        if kind == MADE and formats.sniff(content) is formats.WEBP:
            return content
        if kind == NONE:
            raise _none(content.decode(errors="replace"))
        raise _ChildFailed(_none("it takes too much memory to decode"), retriable=True)

    def _receive(self, size: int, deadline: float, cut: Callable[[], bool]) -> bytes:
        received = bytearray()
        while len(received) < size:
            if time.monotonic() > deadline:
                raise DeadlineExceeded(f"no thumbnail within {SECONDS:g} seconds")
            try:
                part = self._socket.recv(size - len(received))
            except TimeoutError:
                if cut():
                    raise Interrupted from None
                continue
            if not part:
                raise ConnectionError
            received += part
        return bytes(received)

    def _exit_status(self) -> tuple[int, str]:
        """Return the status of the process, which has closed its end, and what it said."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self.process.kill()
        said = self.process.stderr.read(MAX_ANSWER_BYTES) if self.process.stderr else b""
        return self.process.wait(), said.decode(errors="replace")

    def end(self) -> None:
        """End the process, whatever it does."""
        self._socket.close()
        with self.process as process:
            process.kill()


def _none(reason: str) -> NoThumbnail:
    return NoThumbnail(f"no thumbnail: {reason}")


def _failure_of(status: int, said: str) -> _ChildFailed:
    """Return what it means that a child ended without an answer."""
    if status >= 0:  # it was used enough just when it was asked, or its program is broken
        return _ChildFailed(RuntimeError(said or "the decoder did not answer"), retriable=True)
    if -status in TERMINATION_SIGNALS:
        return _ChildFailed(Interrupted(), retriable=False)
    log.warning("decoder died", extra={"signal": signal.Signals(-status).name})
    if -status in (signal.SIGKILL, signal.SIGXCPU):
        reason = "it takes too long, or too much memory, to decode"
        return _ChildFailed(_none(reason), retriable=-status == signal.SIGKILL)
    return _ChildFailed(_none("its decoder crashed"), retriable=True)
