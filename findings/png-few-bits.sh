#!/usr/bin/env bash
# PNGs of 1, 2 or 4 bits: Pillow loses their transparency, upng-js their pixels, and fast-png refuses some.
#
# tRNS names the one transparent value of a grey PNG in its own range (PNG, third edition, 11.3.1.1). Pillow
# widens 2 and 4 bits to 8 and not that value, so that none but black is ever transparent. OpenCV, by
# IMREAD_UNCHANGED, gives alpha where RGB or a palette has tRNS, and never where grey has. upng-js, which
# has all depths and interlaced ones in its README, mixes up the pixels where a row is no whole number of
# bytes. fast-png ends in "Unsupported filter" where few bits are interlaced. Chromium, pngjs (which is in
# jimp) and sharp are right in each case.
#
# Seen with Pillow 13.0.0, opencv-python-headless 5.0.0.93, upng-js 2.1.0, fast-png 8.0.0 (which leaves grey
# packed), pngjs 7.0.0, jimp 1.6.1, sharp 0.35.5, chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64):
#   wrong:                Chromium pngjs    jimp     sharp    Pillow   OpenCV   upng-js  fast-png
#   grey 8                -        -        -        -        -        -        -        -
#   grey 8, tRNS          -        -        -        -        -        alpha    -        -
#   grey 4                -        -        -        -        -        -        pixels   packed
#   grey 4, tRNS          -        -        -        -        alpha    alpha    pixels   packed
#   grey 2, tRNS          -        -        -        -        alpha    alpha    pixels   packed
#   grey 1, tRNS          -        -        -        -        -        alpha    pixels   packed
#   grey 4, interlaced    -        -        -        -        -        -        pixels   refused
#   palette 1             -        -        -        -        -        -        -        -
#   palette 1, interlaced -        -        -        -        -        -        pixels   refused
#   palette 4, interlaced -        -        -        -        -        -        -        refused
#   RGB, tRNS             -        -        -        -        -        -        -        -
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 \
    opencv-python-headless==5.0.0.93 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund upng-js@2.1.0 fast-png@8.0.0 pngjs@7.0.0 jimp@1.6.1 \
    sharp@0.35.5 >log 2>&1 || { cat log; exit 2; }

venv/bin/python >page.html <<'PYTHON'
import json
import struct
import zlib
from base64 import b64encode
from pathlib import Path

WIDTH, HEIGHT = 5, 3
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
GREY, RGB, PALETTE = 0, 2, 3
CASES = {  # bits, kind, interlaced, transparent
    "grey 8": (8, GREY, False, False),
    "grey 8, tRNS": (8, GREY, False, True),
    "grey 4": (4, GREY, False, False),
    "grey 4, tRNS": (4, GREY, False, True),
    "grey 2, tRNS": (2, GREY, False, True),
    "grey 1, tRNS": (1, GREY, False, True),
    "grey 4, interlaced": (4, GREY, True, False),
    "palette 1": (1, PALETTE, False, False),
    "palette 1, interlaced": (1, PALETTE, True, False),
    "palette 4, interlaced": (4, PALETTE, True, True),
    "RGB, tRNS": (8, RGB, False, True),
}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def value(x, y, bits):
    return (3 * y + x + 1) % (1 << bits)


def row(xs, y, bits, kind):
    values = [value(x, y, bits) for x in xs for _ in range(3 if kind == RGB else 1)]
    together = "".join(f"{one:0{bits}b}" for one in values)
    return bytes(int(together[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(together), 8))


def png(bits, kind, interlaced, transparent):
    rows = b""
    for left, top, across, down in PASSES if interlaced else [(0, 0, 1, 1)]:
        xs = range(left, WIDTH, across)
        rows += b"".join(b"\0" + row(xs, y, bits, kind) for y in range(top, HEIGHT, down) if xs)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, kind, 0, 0, interlaced)
    key = value(0, 2, bits)
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    if kind == PALETTE:
        body += chunk(b"PLTE", b"".join(bytes([9 * at, 200 - 9 * at, 50]) for at in range(1 << bits)))
    if transparent:
        names = bytes(255 * (at != key) for at in range(key + 1)) if kind == PALETTE else b""
        body += chunk(b"tRNS", names or struct.pack(">H", key) * (3 if kind == RGB else 1))
    return body + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def expected(bits, kind, transparent):
    for y in range(HEIGHT):
        for x in range(WIDTH):
            at = value(x, y, bits)
            grey = at * 255 // ((1 << bits) - 1)
            colour = [9 * at, 200 - 9 * at, 50] if kind == PALETTE else [grey] * 3
            yield from (*colour, 0 if transparent and at == value(0, 2, bits) else 255)


pixels = {}
for title, (bits, kind, interlaced, transparent) in CASES.items():
    Path(f"{title}.png").write_bytes(png(bits, kind, interlaced, transparent))
    pixels[title] = list(expected(bits, kind, transparent))
Path("expected.json").write_text(json.dumps(pixels))
print("<!doctype html>")
for title in CASES:
    body = Path(f"{title}.png").read_bytes()
    print(f'<img alt="{title}" src="data:image/png;base64,{b64encode(body).decode()}">')
