#!/usr/bin/env bash
# @swc/html 1.16.22, htmlnano 3.5.1, minify-html 0.18.1 and minify-go 2.24.24 make other pages out of HTML, by default.
#
# A candidate of `srcset` without a descriptor ends at white space: swc takes that away, and two pictures are one, with
# a comma in its address. `</p>` may not be left out in a custom element, nor `</rt>` in front of text, nor `<body>` in
# front of <template> (HTML, 13.1.2.4). An attribute's absence is another thing than its empty value in `lang`, `title` and the
# value of a checkbox, which is then "on"; `hidden` has a value of its own, for what a search may reveal; and a target of
# "_self" is no default where <base> has one. White space counts around <picture> and <audio>, which are inline, by
# xml:space in SVG, and in `pattern`, which minify-go leaves invalid. htmlnano ends a <select> at its <button>.
#
# Seen with these (htmlnano with its preset "safe") on Node.js 20.20.2 and Python 3.11, and
# chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), as what Chromium finds: the picture it loads, a text, the
# number of options, a property; "-" is empty:
#                                                      as written  swc         htmlnano    minify-html minify-go
#   <img srcset='a.png, b.png 2x'>                     a.png       a.png,b.png a.png       a.png       a.png
#   <img srcset='a.png 1x, b.png 2x'>                  a.png       a.png       a.png       a.png       a.png
#   a <picture><img></picture> b                       a  b        a  b        ab          a  b        a  b
#   a <audio controls></audio> b                       a  b        a  b        ab          a  b        a b
#   <svg><text>a <tspan>b</tspan> c</text></svg>       a b c       a b c       a b c       a b c       abc
#   <svg><text xml:space='preserve'>a  b</text></svg>  a  b        a  b        a b         a b         a b
#   <ruby>a<rt>b</rt>c</ruby>                          b           b           b           b           bc
#   <x-y><p>a</p></x-y>b                               a           a           a           ab          ab
#   <select><button>x</button><option>a</select>       1           1           0           1           1
#   <p hidden='until-found'>a</p>                      until-found true        until-found true        until-found
#   <base target='_blank'><a href='a' target='_self'>  _self       _self       _self       _blank      _self
#   <p lang='de'><i lang=''>a</i></p>                  -           -           de          de          -
#   <p title='a'><i title=''>b</i></p>                 -           -           a           a           -
#   <input type='checkbox' value=''>                   -           -           on          on          on
#   <input pattern=' ?a'>                               ?a          ?a          ?a          ?a         ?a
#   <body><template>a</template><p>b</p>               body        body        body        body        head
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check minify-html==0.18.1 minify-go==2.24.24 2>pip ||
    { cat pip; exit 2; }
npm install --silent --no-audit --no-fund @swc/html@1.16.22 htmlnano@3.5.1 posthtml@0.16.7 >log 2>&1 ||
    { cat log; exit 2; }

cat >cases.json <<'JSON'
[
  ["<img srcset='a.png, b.png 2x'>", "find('img').currentSrc.split('/').pop()"],
  ["<img srcset='a.png 1x, b.png 2x'>", "find('img').currentSrc.split('/').pop()"],
  ["a <picture><img></picture> b", "find('body').textContent"],
  ["a <audio controls></audio> b", "find('body').textContent"],
  ["<svg><text>a <tspan>b</tspan> c</text></svg>", "find('text').textContent"],
  ["<svg><text xml:space='preserve'>a  b</text></svg>", "find('text').textContent"],
  ["<ruby>a<rt>b</rt>c</ruby>", "find('rt').textContent"],
  ["<x-y><p>a</p></x-y>b", "find('p').textContent"],
  ["<select><button>x</button><option>a</select>", "find('select').options.length"],
  ["<p hidden='until-found'>a</p>", "find('p').hidden"],
  ["<base target='_blank'><a href='a' target='_self'>", "find('a').target || find('base').target"],
  ["<p lang='de'><i lang=''>a</i></p>", "find('i').closest('[lang]').lang"],
  ["<p title='a'><i title=''>b</i></p>", "find('i').closest('[title]').title"],
  ["<input type='checkbox' value=''>", "find('input').value"],
  ["<input pattern=' ?a'>", "find('input').pattern"],
  ["<body><template>a</template><p>b</p>", "find('template').parentNode.localName"]
]
JSON
cat >minify.mjs <<'NODE'
import fs from 'node:fs';
import swc from '@swc/html';
import htmlnano from 'htmlnano';

