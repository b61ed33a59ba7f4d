#!/usr/bin/env bash
# lightningcss 1.33.0 moves the oldest fallback of a background to the end, where it wins.
#
# A background is often written three times, for old, present and new browsers; the last one that a
# browser knows counts. When the last is one that lightningcss does not take apart (var(), a gradient
# `in oklch`), it writes the middle one, then that, and behind both the first with its prefix, which it
# had kept apart. Browsers still know the prefix, so they show the oldest: another picture.
# Nothing is said, and `minify` does not matter. `targets` that do without the prefix help. Without the
# middle one, or with a last one that it takes apart, the order stays.
#
# Seen with lightningcss 1.33.0 and chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), for
# a.png in -webkit-image-set(), b.png in url(), c.png in var(), and what Chromium shows of them:
#   written   shown   comes out   shown
#   a b c     c       b c a       a
#   a c       c       a c         c
#   a b       b       a b         b
#   b c       c       b c         c
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
npm install --silent --no-audit --no-fund lightningcss@1.33.0 >log 2>&1 || { cat log; exit 2; }

cat >page.cjs <<'NODE'
const { transform } = require('lightningcss');
const values = { a: '-webkit-image-set(url(a.png) 1x)', b: 'url(b.png)', c: 'var(--c)' };
const written = ['a b c', 'a c', 'a b', 'b c'];
const rows = written.map((names, at) => {
  const sheet = names.split(' ').map((name) => `background:${values[name]}`).join(';');
  const minified = transform({ filename: 'a.css', code: Buffer.from(`i{${sheet}}`), minify: true });
  const code = minified.code.toString().slice(2, -1);
  const order = Object.keys(values).filter((name) => code.includes(`background:${values[name]}`));
  order.sort((one, other) => code.indexOf(values[one]) - code.indexOf(values[other]));
  return { names, sheet, code, order: order.join(' ') };
});
console.log(`<!doctype html><style>:root { --c: url(c.png) }</style>
<pre id=seen></pre><script>
const shown = (sheet) => {
  const element = document.body.appendChild(document.createElement('i'));
  element.style = sheet;
  return getComputedStyle(element).backgroundImage.match(/([abc])\\.png/)[1];
};
seen.textContent = ['written   shown   comes out   shown', ...${JSON.stringify(rows)}.map((row) =>
  row.names.padEnd(10) + shown(row.sheet).padEnd(8) + row.order.padEnd(12) + shown(row.code)
)].join('\\n');
</script>`);
NODE
node page.cjs >page.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n '/<pre id="seen">/,/<\/pre>/p' | sed 's/<[^>]*>//g' | sed '/^$/d' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
written   shown   comes out   shown
a b c     c       b c a       a
a c       c       a c         c
a b       b       a b         b
b c       c       b c         c
SEEN
