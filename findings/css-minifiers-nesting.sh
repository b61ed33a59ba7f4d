#!/usr/bin/env bash
# esbuild 0.28.2 and cssnano 7.1.9 move declarations that stand behind a nested rule in front of it.
#
# What is written behind a nested rule counts behind it (CSS Nesting 1, mixing nesting rules and
# declarations); browsers keep that order since 2024. cssnano sorts the declarations of a rule to its
# beginning, so that the nested rule wins. esbuild dissolves `& { … }`, and puts what was in it to the end.
# lightningcss keeps the order, but takes a nested `@media all` away and writes `color:redcolor:#0f0`, with
# no semicolon between. Nothing is said. clean-css (which warns) and csso (which does not) know no
# nesting, and drop declarations of the rule itself along with it.
#
# Seen with esbuild 0.28.2, cssnano 7.1.9, lightningcss 1.33.0, clean-css 5.3.3, csso 5.0.5 and
# chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), as what Chromium computes:
#                                         as written   lightningcss esbuild      cssnano      clean-css    csso
#   p{&{color:red}color:lime}             lime         lime         red          red          black        black
#   p{color:blue;&{color:red}color:lime}  lime         lime         red          red          blue         blue
#   p{color:lime;&:not(a){margin:0}}      lime         lime         lime         lime         lime         lime
#   p{@media all{color:red}color:lime}    lime         black        lime         lime         black        lime
#   p{:where(.k) &{color:red}color:lime}  lime         lime         lime         red          lime         black
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
npm install --silent --no-audit --no-fund esbuild@0.28.2 cssnano@7.1.9 postcss@8.5.33 clean-css@5.3.3 \
    csso@5.0.5 lightningcss@1.33.0 >log 2>&1 || { cat log; exit 2; }

cat >page.cjs <<'NODE'
const CleanCss = require('clean-css');
const cssnano = require('cssnano');
const csso = require('csso');
const esbuild = require('esbuild');
const lightningcss = require('lightningcss');
const postcss = require('postcss');

const minifiers = {
  'as written': (text) => text,
  lightningcss: (text) =>
    lightningcss.transform({ filename: 'a.css', code: Buffer.from(text), minify: true }).code,
  esbuild: (text) => esbuild.transformSync(text, { loader: 'css', minify: true }).code,
  cssnano: async (text) => (await postcss([cssnano]).process(text, { from: undefined })).css,
  'clean-css': (text) => new CleanCss().minify(text).styles,
  csso: (text) => csso.minify(text).css,
};
const names = { 'rgb(255, 0, 0)': 'red', 'rgb(0, 255, 0)': 'lime', 'rgb(0, 0, 255)': 'blue', 'rgb(0, 0, 0)': 'black' };
const cases = [
  ['p{&{color:red}color:lime}', 'color'],
  ['p{color:blue;&{color:red}color:lime}', 'color'],
  ['p{color:lime;&:not(a){margin:0}}', 'color'],
  ['p{@media all{color:red}color:lime}', 'color'],
  ['p{:where(.k) &{color:red}color:lime}', 'color'],
];
(async () => {
  const rows = [];
  for (const [text, property] of cases) {
    const cells = [];
    for (const minify of Object.values(minifiers)) cells.push(String(await minify(`${text}`)));
    rows.push([text, property, cells]);
  }
  console.log(`<!doctype html><meta charset=utf-8><body class=k><p id=seen class="c d"></p><pre></pre><script>
const element = document.getElementById('seen'), sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];
const value = (text, property) => {
  sheet.replaceSync(text);
  return getComputedStyle(element).getPropertyValue(property);
};
const names = ${JSON.stringify(names)};
const line = (title, cells) =>
  (title.padEnd(38) + cells.map((cell) => cell.padEnd(13)).join('')).trimEnd();
const lines = [line('', ${JSON.stringify(Object.keys(minifiers))})];
for (const [text, property, cells] of ${JSON.stringify(rows)}) {
  const values = cells.map((cell) => value(cell, property));
  lines.push(line(text, values.map((one) => names[one] || one)));
}
document.querySelector('pre').textContent = lines.join('\\n');
</script>`);
})();
NODE
node page.cjs >page.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n '/<pre>/,/<\/pre>/p' | sed 's/<[^>]*>//g; s/&gt;/>/g; s/&lt;/</g; s/&amp;/\&/g' | sed '/^$/d' >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
                                      as written   lightningcss esbuild      cssnano      clean-css    csso
p{&{color:red}color:lime}             lime         lime         red          red          black        black
p{color:blue;&{color:red}color:lime}  lime         lime         red          red          blue         blue
p{color:lime;&:not(a){margin:0}}      lime         lime         lime         lime         lime         lime
p{@media all{color:red}color:lime}    lime         black        lime         lime         black        lime
p{:where(.k) &{color:red}color:lime}  lime         lime         lime         red          lime         black
SEEN
