#!/usr/bin/env bash
# svgo 4.1.0, scour 0.38.2 and minify-go 2.24.24 make other pictures out of SVG, with their defaults.
#
# The sizes of shapes are properties, which style sheets may set (SVG 2, geometry properties); svgo makes paths of their
# attributes alone. A copy by <use> inherits from that, not from where the original stands (5.6): attributes that svgo
# and scour move to the original's group are gone in the copy. Gradients and originals count although they are within
# what is not shown (5.6 and 14.2), and svgo removes them, as it does a visible child of what a rule hides. It drops
# pathLength of a line (9.6.1); applies `transform` to a path without its origin, and without turning its shadow; puts
# a group's clip-path or transform of a rule on the child, where they clip after its transform, or replace it
# (CSS Transforms 1); joins the choices of <switch>; and ends a curve that turns round at its end point. scour knows
# xlink:href only, and drops the empty choice of <switch>. It and minify-go leave no line where that has no length,
# and svgo none where it is copied: round caps make a dot of it (13.5).
#
# Seen with these on Node.js 20.20.2 and Python 3.11, and chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64),
# as the colour of one point in Chromium; "-" is nothing:
#                        as written svgo       scour      minify-go
#   path                 black      black      black      black
#   width in a rule      black      -          black      black
#   rx in style          -          black      -          -
#   href alone           black      black      -          black
#   red in <g>, copied   red        black      black      red
#   gradient, no display red        -          red        red
#   copy, opacity 0      red        -          red        red
#   visible in hidden    black      -          black      black
#   pathLength           -          red        -          -
#   transform-origin     black      -          black      black
#   shadow, turned       red        -          red        red
#   clip-path of group   -          black      -          -
#   transform of group   black      -          black      black
#   <switch>             -          black      -          -
#   <switch>, empty <g>  -          -          black      -
#   curve turns round    red        -          red        red
#   dot                  red        red        -          -
#   dot, copied          red        -          -          red
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check scour==0.38.2 minify-go==2.24.24 2>pip ||
    { cat pip; exit 2; }
npm install --silent --no-audit --no-fund svgo@4.1.0 >log 2>&1 || { cat log; exit 2; }

cat >cases.json <<'JSON'
[
  ["path", 10, 10, "<path d='M0 0h20v20H0z'/>"],
  ["width in a rule", 25, 5, "<style>.a{width:30px}</style><rect class='a' width='10' height='10'/>"],
  ["rx in style", 1, 1, "<rect style='rx:15px' width='30' height='30'/>"],
  ["href alone", 5, 5, "<defs><path id='a' fill='#000' d='M0 0h9v9H0z'/></defs><use href='#a' fill='red'/>"],
  ["red in <g>, copied", 25, 5,
   "<g><path id='a' fill='red' d='M0 0h9v9H0z'/><path fill='red' d='M0 20h9v9H0z'/></g><use href='#a' x='20'/>"],
  ["gradient, no display", 5, 5,
   "<g display='none'><linearGradient id='a'><stop stop-color='red'/></linearGradient></g><path fill='url(#a)' d='M0 0h9v9H0z'/>"],
  ["copy, opacity 0", 5, 5, "<g opacity='0'><path id='a' d='M0 0h9v9H0z'/></g><use href='#a' fill='red'/>"],
  ["visible in hidden", 5, 5,
   "<style>.h{visibility:hidden}.v{visibility:visible}</style><g class='h'><path class='v' d='M0 0h9v9H0z'/></g>"],
  ["pathLength", 30.5, 10,
   "<line pathLength='2' stroke-dasharray='1' x2='40' y1='10' y2='10' stroke='red' stroke-width='4'/>"],
  ["transform-origin", 20, 8, "<path transform='rotate(45)' transform-origin='20 20' d='M10 10h20v20H10z'/>"],
  ["shadow, turned", 15, 33, "<path filter='drop-shadow(6px 0 red)' transform='rotate(90 20 20)' d='M10 10h20v20H10z'/>"],
  ["clip-path of group", 25, 25,
   "<style>.c{clip-path:url(#c)}</style><clipPath id='c'><path d='M0 0h20v20H0z'/></clipPath><g class='c'><path transform='translate(10 10)' d='M0 0h20v20H0z'/></g>"],
  ["transform of group", 25, 25,
   "<style>.g{transform:translate(20px)}</style><g class='g'><path transform='translate(0 20)' d='M0 0h9v9H0z'/></g>"],
  ["<switch>", 25, 5, "<switch><path d='M0 0h9v9H0z'/><path d='M20 0h9v9H20z'/></switch>"],
  ["<switch>, empty <g>", 5, 5, "<switch><g/><path d='M0 0h9v9H0z'/></switch>"],
  ["curve turns round", 26, 20, "<path fill='none' stroke='red' stroke-width='4' d='M10 20Q50 20 20 20'/>"],
  ["dot", 10, 13, "<g stroke='red' stroke-width='10' stroke-linecap='round'><path d='M10 10L10 10'/><path d='M10 30h9'/></g>"],
  ["dot, copied", 10, 13,
   "<defs><path id='a' d='M10 10h0'/></defs><use href='#a' stroke='red' stroke-width='10' stroke-linecap='round'/>"]
]
JSON
venv/bin/python <<'PYTHON'
import json
from pathlib import Path

