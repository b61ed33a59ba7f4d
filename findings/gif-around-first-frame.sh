#!/usr/bin/env bash
# Five readers of GIF give five answers to what is around a frame smaller than the screen.
#
# A frame may cover a part of the logical screen only; the standard has the rest in the background
# colour (GIF89a, 18), browsers have left it transparent for long. Pillow gives it palette entry
# 0, whatever the background is, and sharp black. OpenCV takes the background colour, and imagecodecs
# writes its *index* as the value of red. One transparent colour, used or not, brings three of
# them to the answer of the browser; imagecodecs gives no alpha at all then.
# Draw the frame on an empty picture by yourself: its place is `tile[0]` in Pillow before load().
#
# Seen with Pillow 13.0.0, sharp 0.35.5 (libvips 8.18.7), OpenCV 5.0.0.93, imagecodecs 2026.3.6 and
# chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), for the palette red, green, blue, grey:
#   background               2 (blue)       3 (grey)         2, 3 transparent
#   Chromium                 0 0 0 0        0 0 0 0          0 0 0 0
#   Pillow                   255 0 0 255    255 0 0 255      200 200 200 0
#   sharp                    0 0 0 255      0 0 0 255        0 0 0 0
#   OpenCV                   0 0 255 255    200 200 200 255  0 0 255 0
#   imagecodecs              2 0 0 255      3 0 0 255        2 0 0 255
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
npm install --silent --no-audit --no-fund sharp@0.35.5 >log 2>&1 || { cat log; exit 2; }

venv/bin/python >python <<'PYTHON'
import struct
from base64 import b64encode
from pathlib import Path

import cv2
import imagecodecs
from PIL import Image

PALETTE = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 200, 200])


def gif(background, key=None):
    """Return a screen of 4 pixels, with a frame of two green ones in the middle."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 4, 1, 0xF1, background, 0) + PALETTE
    control = b"" if key is None else b"!\xf9\x04" + bytes([1, 0, 0, key, 0])
    frame = b"," + struct.pack("<HHHHB", 1, 0, 2, 1, 0)
    codes = sum(code << 3 * at for at, code in enumerate((4, 1, 1, 5)))
    return screen + control + frame + b"\x02\x02" + codes.to_bytes(2, "little") + b"\x00;"


def cells(title, pixels):
    colours = [" ".join(str(value) for value in (*pixel, 255)[:4]) for pixel in pixels]
    print(f"{title:24} {colours[0]:14} {colours[1]:16} {colours[2]}")


files = {"2.gif": gif(2), "3.gif": gif(3), "key.gif": gif(2, 3)}
for name, body in files.items():
    Path(name).write_bytes(body)
corners = {"Pillow": [], "OpenCV": [], "imagecodecs": []}
for name, body in files.items():
    with Image.open(name) as picture:
        corners["Pillow"].append(picture.convert("RGBA").getpixel((0, 0)))
    blue, green, red, *alpha = map(int, cv2.imread(name, cv2.IMREAD_UNCHANGED)[0, 0])
    corners["OpenCV"].append((red, green, blue, *alpha))
    corners["imagecodecs"].append(map(int, imagecodecs.gif_decode(body)[0, 0]))
for title, pixels in corners.items():
    cells(title, pixels)

pictures = "".join(
    f'<img src="data:image/gif;base64,{b64encode(body).decode()}">' for body in files.values()
)
Path("page.html").write_text(
    f"""<!doctype html>{pictures}<pre id=seen></pre><script>
onload = () => {{
  seen.textContent = [...document.images].map((picture) => {{
    const draw = document.createElement('canvas').getContext('2d');
    draw.drawImage(picture, 0, 0);
    return draw.getImageData(0, 0, 1, 1).data.join(' ');
  }}).join(';');
}};
</script>"""
)
PYTHON
cat >read.cjs <<'NODE'
const sharp = require('sharp');
const corner = async (name) => [...(await sharp(name).ensureAlpha().raw().toBuffer())].slice(0, 4);
Promise.all(['2.gif', '3.gif', 'key.gif'].map(corner)).then((corners) => {
  console.log(corners.map((pixel) => pixel.join(' ')).join(';'));
});
NODE
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
line() { IFS=';' read -r one two three; printf '%-24s %-14s %-16s %s\n' "$1" "$one" "$two" "$three"; }
{
    echo '2 (blue);3 (grey);2, 3 transparent' | line background
    root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
        --dump-dom "file://$folder/page.html" 2>log |
        sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' | line Chromium
    head -1 python
    node read.cjs | line sharp
    tail -2 python
} >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
background               2 (blue)       3 (grey)         2, 3 transparent
Chromium                 0 0 0 0        0 0 0 0          0 0 0 0
Pillow                   255 0 0 255    255 0 0 255      200 200 200 0
sharp                    0 0 0 255      0 0 0 255        0 0 0 0
OpenCV                   0 0 255 255    200 200 200 255  0 0 255 0
imagecodecs              2 0 0 255      3 0 0 255        2 0 0 255
SEEN
