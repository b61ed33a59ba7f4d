"""AVIF and HEIC files, box by box around what Pillow encoded."""

import struct
from collections.abc import Sequence

from PIL import Image

from app.pictures.formats import AVIF, HEIC
from tests.pictures.cases import Case, drawn


def pixels_of(encoded: bytes) -> bytes:
    """Return what Pillow wrote into the box of pixels, its last."""
    return encoded[encoded.index(b"mdat") + 4 :]


_ENCODED = drawn("AVIF")
_PIXELS = pixels_of(_ENCODED)


def box(kind: bytes, *content: bytes) -> bytes:
    """Write a box (ISO/IEC 14496-12, 4.2)."""
    data = b"".join(content)
    return struct.pack(">I4s", len(data) + 8, kind) + data


def wide(kind: bytes, *content: bytes) -> bytes:
    """Write a box with a size of 64 bits."""
    data = b"".join(content)
    return struct.pack(">I4sQ", 1, kind, len(data) + 16) + data


def full(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def _taken(kind: bytes) -> bytes:
    at = _ENCODED.index(kind) - 4
    return _ENCODED[at : at + int.from_bytes(_ENCODED[at : at + 4])]


def ispe(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def irot(turns: int) -> bytes:
    return box(b"irot", bytes([turns]))


def imir(axis: int) -> bytes:
    return box(b"imir", bytes([axis]))


def clap(*numbers: int) -> bytes:
    """Write a clean aperture: width, height, and the two offsets of its middle, as fractions."""
    return box(b"clap", struct.pack(">IIIIiIiI", *numbers))


PLAIN = ispe(60, 40), _taken(b"pixi"), _taken(b"av1C")
CORNER = clap(30, 1, 20, 1, -15, 1, -10, 1)  # the upper left quarter
MIDDLE = clap(30, 1, 20, 1, 0, 1, 0, 1)


def associations(entries: dict[int, Sequence[int]], version: int = 0, flags: int = 0) -> bytes:
    """Write ipma: the numbers of each item's properties; those that transform are essential."""
    data = struct.pack(">I", len(entries))
    for item, properties in entries.items():
        data += struct.pack(">IB" if version else ">HB", item, len(properties))
        for number in properties:
            essential = number > 2
            data += (
                struct.pack(">H", essential << 15 | number)
                if flags
                else bytes([essential << 7 | number])
            )
    return full(b"ipma", data, version=version, flags=flags)


def file(
    *properties: bytes,
    brands: tuple[bytes, ...] = (b"avif", b"avif", b"mif1", b"miaf"),
    minor: bytes = bytes(4),
    item: int = 1,
    kind: bytes = b"av01",
    ipma: bytes | None = None,
    late: bool = False,
    endless: bool = False,
    write: object = box,
    pixels: bytes = _PIXELS,
    order: str = "hdlr pitm iloc iinf iprp",
) -> bytes:
    """Write a file with one item that has all of the properties, or those of `ipma`."""
    assert callable(write)
    numbers = range(1, len(properties) + 1)
    ftyp = box(b"ftyp", brands[0], minor, *brands[1:])
    data = write(b"mdat", pixels)
    parts = {
        "hdlr": full(b"hdlr", bytes(4), b"pict", bytes(13)),
        "pitm": full(b"pitm", struct.pack(">H", item)),
        "iinf": full(
            b"iinf",
            struct.pack(">H", 1),
            full(b"infe", struct.pack(">HH", item, 0), kind, b"\0", version=2),
        ),
        "iprp": box(b"iprp", box(b"ipco", *properties), ipma or associations({item: numbers})),
    }

    def meta(at: int) -> bytes:
        place = struct.pack(">HHHHII", 1, item, 0, 1, at, len(pixels))
        parts["iloc"] = full(b"iloc", b"\x44\0", place)
        content: bytes = write(b"meta", bytes(4), *(parts[name] for name in order.split()))
        return content

    head = len(data) - len(pixels)
    if late:
        described = meta(len(ftyp) + head)
        return ftyp + data + (bytes(4) + described[4:] if endless else described)
    described = meta(len(ftyp) + len(meta(0)) + head)
    return ftyp + described + (bytes(4) + data[4:] if endless else data)


def sequence(
    *properties: bytes, brand: bytes = b"avis", shown: tuple[int, int] = (60, 40)
) -> bytes:
    """Write a file with a track (14496-12, 8.3.2 and 8.5.2) and no item."""
    entry = box(b"av01", bytes(24), struct.pack(">HH", 60, 40), bytes(50), *properties)
    stsd = full(b"stsd", struct.pack(">I", 1), entry)
    sides = struct.pack(">II", *(side << 16 for side in shown))
    silent = box(b"trak", full(b"tkhd", bytes(80)))
    track = box(
        b"trak",
        full(b"tkhd", bytes(84), sides, version=1),
        box(b"mdia", box(b"minf", box(b"stbl", stsd))),
    )
    return box(b"ftyp", brand, bytes(4), brand) + box(b"moov", silent, track)


def minimized(width: int, height: int, orientation: int = 1, codec: bytes = b"avif") -> bytes:
    """Write a file with a MinimizedImageBox (23008-12:2025)."""
    written = drawn("AVIF", (width, height))
    pixels = pixels_of(written)
    configuration = written[written.index(b"av1C") + 4 :][:4]
    large = max(width, height) > 128
    side = f"0{15 if large else 7}b"
    bits = "".join(
        (
            f"0000100000001{orientation - 1:03b}",  # of full range, 4:2:0
            f"{large:b}{width - 1:{side}}{height - 1:{side}}",
            f"11000{len(configuration):03b}{len(pixels) - 1:015b}",
        )
    )
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    content = int(bits, 2).to_bytes(len(bits) // 8) + configuration + pixels
    return box(b"ftyp", b"mif3", codec) + box(b"mini", content)


def turned_sequence(brand: bytes = b"avis") -> bytes:
    """Write Pillow's sequence with a rotation, where the sample entry had its colours."""
    written = drawn("AVIF", save_all=True, append_images=[Image.new("RGB", (60, 40), "red")])
    at = written.index(b"colr", written.index(b"stsd")) - 4
    end = at + int.from_bytes(written[at : at + 4])
    rotation = irot(1)
    written = written[:8] + brand + written[12:]
    return written[:at] + rotation + box(b"free", bytes(end - at - 17)) + written[end:]


_HEIC = (b"heic", b"mif1", b"heic")
_IROT, _CLAP, _BOXES = "ISO/IEC 23008-12, 6.5.10", "ISO/IEC 14496-12, 12.1.4", "14496-12, 4.2"
_MINI, _BRANDS = "ISO/IEC 23008-12, 9.2 (mini)", "ISO/IEC 23008-12, 10"


def _heic(name: str, size: tuple[int, int] | None, source: str, *properties: bytes) -> Case:
    content = file(*PLAIN, *properties, brands=_HEIC, kind=b"hvc1")
    return Case(name, HEIC, content, size, source)


CASES = [
    Case("plain", AVIF, file(*PLAIN), (60, 40)),
    Case("irot 0", AVIF, file(*PLAIN, irot(0)), (60, 40)),
    Case("irot 90", AVIF, file(*PLAIN, irot(1)), (40, 60)),
    Case("irot 180", AVIF, file(*PLAIN, irot(2)), (60, 40)),
    Case("irot 270", AVIF, file(*PLAIN, irot(3)), (40, 60)),
    Case("irot with reserved bits", AVIF, file(*PLAIN, irot(0xFD)), (40, 60), _IROT),
    Case("imir", AVIF, file(*PLAIN, imir(1)), (60, 40)),
    Case("irot and imir", AVIF, file(*PLAIN, irot(3), imir(0)), (40, 60)),
    Case("imir before irot", AVIF, file(*PLAIN, imir(0), irot(1)), (40, 60)),
    Case("two irot", AVIF, file(*PLAIN, irot(1), irot(2)), (40, 60)),
    Case(
        "irot of no item", AVIF, file(*PLAIN, irot(1), ipma=associations({1: (1, 2, 3)})), (60, 40)
    ),
    Case("clap at the corner", AVIF, file(*PLAIN, CORNER), (30, 20)),
    Case("clap at the corner, turned", AVIF, file(*PLAIN, CORNER, irot(1)), (20, 30)),
    Case("clap in halves", AVIF, file(*PLAIN, clap(31, 1, 21, 1, -29, 2, -19, 2)), (31, 21)),
    Case("clap in the middle", AVIF, file(*PLAIN, MIDDLE), (60, 40)),
    Case("clap in the middle, turned", AVIF, file(*PLAIN, MIDDLE, irot(3)), (40, 60)),
    Case("clap of all", AVIF, file(*PLAIN, clap(60, 1, 40, 1, 0, 1, 0, 1)), (60, 40)),
    Case("clap beyond", AVIF, file(*PLAIN, clap(300, 1, 200, 1, 0, 1, 0, 1)), (60, 40)),
    Case("clap by zero", AVIF, file(*PLAIN, clap(30, 0, 20, 0, 0, 1, 0, 1)), (60, 40)),
    Case("pasp", AVIF, file(*PLAIN, box(b"pasp", struct.pack(">II", 2, 1))), (60, 40)),
    Case("meta after mdat", AVIF, file(*PLAIN, late=True), (60, 40)),
    Case("meta to the end", AVIF, file(*PLAIN, late=True, endless=True), (60, 40)),
    Case("mdat to the end", AVIF, file(*PLAIN, endless=True), (60, 40)),
    Case("sizes of 64 bits", AVIF, file(*PLAIN, irot(1), write=wide), (40, 60)),
    Case("sizes of 64 bits, late", AVIF, file(*PLAIN, write=wide, late=True), (60, 40)),
    Case("iprp first", AVIF, file(*PLAIN, irot(1), order="hdlr iprp iinf iloc pitm"), (40, 60)),
    Case(
        "ipma with long numbers",
        AVIF,
        file(*PLAIN, irot(1), ipma=associations({1: (1, 2, 3, 4)}, flags=1)),
        (40, 60),
    ),
    Case(
        "ipma with long items",
        AVIF,
        file(*PLAIN, irot(1), ipma=associations({1: (1, 2, 3, 4)}, version=1)),
        (40, 60),
    ),
    Case(
        "ipma with both",
        AVIF,
        file(*PLAIN, irot(1), ipma=associations({1: (1, 2, 3, 4)}, 1, 1)),
        (40, 60),
    ),
    Case(
        "ipma in two boxes",
        AVIF,
        file(
            *PLAIN,
            irot(1),
            ipma=associations({7: (1,)}, version=1) + associations({1: (1, 2, 3, 4)}),
        ),
        (40, 60),
    ),
    Case(
        "ipma in two boxes of a kind",
        AVIF,
        file(*PLAIN, irot(1), ipma=associations({7: (1,)}) + associations({1: (1, 2, 3, 4)})),
        (40, 60),
    ),
    Case(
        "size of the primary item",
        AVIF,
        file(*PLAIN, ispe(9, 9), item=2, ipma=associations({1: (4,), 2: (1, 2, 3)})),
        (60, 40),
    ),
    Case(
        "the first of two sizes",
        AVIF,
        file(ispe(60, 40), ispe(9, 9), *PLAIN[1:], ipma=associations({1: (2, 1, 3, 4)})),
        (9, 9),
    ),
    Case(
        "brand mif1 before avif", AVIF, file(*PLAIN, brands=(b"mif1", b"mif1", b"avif")), (60, 40)
    ),
    Case("brand avif alone", AVIF, file(*PLAIN, brands=(b"avif",)), (60, 40)),
    Case(
        "brand heic before avif", AVIF, file(*PLAIN, brands=(b"heic", b"mif1", b"avif")), (60, 40)
    ),
    Case("sequence by Pillow, turned", AVIF, turned_sequence(), (40, 60)),
    Case("sequence of a brand for any", AVIF, turned_sequence(brand=b"mif1"), (40, 60)),
    Case("sequence of an unknown brand", AVIF, turned_sequence(brand=b"abcd"), (40, 60)),
    Case(
        "movie without the brand for sequences",
        AVIF,
        turned_sequence(brand=b"mif1").replace(b"avifavis", b"avifmiaf"),
        (60, 40),
    ),
    Case("still of a sequence", AVIF, turned_sequence(brand=b"avif"), (60, 40)),
    Case(
        "sequence by Pillow",
        AVIF,
        drawn("AVIF", save_all=True, append_images=[Image.new("RGB", (60, 40), "red")]),
        (60, 40),
    ),
    Case(
        "without a size",
        AVIF,
        file(*PLAIN[1:]),
        None,
        "ISO/IEC 23008-12, 6.5.3: there is to be one",
    ),
    Case("without properties", AVIF, box(b"ftyp", b"avif", bytes(4)) + full(b"meta"), None, _BOXES),
    Case(
        "a box shorter than its head",
        AVIF,
        box(b"ftyp", b"avif", bytes(4)) + b"\0\0\0\4meta",
        None,
        _BOXES,
    ),
    Case("sequence", AVIF, sequence(), (60, 40), "ISO/IEC 14496-12, 8.3.2"),
    Case("sequence, turned", AVIF, sequence(irot(1)), (40, 60), "MIAF, 23000-22, 7.3.6.7"),
    Case("sequence, shown otherwise", AVIF, sequence(shown=(90, 70)), (90, 70), "14496-12, 8.3.2"),
    Case("sequence of HEVC", HEIC, sequence(brand=b"msf1"), (60, 40), "ISO/IEC 14496-12, 8.3.2"),
    Case("mini, small", AVIF, minimized(60, 40), (60, 40)),
    Case("mini, large", AVIF, minimized(3000, 129), (3000, 129)),
    Case("mini, turned", AVIF, minimized(60, 40, orientation=6), (40, 60)),
    Case("mini, mirrored", AVIF, minimized(60, 40, orientation=4), (60, 40)),
    Case("mini of HEVC", HEIC, minimized(60, 40, codec=b"heic"), (60, 40), _MINI),
    _heic("HEIC", (60, 40), _IROT),
    _heic("HEIC, irot 90", (40, 60), _IROT, irot(1)),
    _heic("HEIC, irot 180", (60, 40), _IROT, irot(2)),
    _heic("HEIC, irot 270", (40, 60), _IROT, irot(3)),
    _heic("HEIC, clap in the middle", (30, 20), _CLAP, MIDDLE),
    _heic("HEIC, clap of fractions", (41, 25), "libheif 1.23", clap(81, 2, 49, 2, 0, 1, 0, 1)),
    _heic("HEIC, clap and irot", (20, 30), _CLAP, MIDDLE, irot(3)),
    Case("HEIC by mif1", HEIC, file(*PLAIN, brands=(b"mif1", b"miaf")), (60, 40), _BRANDS),
    Case(
        "HEIC by compatible brand", HEIC, file(*PLAIN, brands=(b"mif1", b"heix")), (60, 40), _BRANDS
    ),
    Case(
        "HEIC of tiles",
        HEIC,
        file(
            *PLAIN,
            ispe(512, 384),
            irot(1),
            brands=_HEIC,
            kind=b"grid",
            item=49,
            ipma=associations(dict.fromkeys(range(1, 49), (1, 2, 3)) | {49: (4, 5)}),
        ),
        (384, 512),
        "ISO/IEC 23008-12, 6.6.2.3",
    ),
    Case(
        "HEIC as an overlay",
        HEIC,
        file(ispe(80, 70), brands=_HEIC, kind=b"iovl"),
        (80, 70),
        "ISO/IEC 23008-12, 6.6.2.2",
    ),
]