import minify
from scour import scour

options = scour.sanitizeOptions()
cases = []
for title, x, y, inner in json.loads(Path("cases.json").read_text()):
    picture = f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40' viewBox='0 0 40 40'>{inner}</svg>"
    by_scour, by_go = scour.scourString(picture, options), minify.string("image/svg+xml", picture)
    cases.append([title, x, y, {"as written": picture, "scour": by_scour, "minify-go": by_go}])
Path("pictures.json").write_text(json.dumps(cases))
PYTHON
cat >page.mjs <<'NODE'
import fs from 'node:fs';
import { optimize } from 'svgo';

const cases = JSON.parse(fs.readFileSync('pictures.json'));
const tools = ['as written', 'svgo', 'scour', 'minify-go'];
const address = (picture) => `data:image/svg+xml,${encodeURIComponent(picture).replaceAll("'", '%27')}`;
for (const one of cases) one[3].svgo = optimize(one[3]['as written']).data;
const images = cases.flatMap(([, , , made]) => tools.map((tool) => `<img src="${address(made[tool])}">`));
console.log(`<!doctype html><meta charset=utf-8>${images.join('')}<pre></pre><script>
const names = { '255,0,0,255': 'red', '0,0,0,255': 'black', '0,0,0,0': '-' };
const colour = (image, x, y) => {
  const context = new OffscreenCanvas(400, 400).getContext('2d');
  context.drawImage(image, 0, 0, 400, 400);
  const seen = context.getImageData(10 * x, 10 * y, 1, 1).data.join();
  return names[seen] || seen;
};
const line = (title, cells) => (title.padEnd(21) + cells.map((cell) => cell.padEnd(11)).join('')).trimEnd();
onload = () => {
  const images = [...document.images];
  const lines = [line('', ${JSON.stringify(tools)})];
  for (const [title, x, y] of ${JSON.stringify(cases.map((one) => one.slice(0, 3)))}) {
    lines.push(line(title, images.splice(0, ${tools.length}).map((image) => colour(image, x, y))));
  }
  document.querySelector('pre').textContent = lines.join('\\n');
};
</script>`);
NODE
node page.mjs >page.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n '/<pre>/,/<\/pre>/p' | sed 's/.*<pre>//; s/<[^>]*>//g; s/&gt;/>/g; s/&lt;/</g' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
                     as written svgo       scour      minify-go
path                 black      black      black      black
width in a rule      black      -          black      black
rx in style          -          black      -          -
href alone           black      black      -          black
red in <g>, copied   red        black      black      red
gradient, no display red        -          red        red
copy, opacity 0      red        -          red        red
visible in hidden    black      -          black      black
pathLength           -          red        -          -
transform-origin     black      -          black      black
shadow, turned       red        -          red        red
clip-path of group   -          black      -          -
transform of group   black      -          black      black
<switch>             -          black      -          -
<switch>, empty <g>  -          -          black      -
curve turns round    red        -          red        red
dot                  red        red        -          -
dot, copied          red        -          -          red
SEEN
