#!/usr/bin/env bash
# Chromium 156 shows the transparency of AVIF files with more contrast than they have.
#
# The alpha plane that libavif writes is monochrome AV1 of the full range: color_range is 1 in its
# sequence header (AV1, 5.5.2), as MIAF wants of alpha. Chromium expands it as if it were of the
# limited range: 16 and less become 0, 235 and more become 255, and what lies between is stretched.
# Pillow, by the same libavif, reads back what was written. A shadow at 10 % has 2.5 % in the browser.
#
# Seen with chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), Pillow 13.0.0 (libavif 1.4.2):
#   written      0  20  60 120 180 235 255
#   by Pillow    0  20  60 120 180 235 255
#   by Chromium  0   5  51 121 191 255 255
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 2>pip || { cat pip; exit 2; }

venv/bin/python >seen <<'PYTHON'
import base64
import io
import pathlib

from PIL import Image

LEVELS = 0, 20, 60, 120, 180, 235, 255


def line(title, alphas):
    print(f"{title:11}" + "".join(f"{alpha:4}" for alpha in alphas))


picture = Image.new("RGBA", (16 * len(LEVELS), 16), (200, 100, 50, 255))
for place, level in enumerate(LEVELS):
    picture.paste((200, 100, 50, level), (16 * place, 0, 16 * place + 16, 16))
file = io.BytesIO()
picture.save(file, "AVIF", quality=100, subsampling="4:4:4")
line("written", LEVELS)
read = Image.open(file).getchannel("A")
line("by Pillow", [read.getpixel((16 * place + 8, 8)) for place in range(len(LEVELS))])
pathlib.Path("page.html").write_text(
    f"""<!doctype html><pre id=seen></pre>
<img id=picture src="data:image/avif;base64,{base64.b64encode(file.getvalue()).decode()}">
<script>
onload = () => {{
  const canvas = document.createElement('canvas'), draw = canvas.getContext('2d');
  [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
  draw.drawImage(picture, 0, 0);
  const alphas = [];
  for (let x = 8; x < canvas.width; x += 16) alphas.push(draw.getImageData(x, 8, 1, 1).data[3]);
  seen.textContent = 'by Chromium' + alphas.map((alpha) => String(alpha).padStart(4)).join('');
}};
</script>"""
)
PYTHON

sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >>seen
cat seen
diff seen - <<'SEEN' && echo "as described"
written       0  20  60 120 180 235 255
by Pillow     0  20  60 120 180 235 255
by Chromium   0   5  51 121 191 255 255
SEEN
