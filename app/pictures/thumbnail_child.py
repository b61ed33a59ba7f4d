"""The program that decodes pictures of strangers, one after another: each becomes a small WebP.

Decoders are where strangers' bytes reach C code, so they run in a process of their own: a crash,
a bomb or an endless loop ends this program alone. Of ours it imports only its own parts, or that
would take longer than the work. With each picture it receives the name of a decoder, the sides that
are shown if the decoder shows more, and an open file.
"""

import ctypes
import os
import resource
import signal
import socket
import struct
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image

sys.path.append(str(Path(__file__).parents[2]))  # `-I` leaves it out
from app.pictures.thumbnail_decoding import shrink

MEGAPIXELS = 50
SECONDS = 10  # of CPU for a picture
MEMORY = 512 << 20  # bytes of address space: enough for that many pixels in most formats

PICTURES = 300  # then a new child takes over, and what this one has leaked is free again:
LEAK = 64 << 20  # or when it keeps so many bytes more than after its first picture,
LIFETIME = 120  # or so many seconds of CPU have gone,
IDLE_SECONDS = 60  # or nobody has wanted a thumbnail for so long

LIMITS = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
PR_SET_PDEATHSIG = 1

REQUEST_BYTES = 64  # more than a request has

MADE, NONE, NO_MEMORY = b"+", b"-", b"!"  # kinds of answers, before their length
HEADER = struct.Struct(">cI")


def main() -> None:
    """Answer each picture that arrives at standard input, a socket; the end of it is ours too."""
    os.nice(5)  # clients of the API come first, but somebody waits here too
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # also while it decodes
    if os.getppid() != int(sys.argv[1]):  # it ended before
        return
    with Path(os.devnull).open("w") as devnull:  # decoders print warnings, which nobody reads
        os.dup2(devnull.fileno(), 2)
    Image.MAX_IMAGE_PIXELS = MEGAPIXELS * 1_000_000
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with socket.socket(fileno=0) as parent, suppress(TimeoutError, BrokenPipeError):
        parent.settimeout(IDLE_SECONDS)
        serve(parent)


def serve(parent: socket.socket) -> None:
    """Answer until the parent is gone, or this process is better replaced."""
    baseline = 0
    for _ in range(PICTURES):
        request, files, _, _ = socket.recv_fds(parent, REQUEST_BYTES, 1)
        if not files:
            return
        used = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + SECONDS, LIFETIME))
        name, *sides = request.decode().split()
        kind, content = answer(name, files[0], [int(side) for side in sides])
        parent.sendall(HEADER.pack(kind, len(content)) + content)
        baseline = baseline or address_space()
        if (
            kind == NO_MEMORY
            or address_space() > baseline + LEAK
            or time.process_time() + SECONDS > LIFETIME - 1
        ):
            return


def address_space() -> int:
    """Return how many bytes of memory this process has reserved."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def answer(decoder: str, descriptor: int, shown: Sequence[int]) -> tuple[bytes, bytes]:
    """Return the thumbnail of a picture, or why there is none; each with its kind."""
    try:
        with open(descriptor, "rb") as file:
            file.seek(0)  # another child may have read it
            return MADE, shrink(decoder, file, *shown)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return NONE, b"it has more than %d megapixels" % MEGAPIXELS
    except MemoryError:
        return NO_MEMORY, b""
    except Exception:  # plugins raise whatever comes to pass in them
        return NONE, b"it is damaged, or of a kind that is not decoded"


if __name__ == "__main__":
    main()
