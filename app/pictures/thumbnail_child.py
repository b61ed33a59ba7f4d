"""The program that decodes one picture and ends: a picture from standard input, to WebP.

Decoders are where strangers' bytes reach C code, so they run in a process of their own: a crash,
a bomb or an endless loop ends this program alone, and its memory goes back with it. It imports
nothing of ours, which would take longer than the work, and is told nothing but the decoder's name.
"""

import io
import os
import resource
import sys
import warnings
from contextlib import suppress
from importlib import import_module

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401  # to write: Pillow would load all

SIDE = 320  # pixels
QUALITY = 80
MEGAPIXELS = 50
SECONDS = 10  # of CPU
MEMORY = 512 << 20  # bytes of address space: enough for that many pixels in most formats

LIMITS = {
    resource.RLIMIT_AS: MEMORY,
    resource.RLIMIT_CPU: SECONDS,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
}


def main(decoder: str) -> None:
    """Write to standard output the thumbnail, or why there is none; standard error is Pillow's."""
    os.nice(5)  # clients of the API come first, but somebody waits here too
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))
    Image.MAX_IMAGE_PIXELS = MEGAPIXELS * 1_000_000
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        sys.stdout.buffer.write(shrink(decoder))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        sys.stdout.write(f"it has more than {MEGAPIXELS} megapixels")
    except MemoryError:
        sys.stdout.write("it takes too much memory to decode")
    except Exception:  # plugins raise whatever comes to pass in them
        sys.stdout.write("it is damaged, or of a kind that is not decoded")


def shrink(decoder: str) -> bytes:
    """Return the first frame upright and small, with its transparency and nothing else."""
    plugin = import_module(f"PIL.{decoder}ImagePlugin")
    vars(plugin)["DEFAULT_MAX_THREADS"] = 1  # of AVIF; the stack of each counts as memory
    with Image.open(sys.stdin.buffer, formats=[decoder.upper()]) as picture:
        picture.draft(None, (2 * SIDE, 2 * SIDE))  # a JPEG may be decoded at a fraction
        picture.load()
        plain = in_plain_colours(picture)
    plain.thumbnail((SIDE, SIDE))
    with suppress(Exception):  # EXIF as damaged as anything; the picture is sound
        ImageOps.exif_transpose(plain, in_place=True)
    plain.info.clear()  # colour profiles too: they may be larger than the thumbnail
    file = io.BytesIO()
    plain.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()


def in_plain_colours(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB or RGBA; palettes cannot be scaled smoothly."""
    if picture.mode in ("RGB", "RGBA"):
        return picture
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


if __name__ == "__main__":
    main(sys.argv[1])
