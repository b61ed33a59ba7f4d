#!/usr/bin/env bash
# Chromium 156 sets another address than the one in the markup, when the markup is simple.
#
# HTML (13.2.5.73, named character reference state) leaves `&copy=` in an attribute as it is, so that
# `href="?a=1&copy=2"` keeps its parameter. innerHTML and DOMParser, which parse simple markup on a
# path of their own, do decode it in an element's last attribute when the text behind it has a
# character reference: the parameter becomes `a=1©=2`. With an <hr> behind the same link, or in a
# document that comes from a server, the address is right.
# So scripts of a page may link other addresses than the same markup does in the page itself.
#
# Seen with chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64):
#   innerHTML  ?a=1©=2
#   DOMParser  ?a=1©=2
#   with <hr>  ?a=1&copy=2
#   document   ?a=1&copy=2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done

cat >page.html <<'HTML'
<!doctype html><meta charset=utf-8>
<p id=document><a href="?a=1&copy=2">next &rarr;</a></p>
<pre id=seen></pre>
<script>
const markup = '<a href="?a=1&copy=2">next &rarr;</a>';
const address = (root) => root.querySelector('a').getAttribute('href');
const inner = (html) => Object.assign(document.createElement('div'), { innerHTML: html });
seen.textContent = [
  'innerHTML  ' + address(inner(markup)),
  'DOMParser  ' + address(new DOMParser().parseFromString(markup, 'text/html')),
  'with <hr>  ' + address(inner(markup + '<hr>')),
  'document   ' + address(document.getElementById('document')),
].join('\n');
</script>
HTML

sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n '/<pre id="seen">/,/<\/pre>/p' | sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
innerHTML  ?a=1©=2
DOMParser  ?a=1©=2
with <hr>  ?a=1&copy=2
document   ?a=1&copy=2
SEEN
