#!/usr/bin/env bash
# sharp 0.35.5 darkens AVIF pictures whose colours are stored multiplied by their transparency.
#
# An AVIF may say by a `prem` reference (ISO/IEC 23008-12, 7.5.3.1) that its colours have been
# multiplied by alpha; a reader has to divide them. Pillow, by libavif, writes such files when asked
# and reads them right. sharp, by libvips and libheif, gives the stored colours out as they are: half
# transparent orange comes out half as bright.
# Without the reference both agree.
#
# Seen with sharp 0.35.5 (libvips 8.18.7, libheif 1.23.5) and Pillow 13.0.0 (libavif 1.4.2):
#   as usual       Pillow 200 100  50 128   sharp 200 100  50 128
#   premultiplied  Pillow 200 100  50 128   sharp 100  50  25 128
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 2>log || { cat log; exit 2; }
npm install --silent --no-audit --no-fund sharp@0.35.5 >log 2>&1 || { cat log; exit 2; }

venv/bin/python >pillow <<'PYTHON'
from PIL import Image

picture = Image.new("RGBA", (64, 64), (200, 100, 50, 128))
for title, multiplied in ("as usual", False), ("premultiplied", True):
    name = f"{multiplied}.avif"
    picture.save(name, quality=100, subsampling="4:4:4", alpha_premultiplied=multiplied)
    with Image.open(name) as read:
        print(f"{title:14} Pillow" + "".join(f"{value:4}" for value in read.getpixel((32, 32))))
PYTHON
cat >read.cjs <<'NODE'
const sharp = require('sharp');
(async () => {
  for (const name of ['False.avif', 'True.avif']) {
    const { data, info } = await sharp(name).raw().toBuffer({ resolveWithObject: true });
    const at = (32 * info.width + 32) * info.channels;
    const values = [...data.subarray(at, at + info.channels)];
    console.log('sharp' + values.map((value) => String(value).padStart(4)).join(''));
  }
})();
NODE
paste -d ' ' pillow <(node read.cjs) | sed 's/ sharp/   sharp/' | tee seen
diff seen - <<'SEEN' && echo "as described"
as usual       Pillow 200 100  50 128   sharp 200 100  50 128
premultiplied  Pillow 200 100  50 128   sharp 100  50  25 128
SEEN
