#!/usr/bin/env bash
# image-size 2.1.0 takes a denominator from the width of an AVIF; probe-image-size 7.5.0 turns it round.
#
# A clean aperture (clap) gives the width that is shown as a fraction (ISO/IEC 14496-12, 12.1.4). image-size
# subtracts the lower part of that from the coded width: 64 pixels cropped to 40/1 are 63, and to
# 40000/1000 they are -936. Rotation (irot), by 90 degrees anti-clockwise (23008-12, 6.5.10), leaves the size as
# coded, and is 6 in probe-image-size, which in EXIF is the other way round; clockwise is 8. It does not
# know the crop, image-dimensions neither of them. Where the size of a box is written in 64 bits (14496-12,
# 4.2), the first two find nothing.
#
# Seen with image-size 2.1.0, probe-image-size 7.5.0 (its orientation behind the size), image-dimensions 2.6.0
# and sharp 0.35.5, for a file of Pillow 13.0.0, which calls the turned ones 8 and 6:
#                           sharp            image-size       probe-image-size image-dimensions
#   as it is                64x48            64x48            64x48            64x48
#   turned left, 8          48x64            64x48            64x48 (6)        64x48
#   turned right, 6         48x64            64x48            64x48 (8)        64x48
#   cropped                 40x24            63x48            64x48            64x48
#   cropped, in thousandths 40x24            -936x48          64x48            64x48
#   wide size of mdat       64x48            64x48            64x48            64x48
#   wide size of meta       64x48            none             none             64x48
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund sharp@0.35.5 image-size@2.1.0 probe-image-size@7.5.0 \
    image-dimensions@2.6.0 >log 2>&1 || { cat log; exit 2; }

venv/bin/python <<'PYTHON'
import io
import struct
from pathlib import Path

from PIL import Image


def boxes(data):
    while data:
        size = int.from_bytes(data[:4])
        yield data[4:8], data[8:size]
        data = data[size:]


def box(kind, content, wide=False):
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def rewritten(plain, properties=(), wide=()):
    """Return a file of one picture with further properties, and with wide sizes of some boxes."""
    (_, brands), (_, meta), (_, pixels) = boxes(plain)
    parts = dict(boxes(meta[4:]))
    (_, known), (_, used) = boxes(parts[b"iprp"])
    first = len(list(boxes(known))) + 1
    indexes = bytes(0x80 | first + at for at in range(len(properties)))
    known += b"".join(box(*one) for one in properties)
    used = used[:10] + bytes([used[10] + len(properties)]) + used[11:] + indexes
    parts[b"iprp"] = box(b"ipco", known) + box(b"ipma", used)

    def head(start):
        place = parts[b"iloc"]
        parts[b"iloc"] = place[:14] + struct.pack(">I", start) + place[18:]
        inner = b"".join(box(*part) for part in parts.items())
        return box(b"ftyp", brands) + box(b"meta", meta[:4] + inner, b"meta" in wide)

    body = box(b"mdat", pixels, b"mdat" in wide)
    return head(len(head(0)) + len(body) - len(pixels)) + body


def crop(width, height, parts):
    sides = width * parts, parts, height * parts, parts
    return b"clap", struct.pack(">IIIIiIiI", *sides, (width - 64) // 2, 1, (height - 48) // 2, 1)


file = io.BytesIO()
Image.new("RGB", (64, 48)).save(file, "AVIF")
for name, cases in {
    "as it is": {},
    "turned left, 8": {"properties": [(b"irot", b"\1")]},
    "turned right, 6": {"properties": [(b"irot", b"\3")]},
    "cropped": {"properties": [crop(40, 24, 1)]},
    "cropped, in thousandths": {"properties": [crop(40, 24, 1000)]},
    "wide size of mdat": {"wide": [b"mdat"]},
    "wide size of meta": {"wide": [b"meta"]},
}.items():
    body = rewritten(file.getvalue(), **cases)
    Path(f"{name}.avif").write_bytes(body)
    orientation = Image.open(io.BytesIO(body)).getexif().get(0x112)
    assert orientation is None or name.endswith(str(orientation))
PYTHON
cat >read.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import { imageDimensionsFromData } from 'image-dimensions';
import { imageSize } from 'image-size';
import probe from 'probe-image-size';
import sharp from 'sharp';

const readers = {
  sharp: async (body) => (await sharp(body).raw().toBuffer({ resolveWithObject: true })).info,
  'image-size': imageSize,
  'probe-image-size': (body) => probe.sync(body),
  'image-dimensions': (body) => imageDimensionsFromData(new Uint8Array(body)),
};
const said = async (reader, body) => {
  try {
    const { width, height, orientation } = await reader(body);
    return `${width}x${height}` + (orientation ? ` (${orientation})` : '');
  } catch {
    return 'none';
  }
};
const line = (title, ...cells) =>
  console.log((title.padEnd(24) + cells.map((cell) => cell.padEnd(17)).join('')).trimEnd());
line('', ...Object.keys(readers));
for (const title of process.argv.slice(2)) {
  const body = readFileSync(`${title}.avif`);
  const answers = [];
  for (const reader of Object.values(readers)) answers.push(await said(reader, body));
  line(title, ...answers);
}
NODE
node read.mjs 'as it is' 'turned left, 8' 'turned right, 6' cropped 'cropped, in thousandths' \
    'wide size of mdat' 'wide size of meta' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
                        sharp            image-size       probe-image-size image-dimensions
as it is                64x48            64x48            64x48            64x48
turned left, 8          48x64            64x48            64x48 (6)        64x48
turned right, 6         48x64            64x48            64x48 (8)        64x48
cropped                 40x24            63x48            64x48            64x48
cropped, in thousandths 40x24            -936x48          64x48            64x48
wide size of mdat       64x48            64x48            64x48            64x48
wide size of meta       64x48            none             none             64x48
SEEN
