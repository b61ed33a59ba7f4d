#!/usr/bin/env bash
# Pillow 13.0.0 and OpenCV 5.0.0 show TIFFs with 16 bits of grey as negatives, where 0 is white.
#
# PhotometricInterpretation 0 (TIFF 6.0) says that the values count from white to black. Both turn them
# round with 1 and 8 bits. With 16 Pillow gives a picture of mode I;16 with the values as they are,
# the same as of a file that counts from black; only `tag_v2[262]` tells them apart. OpenCV does so by
# IMREAD_UNCHANGED and turns them by IMREAD_GRAYSCALE, so one file is a negative of itself. sharp is right
# in each case.
#
# Seen with Pillow 13.0.0, opencv-python-headless 5.0.0.93, sharp 0.35.5 (libvips 8.18.7), tifffile
# 2026.3.3 to write; of 255, for the stored value 200 and its meaning:
#                       means    Pillow   OpenCV   OpenCV, grey   sharp
#   8 bits from black   200      200      200      200            200
#   8 bits from white   55       55       55       55             55
#   16 bits from black  200      200      200      200            200
#   16 bits from white  55       200      200      55             55
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 \
    opencv-python-headless==5.0.0.93 tifffile==2026.3.3 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund sharp@0.35.5 >log 2>&1 || { cat log; exit 2; }

venv/bin/python >python <<'PYTHON'
import cv2
import numpy as np
import tifffile
from PIL import Image

STORED = 200


def line(title, *cells):
    print(f"{title:19} {' '.join(f'{cell:8}' for cell in map(str, cells))}".rstrip())


line("", "means", "Pillow", "OpenCV", "OpenCV, grey")
for bits, kind, scale in (8, np.uint8, 1), (16, np.uint16, 257):
    for end in "black", "white":
        name = f"{bits}{end}.tif"
        pixels = np.full((32, 32), STORED * scale, kind)
        tifffile.imwrite(name, pixels, photometric=f"minis{end}")
        line(
            f"{bits} bits from {end}",
            STORED if end == "black" else 255 - STORED,
            Image.open(name).getpixel((9, 9)) // scale,
            cv2.imread(name, cv2.IMREAD_UNCHANGED)[9, 9] // scale,
            cv2.imread(name, cv2.IMREAD_GRAYSCALE)[9, 9],
        )
PYTHON
cat >read.cjs <<'NODE'
const sharp = require('sharp');
(async () => {
  console.log('sharp');
  for (const name of ['8black', '8white', '16black', '16white']) {
    console.log((await sharp(name + '.tif').raw({ depth: 'uchar' }).toBuffer())[0]);
  }
})();
NODE
node read.cjs >sharp
while IFS= read -r -u 3 row && IFS= read -r -u 4 cell; do printf '%-61s %s\n' "$row" "$cell"; done \
    3<python 4<sharp >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
                    means    Pillow   OpenCV   OpenCV, grey   sharp
8 bits from black   200      200      200      200            200
8 bits from white   55       55       55       55             55
16 bits from black  200      200      200      200            200
16 bits from white  55       200      200      55             55
SEEN
