"""Thumbnails: pictures that strangers made as small WebPs, each decoded in a process of its own."""

import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from app.errors import DeadlineExceeded, Interrupted, NoThumbnail
from app.pictures import formats

log = logging.getLogger(__name__)

SECONDS = 60  # of wall clock; the child itself is bound to few of CPU
ASK_SECONDS = 0.2  # how soon a child is ended when the process stops

# The formats that Pillow is trusted with, and its names for their decoders. It has none for HEIC,
# and an SVG is a program that draws.
DECODERS = {
    formats.JPEG: "Jpeg",
    formats.PNG: "Png",
    formats.GIF: "Gif",
    formats.WEBP: "WebP",
    formats.AVIF: "Avif",
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


def make(
    source: BinaryIO, known: formats.ImageFormat, cut: Callable[[], bool] = lambda: False
) -> bytes:
    """Return the thumbnail of a picture, read from the start of an open file.

    Raises:
        NoThumbnail: there is none, and another try would end alike.
        DeadlineExceeded: this machine is too busy.
        Interrupted: `cut` said so, or somebody ends the processes of the service.

    """
    with subprocess.Popen(  # noqa: S603  # no word of it comes from outside
        [sys.executable, "-I", CHILD, decoder(known)],
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},  # it has no business with our secrets
        start_new_session=True,  # Ctrl-C is for us
    ) as child:
        try:
            made, told = _end_of(child, cut)
        finally:
            child.kill()
    if child.returncode:
        _explain(child.returncode, told)
    if formats.sniff(made) is not formats.WEBP:
        raise NoThumbnail(f"no thumbnail: {made.decode()}")
    return made


def _end_of(child: "subprocess.Popen[bytes]", cut: Callable[[], bool]) -> tuple[bytes, bytes]:
    for _ in range(round(SECONDS / ASK_SECONDS)):
        try:
            return child.communicate(timeout=ASK_SECONDS)
        except subprocess.TimeoutExpired:
            if cut():
                raise Interrupted from None
    raise DeadlineExceeded(f"no thumbnail within {SECONDS} seconds")


def _explain(status: int, told: bytes) -> None:
    """Raise what ended a child before it had an answer."""
    if status > 0:
        raise RuntimeError(told.decode(errors="replace"))
    if -status in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        raise Interrupted
    log.warning("decoder died", extra={"signal": signal.Signals(-status).name})
    if -status in (signal.SIGKILL, signal.SIGXCPU):
        raise NoThumbnail("no thumbnail: it takes too long, or too much memory, to decode")
    raise NoThumbnail("no thumbnail: its decoder crashed")
