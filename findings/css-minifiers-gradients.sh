#!/usr/bin/env bash
# esbuild 0.28.2 and lightningcss 1.33.0 change what a gradient has between its colours.
#
# Where all colours of a gradient are legacy ones (names, #rrggbb, rgb()), browsers mix them in sRGB;
# with another one among them (oklch(), color(), color-mix()), in Oklab (CSS Color 4, 12.1). So `blue`
# and `color(srgb 0 0 1)` are one colour as a background, and two in a gradient. esbuild writes the
# short name for each that sRGB can hold, lightningcss for a color-mix() in srgb: the middle of the
# gradient is another, though no target asks for older colours.
# `in oklab` in front, which says what is the default there, keeps it.
#
# Seen with esbuild 0.28.2, lightningcss 1.33.0, chromium-headless-shell 156.0.8078.114-1~deb12u1
# (amd64), as red, green, blue in the middle of linear-gradient(…, lime) in Chromium:
#   …                               as written    esbuild       lightningcss
#   rgb(0 0 255)                    0 127 127     0 127 127     0 127 127
#   color(srgb 0 0 1)               0 169 190     0 127 127     0 169 190
#   oklch(.7 .1 200)                43 217 134    32 216 91     43 217 134
#   color-mix(in srgb,red,blue)     129 148 115   129 148 115   64 127 64
#   in oklab,color(srgb 0 0 1)      0 169 190     0 169 190     0 169 190
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
npm install --silent --no-audit --no-fund esbuild@0.28.2 lightningcss@1.33.0 >log 2>&1 ||
    { cat log; exit 2; }

cat >page.cjs <<'NODE'
const esbuild = require('esbuild');
const lightningcss = require('lightningcss');
const starts = [
  'rgb(0 0 255)',
  'color(srgb 0 0 1)',
  'oklch(.7 .1 200)',
  'color-mix(in srgb,red,blue)',
  'in oklab,color(srgb 0 0 1)',
];
const rows = starts.map((start) => {
  const sheet = `p{background:linear-gradient(${start},lime)}`;
  const sheets = [
    sheet,
    esbuild.transformSync(sheet, { loader: 'css', minify: true }).code,
    lightningcss.transform({ filename: 'a.css', code: Buffer.from(sheet), minify: true }).code,
  ];
  return sheets.map((text) => String(text).match(/background:([^}]*)/)[1]);
});
console.log(`<!doctype html><meta charset=utf-8>
<pre id=seen></pre><script>
const middle = async (background) => {
  const style = 'width:101px;height:101px;background:' + background;
  const picture = new Image();
  picture.src = 'data:image/svg+xml,' + encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" width="101" height="101"><foreignObject width="101" ' +
    'height="101"><div xmlns="http://www.w3.org/1999/xhtml" style="' + style + '"/></foreignObject></svg>');
  await picture.decode();
  const draw = document.createElement('canvas').getContext('2d');
  draw.drawImage(picture, 0, 0);
  return draw.getImageData(50, 50, 1, 1).data.slice(0, 3).join(' ');
};
onload = async () => {
  const starts = ${JSON.stringify(starts)}, lines = [];
  for (const [at, row] of ${JSON.stringify(rows)}.entries()) {
    const cells = await Promise.all(row.map(middle));
    lines.push(starts[at].padEnd(32) + cells.map((cell) => cell.padEnd(14)).join('').trimEnd());
  }
  seen.textContent = lines.join('\\n');
};
</script>`);
NODE
node page.cjs >page.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --virtual-time-budget=10000 --dump-dom "file://$folder/page.html" 2>log |
    sed -n '/<pre id="seen">/,/<\/pre>/p' | sed 's/<[^>]*>//g' | sed '/^$/d' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
rgb(0 0 255)                    0 127 127     0 127 127     0 127 127
color(srgb 0 0 1)               0 169 190     0 127 127     0 169 190
oklch(.7 .1 200)                43 217 134    32 216 91     43 217 134
color-mix(in srgb,red,blue)     129 148 115   129 148 115   64 127 64
in oklab,color(srgb 0 0 1)      0 169 190     0 169 190     0 169 190
SEEN
