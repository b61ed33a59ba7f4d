#!/usr/bin/env bash
# selectolax 1.0.2 and cssselect2 0.10.1 count otherwise in `:nth-child(… of S)`, when S is a list.
#
# `:nth-child(2 of .a, .b)` is the second of the siblings that match the list, whichever selector of it
# they match (Selectors 4, child-indexed pseudo-classes). Lexbor, which is under selectolax, counts for
# each selector apart: of a first or an even one there may be several, or none. cssselect2 wants an
# element to match all of them, so two classes that exclude each other select nothing.
# `:nth-child(2 of :is(.a, .b))`, which means the same, is right in each.
#
# Seen with selectolax 1.0.2, cssselect2 0.10.1, soupsieve 4.1.3 and chromium-headless-shell
# 156.0.8078.114-1~deb12u1 (amd64), for <li> 1 to 5 with the classes a b a a -:
#   li:nth-child                 Chromium  soupsieve  selectolax  cssselect2
#   (2 of .a)                    3         3          3           3
#   (1 of .a, .b)                1         1          1 2         -
#   (2 of .a, .b)                2         2          3           -
#   (even of .a, .b)             2 4       2 4        3           -
#   (even of .b, .a)             2 4       2 4        2 3         -
#   (even of :is(.a, .b))        2 4       2 4        2 4         2 4
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check selectolax==1.0.2 cssselect2==0.10.1 \
    soupsieve==4.1.3 beautifulsoup4==4.15.0 html5lib==1.1 2>pip || { cat pip; exit 2; }

cat >page.html <<'HTML'
<!doctype html><meta charset=utf-8>
<ul><li class=a>1</li><li class=b>2</li><li class=a>3</li><li class=a>4</li><li>5</li></ul>
HTML
cat >arguments <<'TEXT'
2 of .a
1 of .a, .b
2 of .a, .b
even of .a, .b
even of .b, .a
even of :is(.a, .b)
TEXT
{
    cat page.html
    echo '<pre id=arguments>'
    cat arguments
    cat <<'HTML'
</pre><pre id=seen></pre><script>
const text = document.getElementById('arguments').textContent.trim();
seen.textContent = text.split('\n').map((argument) => {
  const found = [...document.querySelectorAll(`li:nth-child(${argument})`)];
  return found.map((item) => item.textContent).join(' ');
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
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

PAGE = Path("page.html").read_text()
soup = BeautifulSoup(PAGE, "html5lib")
lexbor = LexborHTMLParser(PAGE)
tree = cssselect2.ElementWrapper.from_html_root(html5lib.parse(PAGE))


def answers(selector):
    yield [item.text for item in soup.select(selector)]
    yield [item.text() for item in lexbor.css(selector)]
    yield [item.etree_element.text for item in tree.query_all(selector)]


def line(title, *cells):
    padded = (f"{cell:{width}}" for cell, width in zip(cells, (9, 10, 11, 10), strict=True))
    print(f"{title:28} {' '.join(padded)}".rstrip())


line("li:nth-child", "Chromium", "soupsieve", "selectolax", "cssselect2")
browser = Path("chromium").read_text().strip().split(";")
for argument, expected in zip(Path("arguments").read_text().splitlines(), browser, strict=True):
    found = (" ".join(texts) or "-" for texts in answers(f"li:nth-child({argument})"))
    line(f"({argument})", expected, *found)
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
li:nth-child                 Chromium  soupsieve  selectolax  cssselect2
(2 of .a)                    3         3          3           3
(1 of .a, .b)                1         1          1 2         -
(2 of .a, .b)                2         2          3           -
(even of .a, .b)             2 4       2 4        3           -
(even of .b, .a)             2 4       2 4        2 3         -
(even of :is(.a, .b))        2 4       2 4        2 4         2 4
SEEN
