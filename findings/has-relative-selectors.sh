#!/usr/bin/env bash
# cssselect2 0.10.1 finds other elements by `:has()`, when a combinator follows in it.
#
# `:has(> a > b)` takes a relative selector of any length, which starts at the element itself
# (Selectors 4, the relational pseudo-class). cssselect2 follows the first combinator, and asks whether
# what is there ends the rest: `> article > h2` wants a child that is an h2 within an article, and finds
# none; `+ .b + .a` wants a next element that is .a and has .b in front of it. What is around the
# element counts as well, so that `:has(section h2)` holds for a section with no other in it. Nothing is
# refused. CairoSVG and WeasyPrint apply style sheets by it. One compound alone is right.
#
# Seen with cssselect2 0.10.1, selectolax 1.0.2, turbohtml 1.15.4 and chromium-headless-shell
# 156.0.8078.114-1~deb12u1 (amd64), for an article with h2 in a section, and <li> a b a:
#                                Chromium      turbohtml     selectolax    cssselect2
#   :has(> h2)                   article       article       article       article
#   :has(+ .b)                   first         first         first         first
#   section:has(article > h2)    section       section       section       section
#   section:has(> article > h2)  section       section       section       -
#   section:has(> article h2)    section       section       section       -
#   section:has(section h2)      -             -             -             section
#   li:has(+ .b + .a)            first         first         first         second
#   li:has(~ .b + .a)            first         first         first         first second
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cssselect2==0.10.1 turbohtml==1.15.4 \
    selectolax==1.0.2 html5lib==1.1 2>pip || { cat pip; exit 2; }

cat >page.html <<'HTML'
<!doctype html><meta charset=utf-8>
<section id=section><article id=article><h2 id=h2></h2><p id=p></p></article></section>
<ul id=ul><li id=first class=a></li><li id=second class=b></li><li id=third class=a></li></ul>
HTML
cat >selectors <<'TEXT'
:has(> h2)
:has(+ .b)
section:has(article > h2)
section:has(> article > h2)
section:has(> article h2)
section:has(section h2)
li:has(+ .b + .a)
li:has(~ .b + .a)
TEXT
{
    cat page.html
    echo '<pre id=selectors>'
    sed 's/>/\&gt;/g' selectors
    cat <<'HTML'
</pre><pre id=seen></pre><script>
const text = document.getElementById('selectors').textContent.trim();
seen.textContent = text.split('\n').map((selector) => {
  return [...document.querySelectorAll(selector)].map((element) => element.id).join(' ') || '-';
}).join(';');
</script>
HTML
} >browser.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/browser.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >chromium

venv/bin/python >seen <<'PYTHON'
from pathlib import Path

import cssselect2
import html5lib
import turbohtml
from selectolax.lexbor import LexborHTMLParser

PAGE = Path("page.html").read_text()
lexbor = LexborHTMLParser(PAGE)
document = turbohtml.parse(PAGE)
tree = cssselect2.ElementWrapper.from_html_root(html5lib.parse(PAGE))


def answers(selector):
    yield [element.attrs["id"] for element in document.select(selector)]
    yield [element.id for element in lexbor.css(selector)]
    yield [element.id for element in tree.query_all(selector)]


def line(title, *cells):
    print(f"{title:28} {' '.join(f'{cell:13}' for cell in cells)}".rstrip())


line("", "Chromium", "turbohtml", "selectolax", "cssselect2")
browser = Path("chromium").read_text().strip().split(";")
for selector, expected in zip(Path("selectors").read_text().splitlines(), browser, strict=True):
    line(selector, expected, *(" ".join(found) or "-" for found in answers(selector)))
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                             Chromium      turbohtml     selectolax    cssselect2
:has(> h2)                   article       article       article       article
:has(+ .b)                   first         first         first         first
section:has(article > h2)    section       section       section       section
section:has(> article > h2)  section       section       section       -
section:has(> article h2)    section       section       section       -
section:has(section h2)      -             -             -             section
li:has(+ .b + .a)            first         first         first         second
li:has(~ .b + .a)            first         first         first         first second
SEEN
