#!/usr/bin/env bash
# Pillow 13.0.0 and imagecodecs 2026.3.6 make opaque APNGs translucent, and show through what is no frame.
#
# APNG_BLEND_OP_OVER lays a frame over what is there as alpha wants it (PNG, third edition, 11.3.6.2): over an
# opaque pixel the result is opaque, over a clear one it is the frame itself. Both mix the alphas as if
# they were a fourth colour, so that half of blue over red has an alpha of 191, and over nothing 64.
# Where the picture for other readers stands apart, in front of the first frame, it belongs to no frame, and
# these begin on a clear canvas (11.3.6.2). The two paint on it, as if it were the first of them; disposal by
# PREVIOUS brings it back. OpenCV shows it in place of a single frame, and FFmpeg refuses a smaller one.
#
# Seen with Pillow 13.0.0, imagecodecs 2026.3.6, opencv-python-headless 5.0.0.93, PyAV 18.1.0 (libavcodec
# 62.28.102) and chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), as red, green, blue, alpha of a pixel
# in the last frame:
#                           Chromium        OpenCV          FFmpeg          Pillow          imagecodecs
#   green over red          0 255 0 255     0 255 0 255     0 255 0 255     0 255 0 255     0 255 0 255
#   clear over red          255 0 0 255     255 0 0 255     255 0 0 255     255 0 0 255     255 0 0 255
#   half blue over red      127 0 128 255   127 0 128 255   127 0 128 255   127 0 128 191   127 0 128 191
#   half blue over half red 85 0 170 192    84 0 170 191    84 0 170 192    127 0 128 128   127 0 128 128
#   half blue over nothing  0 0 255 128     0 0 255 128     0 0 255 128     0 0 128 64      0 0 128 64
#   grey apart, half blue   0 0 255 128     90 90 90 255    0 0 255 128     45 45 173 191   45 45 173 191
#   grey apart, around two  0 0 0 0         0 0 0 0         refused         90 90 90 255    90 90 90 255
#   red, back, green        0 0 0 0         0 0 0 0         0 0 0 0         0 0 0 0         0 0 0 0
#   the same, grey apart    0 0 0 0         0 0 0 0         0 0 0 0         90 90 90 255    90 90 90 255
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 \
    opencv-python-headless==5.0.0.93 av==18.1.0 2>pip || { cat pip; exit 2; }

cat >files.py <<'PYTHON'
import struct
import zlib

RED, GREEN, GREY, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (90, 90, 90, 255), (0, 0, 0, 0)
HALF_RED, HALF_BLUE = (255, 0, 0, 128), (0, 0, 255, 128)
KEEP, _, PREVIOUS = range(3)
SOURCE, OVER = range(2)
ALL, PART = (0, 0, 8, 8), (2, 2, 4, 4)  # left, top, width, height
RED_ALL = (ALL, RED, KEEP, SOURCE)
# whether the picture for other readers is apart; the frames; which pixel of the last one to look at
CASES = {
    "green over red": (False, [RED_ALL, (PART, GREEN, KEEP, OVER)], (3, 3)),
    "clear over red": (False, [RED_ALL, (PART, CLEAR, KEEP, OVER)], (3, 3)),
    "half blue over red": (False, [RED_ALL, (PART, HALF_BLUE, KEEP, OVER)], (3, 3)),
    "half blue over half red": (
        False,
        [(ALL, HALF_RED, KEEP, SOURCE), (PART, HALF_BLUE, KEEP, OVER)],
        (3, 3),
    ),
    "half blue over nothing": (
        False,
        [(ALL, CLEAR, KEEP, SOURCE), (PART, HALF_BLUE, KEEP, OVER)],
        (3, 3),
    ),
    "grey apart, half blue": (True, [(ALL, HALF_BLUE, KEEP, OVER)], (3, 3)),
    "grey apart, around two": (True, [(PART, RED, KEEP, SOURCE), (PART, GREEN, KEEP, SOURCE)], (0, 0)),
    "red, back, green": (False, [(ALL, RED, PREVIOUS, SOURCE), (PART, GREEN, KEEP, SOURCE)], (0, 0)),
    "the same, grey apart": (True, [(ALL, RED, PREVIOUS, SOURCE), (PART, GREEN, KEEP, SOURCE)], (0, 0)),
}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixels(width, height, colour):
    return zlib.compress((b"\0" + bytes(colour) * width) * height)


