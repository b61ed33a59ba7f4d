#!/usr/bin/env bash
# Pillow 13.0.0 shows AVIF pictures uncropped, and OpenCV 5.0.0 and imagecodecs 2026.3.6 unturned too.
#
# Crop (clap), rotation (irot) and mirror (imir) belong to the picture, and are marked as essential to it
# (MIAF, ISO/IEC 23000-22, 7.3.9). libavif decodes without them and hands them out. Pillow makes an EXIF
# orientation of two, for exif_transpose(), and forgets the crop: what was cut away is there again.
# OpenCV turns a JPEG by its EXIF by default, and an AVIF by nothing; imagecodecs likewise. Chromium
# and sharp agree on all.
#
# Seen with Pillow 13.0.0 (libavif 1.4.2), opencv-python-headless 5.0.0.93, imagecodecs 2026.3.6, sharp 0.35.5
# (libheif 1.23.5) and chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64); the letters are the
# colours of the corners (red, green, above blue, yellow), crops keep the upper left corner:
#                     Chromium     sharp        Pillow       OpenCV       imagecodecs
#   as it is          64x48 RG/BY  64x48 RG/BY  64x48 RG/BY  64x48 RG/BY  64x48 RG/BY
#   mirrored          64x48 GR/YB  64x48 GR/YB  64x48 GR/YB  64x48 RG/BY  64x48 RG/BY
#   turned            48x64 GY/RB  48x64 GY/RB  48x64 GY/RB  64x48 RG/BY  64x48 RG/BY
#   turned, mirrored  48x64 YG/BR  48x64 YG/BR  48x64 YG/BR  64x48 RG/BY  64x48 RG/BY
#   cropped           40x24 RG/RG  40x24 RG/RG  64x48 RG/BY  64x48 RG/BY  64x48 RG/BY
#   cropped, turned   24x40 GG/RR  24x40 GG/RR  48x64 GY/RB  64x48 RG/BY  64x48 RG/BY
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

cat >pictures.py <<'PYTHON'
import io
import struct

from PIL import Image

COLOURS = {"R": (255, 0, 0), "G": (0, 255, 0), "B": (0, 0, 255), "Y": (255, 255, 0)}


def boxes(data):
    while data:
        size = int.from_bytes(data[:4])
        yield data[4:8], data[8:size]
        data = data[size:]


def box(kind, content):
    return struct.pack(">I4s", 8 + len(content), kind) + content


def with_properties(plain, *properties):
    """Return a file of one picture with further properties, all of them essential."""
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
        return box(b"ftyp", brands) + box(b"meta", meta[:4] + inner)

    return head(len(head(0)) + 8) + box(b"mdat", pixels)


def plain():
    picture = Image.new("RGB", (64, 48))
    for at, colour in enumerate(COLOURS.values()):
        left, top = at % 2 * 32, at // 2 * 24
        picture.paste(colour, (left, top, left + 32, top + 24))
    file = io.BytesIO()
    picture.save(file, "AVIF", quality=100, subsampling="4:4:4")
    return file.getvalue()


CROP = b"clap", struct.pack(">IIIIiIiI", 40, 1, 24, 1, -12, 1, -12, 1)  # 40x24 around 20, 12
TURN = b"irot", b"\1"  # by 90 degrees, anti-clockwise
MIRROR = b"imir", b"\1"  # left and right change places
CASES = {
    "as it is": (),
    "mirrored": (MIRROR,),
    "turned": (TURN,),
    "turned, mirrored": (TURN, MIRROR),
    "cropped": (CROP,),
    "cropped, turned": (CROP, TURN),
}
FILES = {title: with_properties(plain(), *properties) for title, properties in CASES.items()}


def described(width, height, colour):
    """Name the corners, row by row, of a picture whose colours a function gives."""
    letters = []
    for x, y in (1, 1), (width - 2, 1), (1, height - 2), (width - 2, height - 2):
        near = tuple(255 if int(part) > 127 else 0 for part in colour(x, y)[:3])
        letters.append(next(letter for letter, known in COLOURS.items() if known == near))
    return f"{width}x{height} {''.join(letters[:2])}/{''.join(letters[2:])}"
PYTHON
venv/bin/python - >page.html <<'PYTHON'
from base64 import b64encode
from pathlib import Path

from pictures import FILES

print("<!doctype html>")
for at, body in enumerate(FILES.values()):
    Path(f"{at}.avif").write_bytes(body)
    print(f'<img src="data:image/avif;base64,{b64encode(body).decode()}">')
print("""<pre id=seen></pre><script>
onload = () => {
  seen.textContent = JSON.stringify([...document.images].map((picture) => {
    const canvas = document.createElement('canvas'), draw = canvas.getContext('2d');
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    draw.drawImage(picture, 0, 0);
    return [canvas.width, canvas.height, [...draw.getImageData(0, 0, canvas.width, canvas.height).data]];
  }));
};
</script>""")
PYTHON
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >chromium.json
cat >read.cjs <<'NODE'
const sharp = require('sharp');
(async () => {
  const pictures = [];
  for (let at = 0; at < 6; at++) {
    const { data, info } = await sharp(at + '.avif').ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    pictures.push([info.width, info.height, [...data]]);
  }
  console.log(JSON.stringify(pictures));
})();
NODE
node read.cjs >sharp.json

venv/bin/python >seen <<'PYTHON'
import io
import json
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
from pictures import FILES, described
from PIL import Image, ImageOps


def from_pixels(name, at):
    width, height, values = json.loads(Path(name).read_text())[at]
    return from_array(np.array(values).reshape(height, width, 4))


def from_array(pixels):
    height, width = pixels.shape[:2]
    return described(width, height, lambda x, y: pixels[y, x])


def by_pillow(body):
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(body)))
    return described(*picture.size, lambda x, y: picture.getpixel((x, y)))


def line(title, *cells):
    print(f"{title:17} {' '.join(f'{cell:12}' for cell in cells)}".rstrip())


line("", "Chromium", "sharp", "Pillow", "OpenCV", "imagecodecs")
for at, (title, body) in enumerate(FILES.items()):
    by_opencv = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    line(
        title,
        from_pixels("chromium.json", at),
        from_pixels("sharp.json", at),
        by_pillow(body),
        from_array(by_opencv),
        from_array(imagecodecs.avif_decode(body)),
    )
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                  Chromium     sharp        Pillow       OpenCV       imagecodecs
as it is          64x48 RG/BY  64x48 RG/BY  64x48 RG/BY  64x48 RG/BY  64x48 RG/BY
mirrored          64x48 GR/YB  64x48 GR/YB  64x48 GR/YB  64x48 RG/BY  64x48 RG/BY
turned            48x64 GY/RB  48x64 GY/RB  48x64 GY/RB  64x48 RG/BY  64x48 RG/BY
turned, mirrored  48x64 YG/BR  48x64 YG/BR  48x64 YG/BR  64x48 RG/BY  64x48 RG/BY
cropped           40x24 RG/RG  40x24 RG/RG  64x48 RG/BY  64x48 RG/BY  64x48 RG/BY
cropped, turned   24x40 GG/RR  24x40 GG/RR  48x64 GY/RB  64x48 RG/BY  64x48 RG/BY
SEEN
