#!/usr/bin/env bash
# OpenCV 5.0.0 and imagecodecs 2026.3.6 read other colours out of a BMP than it has, and say nothing.
#
# BI_BITFIELDS says by masks where red, green and blue are in a pixel. OpenCV reads the masks of a
# header of 56 bytes; behind one of 40, their first place, it takes blue, green, red of 8 bits for granted
# and the free byte for alpha: orange becomes a transparent blue, and 10 bits a colour something
# else. imagecodecs finds the fields, but leaves their values at the width of the file: 5 bits
# come out nearly black, of 10 bits a part. An OS/2 bitmap with 24 bits is grey in OpenCV by
# IMREAD_UNCHANGED, and right by IMREAD_COLOR. Pillow refuses the masks that it does not know.
#
# Seen with opencv-python-headless 5.0.0.93, imagecodecs 2026.3.6, Pillow 13.0.0 and
# chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), for one column of orange; the number is
# the size of the header:
#                   Chromium         OpenCV           imagecodecs      Pillow
#   24 bits, 40     255 128 0        255 128 0        255 128 0        255 128 0
#   24 bits, OS/2   255 128 0        151              refused          255 128 0
#   R8 G8 B8, 56    255 128 0        255 128 0 255    255 128 0        refused
#   R8 G8 B8, 40    255 128 0        0 128 255 0      255 128 0 255    refused
#   10 bits, 56     255 128 0        255 127 0 255    255 0 0          refused
#   10 bits, 40     255 128 0        248 0 0 63       255 0 0 255      refused
#   5 of 32, 56     255 132 0        255 131 0 255    31 16 0          refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 \
    opencv-python-headless==5.0.0.93 imagecodecs==2026.3.6 2>pip || { cat pip; exit 2; }

cat >bitmaps.py <<'PYTHON'
import struct

HEIGHT = 9
RGB = 0xFF, 0xFF00, 0xFF0000  # where red, green and blue are
TEN = 0x3FF << 20, 0x3FF << 10, 0x3FF
FIVE = 0x1F << 10, 0x1F << 5, 0x1F


def bitmap(header, bits, pixel, masks=None):
    """Return a BMP of one column, without alpha."""
    rows = pixel.to_bytes(4, "little") * HEIGHT
    if header == 12:
        fields = struct.pack("<IHHHH", 12, 1, HEIGHT, 1, bits)
    else:
        kind = 3 if masks else 0
        fields = struct.pack("<IiiHHIIiiII", header, 1, HEIGHT, 1, bits, kind, len(rows), 0, 0, 0, 0)
        if masks:
            fields += struct.pack("<III", *masks)
        fields = fields.ljust(header, b"\0")
    start = 14 + len(fields)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + fields + rows


CASES = {
    "24 bits, 40": bitmap(40, 24, 0xFF8000),
    "24 bits, OS/2": bitmap(12, 24, 0xFF8000),
    "R8 G8 B8, 56": bitmap(56, 32, 0x0080FF, RGB),
    "R8 G8 B8, 40": bitmap(40, 32, 0x0080FF, RGB),
    "10 bits, 56": bitmap(56, 32, 0x3FF << 20 | 512 << 10, TEN),
    "10 bits, 40": bitmap(40, 32, 0x3FF << 20 | 512 << 10, TEN),
    "5 of 32, 56": bitmap(56, 32, 0x1F << 10 | 16 << 5, FIVE),
}
PYTHON
venv/bin/python - >page.html <<'PYTHON'
from base64 import b64encode

from bitmaps import CASES

print("<!doctype html>")
for body in CASES.values():
    print(f'<img src="data:image/bmp;base64,{b64encode(body).decode()}">')
print("""<pre id=seen></pre><script>
onload = () => {
  seen.textContent = [...document.images].map((picture) => {
    const draw = document.createElement('canvas').getContext('2d');
    draw.drawImage(picture, 0, 0);
    return draw.getImageData(0, 0, 1, 1).data.slice(0, 3).join(' ');
  }).join(';');
};
</script>""")
PYTHON
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >chromium

venv/bin/python >seen <<'PYTHON'
import io
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
from bitmaps import CASES
from PIL import Image


def by_opencv(body):
    pixel = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)[0, 0]
    return (pixel,) if pixel.ndim == 0 else (*pixel[2::-1], *pixel[3:])


def by_imagecodecs(body):
    return imagecodecs.bmp_decode(body)[0, 0]


def by_pillow(body):
    return Image.open(io.BytesIO(body)).convert("RGB").getpixel((0, 0))


def answer(reader, body):
    try:
        return " ".join(map(str, reader(body)))
    except (OSError, imagecodecs.BmpError):
        return "refused"


def line(title, *answers):
    print(f"{title:15} {' '.join(f'{answer:16}' for answer in answers)}".rstrip())


line("", "Chromium", "OpenCV", "imagecodecs", "Pillow")
browser = Path("chromium").read_text().strip().split(";")
for (title, body), colour in zip(CASES.items(), browser, strict=True):
    answers = (answer(reader, body) for reader in (by_opencv, by_imagecodecs, by_pillow))
    line(title, colour, *answers)
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                Chromium         OpenCV           imagecodecs      Pillow
24 bits, 40     255 128 0        255 128 0        255 128 0        255 128 0
24 bits, OS/2   255 128 0        151              refused          255 128 0
R8 G8 B8, 56    255 128 0        255 128 0 255    255 128 0        refused
R8 G8 B8, 40    255 128 0        0 128 255 0      255 128 0 255    refused
10 bits, 56     255 128 0        255 127 0 255    255 0 0          refused
10 bits, 40     255 128 0        248 0 0 63       255 0 0 255      refused
5 of 32, 56     255 132 0        255 131 0 255    31 16 0          refused
SEEN
