#!/usr/bin/env bash
# csso 5.0.5, clean-css 5.3.3 and cssnano 7.1.9 lose rules that browsers have known for years, or their order.
#
# csso leaves out @media with comparisons, which came with Media Queries 4 (2.4.3), and all that is in it.
# clean-css writes `:nth-child(1of.c)`, where the blank in front of `of` belongs to the grammar (Selectors 4),
# and leaves out @scope. Both take away an empty @layer, whose place is its meaning (CSS Cascade 5, layer
# ordering). cssnano moves `all`, which resets what is in front of it, to the beginning (CSS Cascade 5, 3.2),
# and takes a shorthand for a repetition, which it is not behind its longhand. Only @scope brings a warning.
#
# Seen with these, esbuild 0.28.2, lightningcss 1.33.0 and chromium-headless-shell
# 156.0.8078.114-1~deb12u1 (amd64), as what Chromium computes:
#                                               as written   lightningcss esbuild      cssnano      clean-css    csso
#   @media (width>=1px){…}                      lime         lime         lime         lime         lime         black
#   @media (1px<width<9999px){…}                lime         lime         lime         lime         lime         black
#   p:nth-child(1 of .c){color:lime}            lime         lime         lime         lime         black        lime
#   @scope (.k){…}                              lime         lime         lime         lime         black        lime
#   @layer a{}@layer b{…}@layer a{p{color:red}} lime         lime         lime         lime         red          red
#   p{color:red;all:unset}                      black        black        black        red          black        black
#   p{…:underline;…-thickness:3px;…:underline}  auto         auto         auto         3px          auto         auto
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
const names = { 'rgb(255, 0, 0)': 'red', 'rgb(0, 255, 0)': 'lime', 'rgb(0, 0, 0)': 'black' };
const cases = [
  ['@media (width>=1px){p{color:lime}}', 'color'],
  ['@media (1px<width<9999px){p{color:lime}}', 'color'],
  ['p:nth-child(1 of .c){color:lime}', 'color'],
  ['@scope (.k){p{color:lime}}', 'color'],
  ['@layer a{}@layer b{p{color:lime}}@layer a{p{color:red}}', 'color'],
  ['p{color:red;all:unset}', 'color'],
  [`p{${['', '-thickness:3px', ''].map((part) => `text-decoration${part || ':underline'}`).join(';')}}`,
    'text-decoration-thickness'],
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
  (title.padEnd(44) + cells.map((cell) => cell.padEnd(13)).join('')).trimEnd();
const lines = [line('', ${JSON.stringify(Object.keys(minifiers))})];
for (const [text, property, cells] of ${JSON.stringify(rows)}) {
  const values = cells.map((cell) => value(cell, property));
  lines.push(line(text.replace(/text-decoration|p{color:lime}(?=})/g, '…'), values.map((one) => names[one] || one)));
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
@media (width>=1px){…}                      lime         lime         lime         lime         lime         black
@media (1px<width<9999px){…}                lime         lime         lime         lime         lime         black
p:nth-child(1 of .c){color:lime}            lime         lime         lime         lime         black        lime
@scope (.k){…}                              lime         lime         lime         lime         black        lime
@layer a{}@layer b{…}@layer a{p{color:red}} lime         lime         lime         lime         red          red
p{color:red;all:unset}                      black        black        black        red          black        black
p{…:underline;…-thickness:3px;…:underline}  auto         auto         auto         3px          auto         auto
SEEN
