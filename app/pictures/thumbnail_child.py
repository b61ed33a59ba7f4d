"""The program that decodes pictures of strangers, one after another: each becomes a small WebP.

Decoders are where strangers' bytes reach C code, so they run in a process of their own: a crash,
a bomb or an endless loop ends this program alone. It imports nothing of ours, which would take
longer than the work, and receives the name of a decoder and an open file with each picture.
"""

import ctypes
import io
import os
import resource
import signal
import socket
import struct
import time
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401  # to write: Pillow would load all

SIDE = 320  # pixels
QUALITY = 80
MEGAPIXELS = 50
SECONDS = 10  # of CPU for a picture
MEMORY = 512 << 20  # bytes of address space: enough for that many pixels in most formats

PICTURES = 300  # then a new child takes over, and what this one has leaked is free again:
LEAK = 64 << 20  # or when it keeps so many bytes more than after its first picture,
LIFETIME = 120  # or so many seconds of CPU have gone,
IDLE_SECONDS = 60  # or nobody has wanted a thumbnail for so long

LIMITS = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
PR_SET_PDEATHSIG = 1

MADE, NONE, NO_MEMORY = b"+", b"-", b"!"  # kinds of answers, before their length
HEADER = struct.Struct(">cI")


def main() -> None:
    """Answer each picture that arrives at standard input, a socket; the end of it is ours too."""
    os.nice(5)  # clients of the API come first, but somebody waits here too
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # also while it decodes
    with Path(os.devnull).open("w") as nowhere:  # decoders mutter, and nobody reads it
        os.dup2(nowhere.fileno(), 2)
    Image.MAX_IMAGE_PIXELS = MEGAPIXELS * 1_000_000
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with socket.socket(fileno=0) as parent, suppress(TimeoutError, BrokenPipeError):
        parent.settimeout(IDLE_SECONDS)
        serve(parent)


def serve(parent: socket.socket) -> None:
    """Answer until the parent is gone, or this process is better replaced."""
    at_rest = 0
    for _ in range(PICTURES):
        name, files, _, _ = socket.recv_fds(parent, 16, 1)
        if not files:
            return
        used = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + SECONDS, LIFETIME))
        kind, content = answer(name.decode(), files[0])
        parent.sendall(HEADER.pack(kind, len(content)) + content)
        at_rest = at_rest or address_space()
        if (
            kind == NO_MEMORY
            or address_space() > at_rest + LEAK
            or time.process_time() + SECONDS > LIFETIME - 1
        ):
            return


def address_space() -> int:
    """Return how many bytes of memory this process has reserved."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def answer(decoder: str, descriptor: int) -> tuple[bytes, bytes]:
    """Return the thumbnail of a picture, or why there is none; each with its kind."""
    try:
        with open(descriptor, "rb") as file:
            file.seek(0)  # another child may have read it
            return MADE, shrink(decoder, file)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return NONE, b"it has more than %d megapixels" % MEGAPIXELS
    except MemoryError:
        return NO_MEMORY, b""
    except Exception:  # plugins raise whatever comes to pass in them
        return NONE, b"it is damaged, or of a kind that is not decoded"


def shrink(decoder: str, file: BinaryIO) -> bytes:
    """Return the first frame upright and small, with its transparency and nothing else."""
    plugin = import_module(f"PIL.{decoder}ImagePlugin")
    vars(plugin)["DEFAULT_MAX_THREADS"] = 1  # of AVIF; the stack of each counts as memory
    with Image.open(file, formats=[decoder.upper()]) as picture:
        picture.draft(None, (3 * SIDE // 2, 3 * SIDE // 2))  # a JPEG may be decoded at a fraction
        picture.load()
        plain = in_plain_colours(picture)
    plain.thumbnail((SIDE, SIDE))
    with suppress(Exception):  # EXIF as damaged as anything; the picture is sound
        ImageOps.exif_transpose(plain, in_place=True)
    plain.info.clear()  # colour profiles too: they may be larger than the thumbnail
    small = io.BytesIO()
    plain.save(small, "WEBP", quality=QUALITY)
    return small.getvalue()


def in_plain_colours(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB or RGBA; palettes cannot be scaled smoothly."""
    if picture.mode in ("RGB", "RGBA"):
        return picture
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


if __name__ == "__main__":
    main()