const pages = JSON.parse(fs.readFileSync('cases.json')).map(([text]) => `<!doctype html><title>a</title>${text}`);
const made = [];
for (const page of pages) {
  const { html } = await htmlnano.process(page, {}, htmlnano.presets.safe);
  made.push({ 'as written': page, swc: swc.minifySync(Buffer.from(page), {}).code, htmlnano: html });
}
console.log(JSON.stringify(made));
NODE
node minify.mjs >made.json 2>log
venv/bin/python >page.html <<'PYTHON'
import json
from html import escape
from pathlib import Path

import minify
import minify_html

cases, made = (json.loads(Path(f"{name}.json").read_text()) for name in ("cases", "made"))
for pages in made:
    pages["minify-html"] = minify_html.minify(pages["as written"])
    pages["minify-go"] = minify.string("text/html", pages["as written"])
data, names = json.dumps(cases).replace("</", "<\\/"), json.dumps(list(made[0]))
frames = "".join(f'<iframe srcdoc="{escape(page)}"></iframe>' for pages in made for page in pages.values())
print(f"""<!doctype html><meta charset=utf-8>{frames}<pre></pre><script>
const cases = {data};
const line = (title, cells) => (title.padEnd(51) + cells.map((cell) => cell.padEnd(12)).join('')).trimEnd();
onload = () => {{
  const frames = [...document.querySelectorAll('iframe')];
  const lines = [line('', {names})];
  for (const [text, expression] of cases) {{
    const values = frames.splice(0, {len(made[0])}).map((frame) => {{
      const find = (selector) => frame.contentDocument.querySelector(selector);
      return String(new Function('find', `return ${{expression}}`)(find));
    }});
    lines.push(line(text, values.map((value) => value.trim() ? value : '-')));
  }}
  document.querySelector('pre').textContent = lines.join('\\n');
}};
</script>""")
PYTHON
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n '/<pre>/,/<\/pre>/p' | sed 's/.*<pre>//; s/<\/pre>.*//; s/&gt;/>/g; s/&lt;/</g; s/&amp;/\&/g' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
                                                   as written  swc         htmlnano    minify-html minify-go
<img srcset='a.png, b.png 2x'>                     a.png       a.png,b.png a.png       a.png       a.png
<img srcset='a.png 1x, b.png 2x'>                  a.png       a.png       a.png       a.png       a.png
a <picture><img></picture> b                       a  b        a  b        ab          a  b        a  b
a <audio controls></audio> b                       a  b        a  b        ab          a  b        a b
<svg><text>a <tspan>b</tspan> c</text></svg>       a b c       a b c       a b c       a b c       abc
<svg><text xml:space='preserve'>a  b</text></svg>  a  b        a  b        a b         a b         a b
<ruby>a<rt>b</rt>c</ruby>                          b           b           b           b           bc
<x-y><p>a</p></x-y>b                               a           a           a           ab          ab
<select><button>x</button><option>a</select>       1           1           0           1           1
<p hidden='until-found'>a</p>                      until-found true        until-found true        until-found
<base target='_blank'><a href='a' target='_self'>  _self       _self       _self       _blank      _self
<p lang='de'><i lang=''>a</i></p>                  -           -           de          de          -
<p title='a'><i title=''>b</i></p>                 -           -           a           a           -
<input type='checkbox' value=''>                   -           -           on          on          on
<input pattern=' ?a'>                               ?a          ?a          ?a          ?a         ?a
<body><template>a</template><p>b</p>               body        body        body        body        head
SEEN
