#!/usr/bin/env bash
# CSS minifiers compute values that are then not valid, where the same as a math function is.
#
# The result of a math function is moved into the range that a property has, and rounded where an integer
# is wanted (CSS Values 4, range checking and type checking); a plain value out of range is a mistake, and
# the declaration is gone. esbuild, cssnano and lightningcss write `-2px` for `calc(1px - 3px)`, and the
# first two `2.5` for `calc(5/2)`, so that what was 0 or 3 falls back to what was before. clean-css, csso and
# cssnano take the unit of a zero away in some functions, where a number is no length.
#
# Seen with esbuild 0.28.2, cssnano 7.1.9, lightningcss 1.33.0, clean-css 5.3.3, csso 5.0.5 and
# chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), as what Chromium computes:
#                                     as written   lightningcss esbuild      cssnano      clean-css    csso
#   font-size:calc(1px - 3px)         0px          16px         16px         16px         0px          0px
#   padding:calc(1px - 3px) 4px       4px          0px          0px          0px          4px          4px
#   column-gap:calc(1px - 3px)        0px          normal       normal       normal       0px          0px
#   filter:blur(calc(1px - 3px))      blur(0px)    none         none         none         blur(0px)    blur(0px)
#   flex-grow:2;flex-grow:calc(1 - 3) 0            0            2            2            0            0
#   order:calc(5/2)                   3            3            0            0            3            3
#   column-count:calc(5/2)            3            3            auto         auto         3            3
#   text-indent:max(0px,5px)          5px          5px          5px          5px          5px          5px
#   text-indent:hypot(0px,5px)        5px          5px          5px          0px          0px          0px
#   text-indent:abs(0px - 5px)        5px          5px          5px          0px          0px          0px
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
const names = {};
const cases = [
  ['font-size:calc(1px - 3px)', 'font-size'],
  ['padding:calc(1px - 3px) 4px', 'padding-left'],
  ['column-gap:calc(1px - 3px)', 'column-gap'],
  ['filter:blur(calc(1px - 3px))', 'filter'],
  ['flex-grow:2;flex-grow:calc(1 - 3)', 'flex-grow'],
  ['order:calc(5/2)', 'order'],
  ['column-count:calc(5/2)', 'column-count'],
  ['text-indent:max(0px,5px)', 'text-indent'],
  ['text-indent:hypot(0px,5px)', 'text-indent'],
  ['text-indent:abs(0px - 5px)', 'text-indent'],
];
(async () => {
  const rows = [];
  for (const [text, property] of cases) {
    const cells = [];
    for (const minify of Object.values(minifiers)) cells.push(String(await minify(`p{${text}}`)));
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
  (title.padEnd(34) + cells.map((cell) => cell.padEnd(13)).join('')).trimEnd();
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
font-size:calc(1px - 3px)         0px          16px         16px         16px         0px          0px
padding:calc(1px - 3px) 4px       4px          0px          0px          0px          4px          4px
column-gap:calc(1px - 3px)        0px          normal       normal       normal       0px          0px
filter:blur(calc(1px - 3px))      blur(0px)    none         none         none         blur(0px)    blur(0px)
flex-grow:2;flex-grow:calc(1 - 3) 0            0            2            2            0            0
order:calc(5/2)                   3            3            0            0            3            3
column-count:calc(5/2)            3            3            auto         auto         3            3
text-indent:max(0px,5px)          5px          5px          5px          5px          5px          5px
text-indent:hypot(0px,5px)        5px          5px          5px          0px          0px          0px
text-indent:abs(0px - 5px)        5px          5px          5px          0px          0px          0px
SEEN
