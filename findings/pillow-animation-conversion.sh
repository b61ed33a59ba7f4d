#!/usr/bin/env bash
# Pillow 13.0.0 makes animations that play once endless, and leaves AVIF frames a millisecond each.
#
# The count in a GIF (NETSCAPE2.0) says how often to begin again, and without it a GIF plays once; those in
# WebP (RFC 9649, 2.7.1.1) and PNG (acTL, third edition, 11.3.6.1) say how often to play. Pillow calls
# both `loop`. Image.open(gif).save(webp, save_all=True) leaves it out, which is endless there; into PNG it is
# taken over as it is, one play too few. The time of a frame is taken over by both, and not by AVIF,
# where an animation of 100 ms a frame gets 1 ms. OpenCV and sharp, which count plays whatever the
# format, keep them; only in AVIF all are endless.
#
# Seen with Pillow 13.0.0, opencv-python-headless 5.0.0.93 (which reads the results) and sharp 0.35.5, for
# GIFs of 100 ms a frame: how often the result plays, and the milliseconds of its frames
#   GIF              1, 100 ms        3, 100 ms        endless, 100 ms
#   webp by Pillow   endless, 100 ms  endless, 100 ms  endless, 100 ms
#   png by Pillow    endless, 100 ms  2, 100 ms        endless, 100 ms
#   avif by Pillow   endless, 1 ms    endless, 1 ms    endless, 1 ms
#   webp by OpenCV   1, 100 ms        3, 100 ms        endless, 100 ms
#   png by OpenCV    1, 100 ms        3, 100 ms        endless, 100 ms
#   avif by OpenCV   endless, 100 ms  endless, 100 ms  endless, 100 ms
#   webp by sharp    1, 100 ms        3, 100 ms        endless, 100 ms
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 \
    opencv-python-headless==5.0.0.93 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund sharp@0.35.5 >log 2>&1 || { cat log; exit 2; }

venv/bin/python <<'PYTHON'
import cv2
from PIL import Image

FRAMES = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
for name, options in ("1", {}), ("3", {"loop": 2}), ("endless", {"loop": 0}):
    gif = f"{name}.gif"
    FRAMES[0].save(gif, save_all=True, append_images=FRAMES[1:], duration=100, **options)
    animation = cv2.imreadanimation(gif)[1]
    for kind in "webp", "png", "avif":
        with Image.open(gif) as picture:
            picture.save(f"{name}-pillow.{kind}", save_all=True)
        cv2.imwriteanimation(f"{name}-opencv.{kind}", animation)
PYTHON
cat >convert.cjs <<'NODE'
const sharp = require('sharp');
Promise.all(['1', '3', 'endless'].map((name) =>
  sharp(`${name}.gif`, { animated: true }).toFile(`${name}-sharp.webp`)));
NODE
node convert.cjs

venv/bin/python >seen <<'PYTHON'
import cv2


def plays(name):
    animation = cv2.imreadanimation(name)[1]
    assert len(animation.frames) == 3
    (duration,) = {int(duration) for duration in animation.durations}
    return f"{animation.loop_count or 'endless'}, {duration} ms"


def line(title, *cells):
    print(f"{title:16} {' '.join(f'{cell:16}' for cell in cells)}".rstrip())


NAMES = "1", "3", "endless"
line("GIF", *(plays(f"{name}.gif") for name in NAMES))
for tool, kinds in ("Pillow", "webp png avif"), ("OpenCV", "webp png avif"), ("sharp", "webp"):
    for kind in kinds.split():
        made = (plays(f"{name}-{tool.lower()}.{kind}") for name in NAMES)
        line(f"{kind} by {tool}", *made)
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
GIF              1, 100 ms        3, 100 ms        endless, 100 ms
webp by Pillow   endless, 100 ms  endless, 100 ms  endless, 100 ms
png by Pillow    endless, 100 ms  2, 100 ms        endless, 100 ms
avif by Pillow   endless, 1 ms    endless, 1 ms    endless, 1 ms
webp by OpenCV   1, 100 ms        3, 100 ms        endless, 100 ms
png by OpenCV    1, 100 ms        3, 100 ms        endless, 100 ms
avif by OpenCV   endless, 100 ms  endless, 100 ms  endless, 100 ms
webp by sharp    1, 100 ms        3, 100 ms        endless, 100 ms
SEEN
