#!/usr/bin/env bash
# juice 11.1.1, css-inline 0.24.0 and premailer 3.10.0 write the style of the weaker rule into elements.
#
# Inlining is the cascade, done beforehand. `:is()` weighs as much as the heaviest selector in it (Selectors 4,
# specificity); all three count none of them, and the id loses to a class. premailer leaves `:not(#id)` to the
# sheet, where what it inlined for a class is stronger than any selector, and lets the attribute win over
# `!important` in the sheet. Layers are weaker than what is in none, and the other way round where it is
# important (CSS Cascade 5, 6.4): css-inline does so, juice and premailer know none, and drop or
# outvote what is in them. Nested rules end juice by an error, the two others leave them out.
#
# Seen with these and chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), as the colour in Chromium of
# <p id=t class="c d">; "error" is what juice says:
#                                                              as written  juice       css-inline  premailer
#   #t{color:lime}.c{color:red}                                lime        lime        lime        lime
#   :is(#t){color:lime}.c{color:red}                           lime        red         red         red
#   :is(p,#u){color:lime}.c{color:red}                         lime        red         red         red
#   p:not(#u){color:lime}.c.d{color:red}                       lime        lime        lime        red
#   p{color:lime!important} + color:red                        lime        lime        lime        red
#   p{color:lime}@layer a{#t{color:red}}                       lime        lime        lime        lime
#   @layer b,a;@layer a{p{color:lime}}@layer b{#t{color:red}}  lime        black       lime        black
#   @layer a{p{color:lime!important}}#t{color:red!important}   lime        red         lime        red
#   p{color:red;&.c{color:lime}}                               lime        error       red         red
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check css-inline==0.24.0 premailer==3.10.0 2>pip ||
    { cat pip; exit 2; }
npm install --silent --no-audit --no-fund juice@11.1.1 >log 2>&1 || { cat log; exit 2; }

cat >cases.json <<'JSON'
[
  ["#t{color:lime}.c{color:red}", ""],
  [":is(#t){color:lime}.c{color:red}", ""],
  [":is(p,#u){color:lime}.c{color:red}", ""],
  ["p:not(#u){color:lime}.c.d{color:red}", ""],
  ["p{color:lime!important}", "color:red"],
  ["p{color:lime}@layer a{#t{color:red}}", ""],
  ["@layer b,a;@layer a{p{color:lime}}@layer b{#t{color:red}}", ""],
  ["@layer a{p{color:lime!important}}#t{color:red!important}", ""],
  ["p{color:red;&.c{color:lime}}", ""]
]
JSON
cat >inline.cjs <<'NODE'
const juice = require('juice');
const given = require('./given.json');
console.log(JSON.stringify(given.map((html) => {
  try {
    return juice(html);
  } catch {
    return null;
  }
})));
NODE
venv/bin/python - <<'PYTHON'
import json
from pathlib import Path

pages = [
    f'<!doctype html><style>{sheet}</style><p id="t" class="c d" style="{own}">x</p>'
    for sheet, own in json.loads(Path("cases.json").read_text())
]
Path("given.json").write_text(json.dumps(pages))
PYTHON
node inline.cjs >juice.json
venv/bin/python - >page.html 2>log <<'PYTHON'
import json
from html import escape
from pathlib import Path

import css_inline
import premailer

given = json.loads(Path("given.json").read_text())
columns = {
    "as written": given,
    "juice": json.loads(Path("juice.json").read_text()),
    "css-inline": [css_inline.inline(page) for page in given],
    "premailer": [premailer.transform(page) for page in given],
}
print("<!doctype html>")
for pages in columns.values():
    for page in pages:
        print(f'<iframe srcdoc="{escape(page or "<p id=t>error")}"></iframe>')
sheets = [f"{sheet}{own and ' + '}{own}" for sheet, own in json.loads(Path("cases.json").read_text())]
print(f"""<pre id=seen></pre><script>
const sheets = {json.dumps(sheets)}, tools = {json.dumps(list(columns))};
const names = {{ 'rgb(0, 255, 0)': 'lime', 'rgb(255, 0, 0)': 'red', 'rgb(0, 0, 0)': 'black' }};
const line = (title, cells) => (title.padEnd(59) + cells.map((cell) => cell.padEnd(12)).join('')).trimEnd();
onload = () => {{
  const frames = [...document.querySelectorAll('iframe')].map((frame) => {{
    const element = frame.contentDocument.getElementById('t');
    return element.textContent === 'x' ? names[getComputedStyle(element).color] : 'error';
  }});
  const rows = sheets.map((sheet, at) =>
    line(sheet, tools.map((tool, of) => frames[of * sheets.length + at])));
  seen.textContent = [line('', tools), ...rows].join('\\n');
}};
</script>""")
PYTHON
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n '/<pre id="seen">/,/<\/pre>/p' | sed 's/<[^>]*>//g; s/&gt;/>/g; s/&amp;/\&/g' | sed '/^$/d' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
                                                           as written  juice       css-inline  premailer
#t{color:lime}.c{color:red}                                lime        lime        lime        lime
:is(#t){color:lime}.c{color:red}                           lime        red         red         red
:is(p,#u){color:lime}.c{color:red}                         lime        red         red         red
p:not(#u){color:lime}.c.d{color:red}                       lime        lime        lime        red
p{color:lime!important} + color:red                        lime        lime        lime        red
p{color:lime}@layer a{#t{color:red}}                       lime        lime        lime        lime
@layer b,a;@layer a{p{color:lime}}@layer b{#t{color:red}}  lime        black       lime        black
@layer a{p{color:lime!important}}#t{color:red!important}   lime        red         lime        red
p{color:red;&.c{color:lime}}                               lime        error       red         red
SEEN
