#!/usr/bin/env bash
# OpenCV 5.0.0 darkens TIFFs that have transparency, and shows others as black, without a word.
#
# By IMREAD_UNCHANGED a PNG comes with the colours that are in it. A TIFF of 8 bits comes with them
# multiplied by alpha, whether ExtraSamples calls its alpha associated (1) or unassociated (2), so nobody
# can tell whether to divide; with 16 bits they come as they are. What blends them again gets too dark.
# Where libtiff lacks the compression (JPEG XL, JPEG 2000 or PNG in TIFF, all of which tifffile
# writes), the result is no None but a black picture of the right size; Pillow and sharp refuse those.
#
# Seen with opencv-python-headless 5.0.0.93, Pillow 13.0.0, tifffile 2026.3.3 and imagecodecs 2026.3.6 to
# write; 200 100 50 is stored, with an alpha of 128 (100 50 25 where it is associated):
#                      OpenCV              Pillow
#   PNG                200 100 50 128      200 100 50 128
#   8, unassociated    100 50 25 128       200 100 50 128
#   8, associated      100 50 25 128       199 99 49 128
#   16, unassociated   200 100 50 128      200 100 50 128
#   no compression     200 100 50          200 100 50
#   JPEG XL            0 0 0               refused
#   JPEG 2000          0 0 0               refused
#   PNG in TIFF        0 0 0               refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 tifffile==2026.3.3 \
    opencv-python-headless==5.0.0.93 imagecodecs==2026.3.6 2>pip || { cat pip; exit 2; }

venv/bin/python >seen 2>log <<'PYTHON'
import cv2
import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

STRAIGHT = np.full((32, 32, 4), (200, 100, 50, 128), np.uint8)
MULTIPLIED = np.full((32, 32, 4), (100, 50, 25, 128), np.uint8)
WIDE = STRAIGHT.astype(np.uint16) * 257


def by_opencv(name):
    blue, green, red, *alpha = cv2.imread(name, cv2.IMREAD_UNCHANGED)[9, 9]
    scale = 257 if red.itemsize == 2 else 1
    return " ".join(str(value // scale) for value in (red, green, blue, *alpha))


def by_pillow(name):
    try:
        return " ".join(map(str, Image.open(name).getpixel((9, 9))))
    except UnidentifiedImageError:
        return "refused"


def line(title, name):
    print(f"{title:18} {by_opencv(name):19} {by_pillow(name)}")


print(f"{'':18} {'OpenCV':19} Pillow")
Image.fromarray(STRAIGHT).save("a.png")
line("PNG", "a.png")
for title, pixels, kind in (
    ("8, unassociated", STRAIGHT, "unassalpha"),
    ("8, associated", MULTIPLIED, "assocalpha"),
    ("16, unassociated", WIDE, "unassalpha"),
):
    tifffile.imwrite("a.tif", pixels, photometric="rgb", extrasamples=[kind])
    line(title, "a.tif")
for title, compression in (
    ("no compression", None),
    ("JPEG XL", "jpegxl"),
    ("JPEG 2000", "jpeg2000"),
    ("PNG in TIFF", "png"),
):
    tifffile.imwrite("a.tif", STRAIGHT[..., :3].copy(), photometric="rgb", compression=compression)
    line(title, "a.tif")
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                   OpenCV              Pillow
PNG                200 100 50 128      200 100 50 128
8, unassociated    100 50 25 128       200 100 50 128
8, associated      100 50 25 128       199 99 49 128
16, unassociated   200 100 50 128      200 100 50 128
no compression     200 100 50          200 100 50
JPEG XL            0 0 0               refused
JPEG 2000          0 0 0               refused
PNG in TIFF        0 0 0               refused
SEEN