print("""<pre id=seen></pre><script>
onload = () => {
  seen.textContent = JSON.stringify(Object.fromEntries([...document.images].map((picture) => {
    const draw = document.createElement('canvas').getContext('2d');
    draw.drawImage(picture, 0, 0);
    return [picture.alt, [...draw.getImageData(0, 0, picture.naturalWidth, picture.naturalHeight).data]];
  })));
};
</script>""")
PYTHON
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >Chromium.json
venv/bin/python <<'PYTHON'
import json
from pathlib import Path

import cv2
from PIL import Image

found = {"Pillow": {}, "OpenCV": {}}
for title in json.loads(Path("expected.json").read_text()):
    with Image.open(f"{title}.png") as picture:
        found["Pillow"][title] = list(picture.convert("RGBA").tobytes())
    pixels = cv2.imread(f"{title}.png", cv2.IMREAD_UNCHANGED)
    kind = {2: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA}.get(pixels.ndim)
    if pixels.shape[2:] == (4,):
        kind = cv2.COLOR_BGRA2RGBA
    found["OpenCV"][title] = cv2.cvtColor(pixels, kind).ravel().tolist()
for name, pixels in found.items():
    Path(f"{name}.json").write_text(json.dumps(pixels))
PYTHON
cat >read.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import { convertIndexedToRgb, decode } from 'fast-png';
import { Jimp } from 'jimp';
import { PNG } from 'pngjs';
import sharp from 'sharp';
import UPNG from 'upng-js';

const load = (name) => JSON.parse(readFileSync(`${name}.json`));
const expected = load('expected');
const given = (name) => { const all = load(name); return (body, title) => all[title]; };
const opaque = (data, channels) => {
  const pixels = [];
  for (let at = 0; at < data.length; at += channels) {
    const colour = [...data.slice(at, at + channels)];
    pixels.push(...(channels < 3 ? [colour[0], colour[0], colour[0]] : colour.slice(0, 3)));
    pixels.push(channels % 2 ? 255 : colour[channels - 1]);
  }
  return pixels;
};
const byFastPng = (body) => {
  const png = decode(body);
  if (png.palette) return opaque(convertIndexedToRgb(png), png.palette[0].length);
  if (png.depth < 8) return 'packed';
  const pixels = opaque(png.data, png.channels);  // what is transparent it gives beside them
  for (let at = 0; png.transparency && at < png.data.length; at += png.channels) {
    if (png.transparency.every((part, of) => part === png.data[at + of])) {
      pixels[at / png.channels * 4 + 3] = 0;
    }
  }
  return pixels;
};
const readers = {
  Chromium: given('Chromium'),
  pngjs: (body) => [...PNG.sync.read(body).data],
  jimp: async (body) => [...(await Jimp.fromBuffer(body)).bitmap.data],
  sharp: async (body) => [...await sharp(body).toColourspace('srgb').ensureAlpha().raw().toBuffer()],
  Pillow: given('Pillow'),
  OpenCV: given('OpenCV'),
  'upng-js': (body) => [...new Uint8Array(UPNG.toRGBA8(UPNG.decode(body))[0])],
  'fast-png': byFastPng,
};
const judged = (pixels, wanted) => {
  if (pixels === 'packed') return pixels;
  const seen = (part, at) => at % 4 === 3 || wanted[at - at % 4 + 3] > 0;  // nobody sees the others
  const wrong = wanted.flatMap((part, at) => seen(part, at) && pixels[at] !== part ? [at] : []);
  if (!wrong.length) return 'right';
  return wrong.every((at) => at % 4 === 3) ? 'alpha' : 'pixels';
};
const line = (title, cells) =>
  console.log((title.padEnd(22) + cells.map((cell) => cell.padEnd(9)).join('')).trimEnd());
line('wrong:', Object.keys(readers));
for (const [title, wanted] of Object.entries(expected)) {
  const body = readFileSync(`${title}.png`);
  const cells = [];
  for (const reader of Object.values(readers)) {
    try {
      cells.push(judged(await reader(body, title), wanted));
    } catch {
      cells.push('refused');
    }
  }
  line(title, cells.map((cell) => cell === 'right' ? '-' : cell));
}
NODE
node read.mjs >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
wrong:                Chromium pngjs    jimp     sharp    Pillow   OpenCV   upng-js  fast-png
grey 8                -        -        -        -        -        -        -        -
grey 8, tRNS          -        -        -        -        -        alpha    -        -
grey 4                -        -        -        -        -        -        pixels   packed
grey 4, tRNS          -        -        -        -        alpha    alpha    pixels   packed
grey 2, tRNS          -        -        -        -        alpha    alpha    pixels   packed
grey 1, tRNS          -        -        -        -        -        alpha    pixels   packed
grey 4, interlaced    -        -        -        -        -        -        pixels   refused
palette 1             -        -        -        -        -        -        -        -
palette 1, interlaced -        -        -        -        -        -        pixels   refused
palette 4, interlaced -        -        -        -        -        -        -        refused
RGB, tRNS             -        -        -        -        -        -        -        -
SEEN
