#!/usr/bin/env bash
# selectolax 1.0.2, turbohtml 1.15.4 and justhtml 3.16.0 show options that nobody selected.
#
# <selectedcontent> gets a copy of the selected option, pictures included, when the parser closes that
# (HTML, the selectedcontent element). All three do it and agree with Chromium on a plain <select>.
# Lexbor, which is under selectolax, looks for options among the children of the <select> alone: those
# in <div> and <optgroup> are no candidates, and another option may replace the selected one.
# turbohtml and justhtml take a list box, where nothing is selected at first, for a drop-down;
# justhtml also fills it beside `multiple`, where it stays empty.
# So two parsers find different pictures in one page. The options themselves are right in all of them.
#
# Seen with these and chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64):
#   options                      Chromium  selectolax  turbohtml  justhtml
#   a, b                         a         a           a          a
#   <div> a, b selected </div>c  b         c           b          b
#   <optgroup> a, b              a         -           a          a
#   size=2: a, b                 -         -           a          a
#   multiple: a, b selected      -         -           -          b
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    selectolax==1.0.2 turbohtml==1.15.4 justhtml==3.16.0 2>pip || { cat pip; exit 2; }

cat >cases.json <<'JSON'
{
  "a, b": "<select>BUTTON<option>a</option><option>b</option></select>",
  "<div> a, b selected </div>c": "<select>BUTTON<div><option>a</option><option selected>b</option></div><option>c</option></select>",
  "<optgroup> a, b": "<select>BUTTON<optgroup label=x><option>a</option><option>b</option></optgroup></select>",
  "size=2: a, b": "<select size=2>BUTTON<option>a</option><option>b</option></select>",
  "multiple: a, b selected": "<select multiple>BUTTON<option>a</option><option selected>b</option></select>"
}
JSON
sed -i 's|BUTTON|<button><selectedcontent></selectedcontent></button>|' cases.json
{
    echo '<!doctype html><meta charset=utf-8><pre id=seen></pre>'
    venv/bin/python -c 'import json; print(*json.load(open("cases.json")).values(), sep="\n")'
    cat <<'HTML'
<script>
const filled = [...document.querySelectorAll('selectedcontent')];
seen.textContent = filled.map((element) => element.textContent || '-').join(' ');
</script>
HTML
} >page.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >chromium

venv/bin/python >seen <<'PYTHON'
import json
from pathlib import Path

import turbohtml
from justhtml import JustHTML
from selectolax.lexbor import LexborHTMLParser


def shown(html):
    return (
        LexborHTMLParser(html).css_first("selectedcontent").text(),
        turbohtml.parse(html).select_one("selectedcontent").text,
        JustHTML(html, sanitize=False).query_one("selectedcontent").to_text(),
    )


def line(title, *answers):
    widths = 9, 11, 10, 8
    cells = [f"{answer or '-':{width}}" for answer, width in zip(answers, widths, strict=True)]
    print(f"{title:28} {' '.join(cells)}".rstrip())


line("options", "Chromium", "selectolax", "turbohtml", "justhtml")
browser = Path("chromium").read_text().split()
cases = json.loads(Path("cases.json").read_text())
for (title, select), expected in zip(cases.items(), browser, strict=True):
    line(title, expected, *shown(f"<!doctype html><body>{select}"))
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
options                      Chromium  selectolax  turbohtml  justhtml
a, b                         a         a           a          a
<div> a, b selected </div>c  b         c           b          b
<optgroup> a, b              a         -           a          a
size=2: a, b                 -         -           a          a
multiple: a, b selected      -         -           -          b
SEEN
