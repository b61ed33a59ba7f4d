#!/usr/bin/env bash
# Six selector engines of npm find other elements than a browser by ordinary selectors, mostly without a word.
#
# jsdom finds nothing by `:nth-child(2 of .k)`, and all by :nth-last-child; a control of type="TEXT" is none that may
# be required there, where values of `type` have no case (HTML, 4.10.5). happy-dom counts `2N + 1` as 2N if it has a
# capital and blanks (An+B may have both, CSS Syntax 3, 6), overlooks text in `:empty`, loses what combinators are
# within `:is()` and `:not()`, and checked options. linkedom and cheerio, both by css-select, check the first
# option beside the selected one if that is in a group, and disable a fieldset, but not what is in it
# (HTML, 4.16.3). hast-util-select finds none by `:has(+ form)`. cheerio and node-html-parser look for an
# SVG's names in lower case, which HTML's parser gives their capitals (13.2.6.5).
#
# Seen with jsdom 29.1.1, happy-dom 21.0.4, linkedom 0.18.15, cheerio 1.2.0, hast-util-select 6.0.4,
# node-html-parser 9.0.7 on Node.js 20.20.2, and chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64):
#                              Chromium  jsdom     happy-dom linkedom  cheerio   hast      node-html
#   li:nth-child(odd)          l1 l3     l1 l3     l1 l3     l1 l3     l1 l3     l1 l3     l1 l3
#   li:nth-child(2 of .k)      l3        -         l3        l3        refused   refused   refused
#   li:nth-last-child(2 of .k) l2        l2        l2        l2        refused   refused   refused
#   li:nth-child( 2N + 1 )     l1 l3     l1 l3     l2        l1 l3     l1 l3     refused   l1 l3
#   p:empty                    p2        p2        p1 p2     p2        p2        p2        p2
#   p:not(.x .y)               p1 p2     p1 p2     -         p1 p2     p1 p2     p1 p2     p1 p2
#   :is(section > p) + p       p2        p2        -         p2        p2        -         p2
#   ul:has(.k + .k)            list      list      list      list      list      list      list
#   section:has(+ form)        part      part      part      part      part      -         part
#   input:required             i1        -         -         i1        i1        i1        i1
#   input:disabled             i1        i1        -         -         -         -         -
#   option:checked             o2        o2        -         o1 o2     o1 o2     o2        o1 o2
#   linearGradient             gradient  gradient  gradient  gradient  -         gradient  -
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
npm install --silent --no-audit --no-fund jsdom@29.1.1 happy-dom@21.0.4 linkedom@0.18.15 cheerio@1.2.0 \
    hast-util-select@6.0.4 hast-util-from-html@2.0.3 node-html-parser@9.0.7 >log 2>&1 || { cat log; exit 2; }

cat >body.html <<'HTML'
<!doctype html><html><head></head><body>
<ul id="list"><li id="l1"></li><li id="l2" class="k"></li><li id="l3" class="k"></li><li id="l4"></li></ul>
<section id="part"><h2 id="h"></h2><p id="p1" class="x">text</p><p id="p2" class="x y"></p></section>
<form id="form"><fieldset id="set" disabled><input id="i1" type="TEXT" required></fieldset><select id="select"
><option id="o1"></option><optgroup id="group"><option id="o2" selected></option></optgroup></select></form>
<svg><linearGradient id="gradient"></linearGradient></svg>
HTML
cat >selectors <<'TEXT'
li:nth-child(odd)
li:nth-child(2 of .k)
li:nth-last-child(2 of .k)
li:nth-child( 2N + 1 )
p:empty
p:not(.x .y)
:is(section > p) + p
ul:has(.k + .k)
section:has(+ form)
input:required
input:disabled
option:checked
linearGradient
TEXT
{
    cat body.html
    echo '<pre id=selectors>'
    sed 's/>/\&gt;/g' selectors
    cat <<'HTML'
</pre><pre id=seen></pre><script>
const text = document.getElementById('selectors').textContent.trim();
seen.textContent = text.split('\n').map((selector) =>
  [...document.querySelectorAll(selector)].map((element) => element.id).join(' ')).join(';');
</script>
HTML
} >browser.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/browser.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >chromium

cat >read.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import * as cheerio from 'cheerio';
import { Window } from 'happy-dom';
import { fromHtml } from 'hast-util-from-html';
import { selectAll } from 'hast-util-select';
import { JSDOM } from 'jsdom';
import { parseHTML } from 'linkedom';
import { parse } from 'node-html-parser';

const page = readFileSync('body.html', 'utf8');
const selectors = readFileSync('selectors', 'utf8').trim().split('\n');
const browser = readFileSync('chromium', 'utf8').trim().split(';');
const ids = (elements) => [...elements].map((element) => element.id);
const happy = new Window();
happy.document.write(page);
const { document } = new JSDOM(page).window;
const linked = parseHTML(page).document;
const tree = fromHtml(page);
const $ = cheerio.load(page);
const engines = {
  Chromium: (selector) => [browser[selectors.indexOf(selector)]],
  jsdom: (selector) => ids(document.querySelectorAll(selector)),
  'happy-dom': (selector) => ids(happy.document.querySelectorAll(selector)),
  linkedom: (selector) => ids(linked.querySelectorAll(selector)),
  cheerio: (selector) => ids($(selector).get().map((element) => element.attribs)),
  hast: (selector) => ids(selectAll(selector, tree).map((element) => element.properties)),
  'node-html': (selector) => ids(parse(page).querySelectorAll(selector)),
};
const line = (title, cells) =>
  console.log((title.padEnd(27) + cells.map((cell) => cell.padEnd(10)).join('')).trimEnd());
line('', Object.keys(engines));
for (const selector of selectors) {
  line(selector, Object.values(engines).map((find) => {
    try {
      return find(selector).join(' ') || '-';
    } catch {
      return 'refused';
    }
  }));
}
process.exit();
NODE
node read.mjs >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
                           Chromium  jsdom     happy-dom linkedom  cheerio   hast      node-html
li:nth-child(odd)          l1 l3     l1 l3     l1 l3     l1 l3     l1 l3     l1 l3     l1 l3
li:nth-child(2 of .k)      l3        -         l3        l3        refused   refused   refused
li:nth-last-child(2 of .k) l2        l2        l2        l2        refused   refused   refused
li:nth-child( 2N + 1 )     l1 l3     l1 l3     l2        l1 l3     l1 l3     refused   l1 l3
p:empty                    p2        p2        p1 p2     p2        p2        p2        p2
p:not(.x .y)               p1 p2     p1 p2     -         p1 p2     p1 p2     p1 p2     p1 p2
:is(section > p) + p       p2        p2        -         p2        p2        -         p2
ul:has(.k + .k)            list      list      list      list      list      list      list
section:has(+ form)        part      part      part      part      part      -         part
input:required             i1        -         -         i1        i1        i1        i1
input:disabled             i1        i1        -         -         -         -         -
option:checked             o2        o2        -         o1 o2     o1 o2     o2        o1 o2
linearGradient             gradient  gradient  gradient  gradient  -         gradient  -
SEEN
