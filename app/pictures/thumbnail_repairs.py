"""Repairs of what browsers show and strict readers refuse; part of the program that decodes."""

import struct
import zlib

_HEAD_BYTES = 1 << 16  # of an AVIF, where its boxes lie


def _repaired_png(body: bytes) -> bytes:
    """Return a PNG without the chunks that it can be shown without, or whose checksum is wrong."""
    chunks = [body[:8]]
    at = 8
    while at + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        chunk = body[at : at + size + 12]
        is_sound = struct.pack(">I", zlib.crc32(chunk[4:-4])) == chunk[-4:]
        if kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND") or (
            is_sound and kind in (b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"eXIf")
        ):
            chunks.append(chunk)
        at += len(chunk)
    return b"".join(chunks)


def _repaired_avif(body: bytes) -> bytes:
    """Return an AVIF whose properties are assigned by one box, or one without transparency."""
    head = body[:_HEAD_BYTES]
    outer = head.find(b"iprp") - 4
    first = head.find(b"ipma", outer) - 4
    second = first + int.from_bytes(head[first : first + 4])
    kind = head[first + 4 : first + 12]
    if outer < 0 or first < outer or head[second + 4 : second + 12] != kind:
        return _without_alpha(body)
    end = second + int.from_bytes(head[second : second + 4])
    count = sum(int.from_bytes(head[at + 12 : at + 16]) for at in (first, second))
    entries = head[first + 16 : second] + head[second + 16 : end]
    both = struct.pack(">I8sI", 16 + len(entries), kind, count) + entries
    rest = int.from_bytes(head[outer : outer + 4]) - 16
    between = head[outer + 4 : first]
    # What follows stays where it is: an empty box has the place of the second one's head.
    free = struct.pack(">I4s8x", 16, b"free")
    return head[:outer] + struct.pack(">I", rest) + between + both + free + body[end:]


def _without_alpha(body: bytes) -> bytes:
    """Return an AVIF without its transparency, which alone may be against the rules."""
    # Declare it a small version of the picture (ISO/IEC 23008-12, 6.4.4), which readers skip.
    return body[:_HEAD_BYTES].replace(b"auxl", b"thmb") + body[_HEAD_BYTES:]


REPAIRS = {"Png": _repaired_png, "Avif": _repaired_avif}