def apng(apart, frames):
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 6, 0, 0, 0))
    body += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    if apart:
        body += chunk(b"IDAT", pixels(8, 8, GREY))
    number = 0
    for (left, top, width, height), colour, disposal, blending in frames:
        place = struct.pack(">IIIII", number, width, height, left, top)
        body += chunk(b"fcTL", place + struct.pack(">HHBB", 1, 10, disposal, blending))
        data = pixels(width, height, colour)
        if number == 0 and not apart:
            body += chunk(b"IDAT", data)
        else:
            number += 1
            body += chunk(b"fdAT", struct.pack(">I", number) + data)
        number += 1
    return body + chunk(b"IEND", b"")


FILES = {title: apng(apart, frames) for title, (apart, frames, _) in CASES.items()}
PYTHON
venv/bin/python - >chromium.json <<'PYTHON'
import json
import os
import subprocess
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from files import CASES, FILES

GIVEN = [
    (b64encode(FILES[title]).decode(), len(frames) - 1, *place)
    for title, (_, frames, place) in CASES.items()
]
PAGE = f"""<!doctype html><img src="hold"><script type=module>
const answers = [];
for (const [text, frameIndex, x, y] of {json.dumps(GIVEN)}) {{
  const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const {{ image }} = await new ImageDecoder({{ data, type: 'image/png' }}).decode({{ frameIndex }});
  const draw = document.createElement('canvas').getContext('2d');
  draw.drawImage(image, 0, 0);
  answers.push([...draw.getImageData(x, y, 1, 1).data]);
}}
await fetch('answers', {{ method: 'POST', body: JSON.stringify(answers) }});
</script>"""
answered = threading.Event()


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/hold":  # so that the page is not complete before
            answered.wait(60)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode() if self.path == "/" else b"")

    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()
        answered.set()

    def log_message(self, *_):
        pass


with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = ["root/usr/lib/chromium/chromium-headless-shell", "--user-data-dir=profile", "--dump-dom"]
    if os.geteuid() == 0:
        command.append("--no-sandbox")  # the page is our own
    command.append(f"http://127.0.0.1:{server.server_address[1]}/")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, check=True, timeout=90, **quiet)
    server.shutdown()
PYTHON

venv/bin/python >seen 2>log <<'PYTHON'
import io
import json
from pathlib import Path

import av
import cv2
import imagecodecs
import numpy as np
from files import CASES, FILES
from PIL import Image


def by_opencv(body):
    frames = cv2.imdecodeanimation(np.frombuffer(body, np.uint8))[1].frames
    return cv2.cvtColor(frames[-1], cv2.COLOR_BGRA2RGBA)


def by_ffmpeg(body):
    with av.open(io.BytesIO(body), format="apng") as file:
        return [frame.to_ndarray(format="rgba") for frame in file.decode(video=0)][-1]


def by_pillow(body):
    with Image.open(io.BytesIO(body)) as picture:
        picture.seek(picture.n_frames - 1)
        return np.asarray(picture.convert("RGBA"))


def by_imagecodecs(body):
    pixels = imagecodecs.apng_decode(body)
    return pixels[-1] if pixels.ndim == 4 else pixels


def line(title, cells):
    print(f"{title:23} {' '.join(f'{cell:15}' for cell in cells)}".rstrip())


line("", ("Chromium", "OpenCV", "FFmpeg", "Pillow", "imagecodecs"))
chromium = json.loads(Path("chromium.json").read_text())
for (title, (_, _, (x, y))), expected in zip(CASES.items(), chromium, strict=True):
    found = [expected]
    for read in by_opencv, by_ffmpeg, by_pillow, by_imagecodecs:
        try:
            found.append(read(FILES[title])[y, x])
        except av.FFmpegError:
            found.append(["refused"])
    line(title, (" ".join(map(str, pixel)) for pixel in found))
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                        Chromium        OpenCV          FFmpeg          Pillow          imagecodecs
green over red          0 255 0 255     0 255 0 255     0 255 0 255     0 255 0 255     0 255 0 255
clear over red          255 0 0 255     255 0 0 255     255 0 0 255     255 0 0 255     255 0 0 255
half blue over red      127 0 128 255   127 0 128 255   127 0 128 255   127 0 128 191   127 0 128 191
half blue over half red 85 0 170 192    84 0 170 191    84 0 170 192    127 0 128 128   127 0 128 128
half blue over nothing  0 0 255 128     0 0 255 128     0 0 255 128     0 0 128 64      0 0 128 64
grey apart, half blue   0 0 255 128     90 90 90 255    0 0 255 128     45 45 173 191   45 45 173 191
grey apart, around two  0 0 0 0         0 0 0 0         refused         90 90 90 255    90 90 90 255
red, back, green        0 0 0 0         0 0 0 0         0 0 0 0         0 0 0 0         0 0 0 0
the same, grey apart    0 0 0 0         0 0 0 0         0 0 0 0         90 90 90 255    90 90 90 255
SEEN
