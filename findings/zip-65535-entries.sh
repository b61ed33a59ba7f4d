#!/usr/bin/env bash
# A zip of exactly 65,535 entries is no zip for jszip, unzipper and node-stream-zip; client-zip loses what is above.
#
# The end record has the number of entries in 16 bits. 0xFFFF stands for a ZIP64 record in front of it, "if an
# archive is in ZIP64 format" (APPNOTE 6.3.10, 4.4.22); where there is none, it is a number like others. Python's
# zipfile and most others write it so at 65,535; zip.js adds the record, and three readers refuse all others.
# client-zip, which "will generate Zip64 archives" when necessary by its README, does so for sizes and offsets only:
# from 65,536 entries on the number stays 0xFFFF with nothing in front. Those three refuse it, and most others
# leave out all files above, without a word. fflate keeps the number's lower 16 bits, and five readers, its own
# among them, see an empty archive.
#
# Seen with client-zip 2.5.1, fflate 0.8.3, @zip.js/zip.js 2.24.0, yauzl 3.4.0, adm-zip 0.6.1, unzipper 0.12.5,
# node-stream-zip 1.16.0 ("streamzip"), jszip 3.10.2 on Node.js 20.20.2, and zipfile of Python 3.11: who writes it, and what
# each finds in it ("." is all):
#                       zipfile  zip.js   yauzl    fflate   adm-zip  unzipper streamzip jszip
#   65535 by zipfile    .        .        .        .        .        refused  refused  refused
#   65535 by client-zip .        .        .        .        .        refused  refused  refused
#   65535 by zip.js     .        .        .        .        .        .        .        .
#   65536 by zipfile    .        .        .        .        .        .        .        .
#   65536 by client-zip .        65535    65535    65535    65535    refused  refused  refused
#   65536 by fflate     .        .        0        0        0        0        0        .
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund client-zip@2.5.1 fflate@0.8.3 jszip@3.10.2 @zip.js/zip.js@2.24.0 \
    adm-zip@0.6.1 yauzl@3.4.0 unzipper@0.12.5 node-stream-zip@1.16.0 >log 2>&1 || { cat log; exit 2; }

cat >write.mjs <<'NODE'
import { writeFileSync } from 'node:fs';
import * as zipjs from '@zip.js/zip.js';
import { downloadZip } from 'client-zip';
import { zipSync } from 'fflate';

zipjs.configure({ useWebWorkers: false });
const writers = {
  'client-zip': async (names) => {
    const files = names.map((name) => ({ name, input: '' }));
    return new Uint8Array(await downloadZip(files).arrayBuffer());
  },
  fflate: (names) => zipSync(Object.fromEntries(names.map((name) => [name, new Uint8Array()]))),
  'zip.js': async (names) => {
    const zip = new zipjs.ZipWriter(new zipjs.Uint8ArrayWriter());
    for (const name of names) await zip.add(name, new zipjs.TextReader(''));
    return zip.close();
  },
};
for (const title of process.argv.slice(2)) {
  const [count, , writer] = title.split(' ');
  const names = Array.from({ length: count }, (_, at) => `n${at}`);
  writeFileSync(`${title}.zip`, await writers[writer](names));
}
NODE
cat >read.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import * as zipjs from '@zip.js/zip.js';
import AdmZip from 'adm-zip';
import { unzipSync } from 'fflate';
import JSZip from 'jszip';
import StreamZip from 'node-stream-zip';
import unzipper from 'unzipper';
import yauzl from 'yauzl';

zipjs.configure({ useWebWorkers: false });
const readers = {
  'zip.js': async (file) => {
    const reader = new zipjs.Uint8ArrayReader(new Uint8Array(readFileSync(file)));
    return (await new zipjs.ZipReader(reader).getEntries()).length;
  },
  yauzl: (file) => new Promise((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      let count = 0;
      zip.on('entry', () => { count++; zip.readEntry(); });
      zip.on('end', () => resolve(count));
      zip.on('error', reject);
      zip.readEntry();
    });
  }),
  fflate: (file) => Object.keys(unzipSync(readFileSync(file))).length,
  'adm-zip': (file) => new AdmZip(file).getEntries().length,
  unzipper: async (file) => (await unzipper.Open.file(file)).files.length,
  streamzip: async (file) => {
    const zip = new StreamZip.async({ file });
    try {
      return Object.keys(await zip.entries()).length;
    } finally {
      await zip.close().catch(() => {});
    }
  },
  jszip: async (file) => Object.keys((await JSZip.loadAsync(readFileSync(file))).files).length,
};
const files = process.argv.slice(2);
const found = {};
for (const [reader, read] of Object.entries(readers)) {
  found[reader] = [];
  for (const file of files) {
    try {
      found[reader].push(await read(file));
    } catch {
      found[reader].push('refused');
    }
  }
}
console.log(JSON.stringify(found));
NODE
python3 >seen <<'PYTHON'
import json
import subprocess
import zipfile

TITLES = [
    *("65535 by zipfile", "65535 by client-zip", "65535 by zip.js"),
    *("65536 by zipfile", "65536 by client-zip", "65536 by fflate"),
]
FILES = [f"{title}.zip" for title in TITLES]


def by_zipfile(file):
    with zipfile.ZipFile(file) as archive:
        return len(archive.namelist())


def line(title, cells):
    print(f"{title:19} {' '.join(f'{cell:8}' for cell in cells)}".rstrip())


for file in FILES[::3]:
    with zipfile.ZipFile(file, "w") as archive:
        for at in range(int(file.split()[0])):
            archive.writestr(zipfile.ZipInfo(f"n{at}"), b"")
subprocess.run(["node", "write.mjs", *TITLES[1:3], *TITLES[4:]], check=True)
answers = subprocess.run(["node", "read.mjs", *FILES], check=True, capture_output=True).stdout
found = {"zipfile": [by_zipfile(file) for file in FILES], **json.loads(answers)}
line("", found)
for title, *cells in zip(TITLES, *found.values(), strict=True):
    line(title, ("." if str(cell) == title.split()[0] else str(cell) for cell in cells))
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                    zipfile  zip.js   yauzl    fflate   adm-zip  unzipper streamzip jszip
65535 by zipfile    .        .        .        .        .        refused  refused  refused
65535 by client-zip .        .        .        .        .        refused  refused  refused
65535 by zip.js     .        .        .        .        .        .        .        .
65536 by zipfile    .        .        .        .        .        .        .        .
65536 by client-zip .        65535    65535    65535    65535    refused  refused  refused
65536 by fflate     .        .        0        0        0        0        0        .
SEEN
