#!/usr/bin/env bash
# Eight clients that download in parts join the bytes of two versions of a file, and report success.
#
# Parts may be combined if they share one strong validator, and must not otherwise (RFC 9110, 15.3.7.3); If-Range and
# If-Match are there to ask for them (13.1). gallery-dl and node-downloader-helper go on where the connection broke,
# by Range alone; fsspec, obstore's reader, parfive, easydl and pypdl take a file in parts, whose ETag they never compare,
# though pypdl has `etag_validation` for what it resumes. A picture that is replaced meanwhile by one of the
# same length comes out half old, half new. undici's retry interceptor sends If-Match where there is an ETag, and
# no If-Unmodified-Since where Last-Modified is all there is. obstore's get() and smart_open are right in each case.
#
# Seen with gallery-dl 1.32.18, fsspec 2026.9.0, obstore 0.12.1, parfive 2.3.1, pypdl 1.5.7, smart_open 9.0.2 on
# Python 3.11, and undici 7.30.2, node-downloader-helper 2.1.11, easydl 1.2.0 on Node.js 20.20.2, for a file of 12 MB
# that is another one after the first answer, which ends early in the upper part:
#                          unchanged  other ETag  other date
#   gallery-dl             old        mixed       mixed
#   node-downloader-helper old        mixed       mixed
#   undici, retry          old        error       mixed
#   obstore, get           old        error       error
#   obstore, reader        old        mixed       mixed
#   fsspec                 old        mixed       mixed
#   parfive                old        mixed       mixed
#   pypdl                  old        mixed       mixed
#   easydl                 old        mixed       mixed
#   smart_open             old        error       error
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gallery-dl==1.32.18 fsspec==2026.9.0 aiohttp==3.14.5 \
    obstore==0.12.1 parfive==2.3.1 pypdl==1.5.7 'smart_open[http]==9.0.2' 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund undici@7.30.2 node-downloader-helper@2.1.11 easydl@1.2.0 >log 2>&1 ||
    { cat log; exit 2; }

cat >undici.mjs <<'NODE'
import fs from 'node:fs';
import { Agent, interceptors, request } from 'undici';
const [url, file] = process.argv.slice(2);
const dispatcher = new Agent().compose(interceptors.retry({ minTimeout: 50 }));
const { body } = await request(url, { dispatcher });
fs.writeFileSync(file, Buffer.from(await body.arrayBuffer()));
NODE
cat >helper.cjs <<'NODE'
const { DownloaderHelper } = require('node-downloader-helper');
const [url, fileName] = process.argv.slice(2);
const download = new DownloaderHelper(url, '.', { fileName, retry: { maxRetries: 3, delay: 50 } });
download.start();
NODE
cat >easydl.cjs <<'NODE'
const EasyDl = require('easydl');
const [url, file] = process.argv.slice(2);
new EasyDl(url, `${__dirname}/${file}`, { connections: 4 }).wait();
NODE

venv/bin/python >seen 2>log <<'PYTHON'
import logging
import re
import socketserver
import subprocess
import threading
from pathlib import Path

import fsspec
import obstore
import smart_open
from obstore.store import HTTPStore
from parfive import Downloader
from pypdl import Pypdl

logging.disable()
SIZE = 12_000_000
TAGS = '"old"', '"new"'
DATES = "Sun, 01 Nov 2026 00:00:00 GMT", "Mon, 02 Nov 2026 00:00:00 GMT"


class Origin(socketserver.StreamRequestHandler):
    """Serve one file, which is another one as soon as some of it was asked for."""

    def handle(self):
        while line := self.rfile.readline().decode():
            fields = {}
            while field := self.rfile.readline().decode().strip():
                name, _, value = field.partition(":")
                fields[name.lower()] = value.strip()
            if not self.answer(line.split()[0], fields):
                return

    def answer(self, method, fields):
        with self.server.lock:
            new = self.server.answers > 0 and self.server.kind != "unchanged"
            status, first, last = self.evaluate(fields, new)
            content = method == "GET" and last > first  # a single byte is a question for the length
            cut = content and self.server.cut and not self.server.answers
            self.server.answers += content
        length = last - first + 1
        lines = [f"HTTP/1.1 {status} -", "Date: Fri, 06 Nov 2026 00:00:00 GMT", f"Content-Length: {length}"]
        lines += ["Content-Type: image/bmp", "Accept-Ranges: bytes", f"Last-Modified: {DATES[new]}"]
        lines += [f"ETag: {TAGS[new]}"] if self.server.kind != "date" else []
        lines += [f"Content-Range: bytes {first}-{last}/{SIZE}"] if status == 206 else []
        self.wfile.write("\r\n".join([*lines, "", ""]).encode())
        if method == "GET":
            self.wfile.write(b"01"[new : new + 1] * (length // 2 if cut else length))
        return not cut

    def evaluate(self, fields, new):
        """Return status, first and last byte, by RFC 9110, 13.2.2."""
        has = {DATES[new]} | ({TAGS[new]} if self.server.kind != "date" else set())
        wanted = fields.get("if-match") or fields.get("if-unmodified-since")
        if wanted and wanted not in has:
            return 412, 0, -1
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", fields.get("range", ""))
        if found is None or fields.get("if-range", DATES[new]) not in has:
            return 200, 0, SIZE - 1
        return 206, int(found[1]), min(int(found[2] or SIZE), SIZE - 1)


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Origin)
server.daemon_threads = True
server.lock = threading.Lock()
threading.Thread(target=server.serve_forever, daemon=True).start()
ORIGIN = f"http://127.0.0.1:{server.server_address[1]}"
URL = f"{ORIGIN}/a.bmp"
STORE = HTTPStore.from_url(ORIGIN, client_options={"allow_http": True})


def run(*words):
    subprocess.run(words, capture_output=True, timeout=60, check=True)


def by_node(script):
    return lambda name: run("node", script, URL, name)


def by_gallery_dl(name):
    run("venv/bin/gallery-dl", "--config-ignore", "-D", ".", "-f", name, URL)


def by_obstore(name):
    Path(name).write_bytes(obstore.get(STORE, "a.bmp").bytes())


def by_obstore_reader(name):
    reader = obstore.open_reader(STORE, "a.bmp")
    Path(name).write_bytes(b"".join(iter(lambda: bytes(reader.read(SIZE // 4)), b"")))


def by_fsspec(name):
    with fsspec.open(URL) as reader:
        Path(name).write_bytes(b"".join(iter(lambda: reader.read(SIZE // 4), b"")))


def by_parfive(name):
    downloader = Downloader(progress=False)
    downloader.enqueue_file(URL, path=".", filename=name)
    if errors := downloader.download().errors:
        raise errors[0].exception


def by_pypdl(name):
    Pypdl().start(URL, file_path=str(Path(name).resolve()), display=False)


def by_smart_open(name):
    with smart_open.open(URL, "rb") as reader:
        end = reader.seek(SIZE // 2) and reader.read()
        reader.seek(0)
        Path(name).write_bytes(reader.read(SIZE // 2) + end)


def name_of(data):
    assert len(data) == SIZE
    return {frozenset(b"0"): "old", frozenset(b"1"): "new", frozenset(b"01"): "mixed"}[frozenset(data)]


def outcome(download, kind, cut):
    server.kind, server.cut, server.answers = kind, cut, 0
    file = Path("got.bmp")
    file.unlink(missing_ok=True)
    try:
        download(file.name)
    except Exception:
        return "error"
    return name_of(file.read_bytes())


CLIENTS = {
    "gallery-dl": (by_gallery_dl, True),
    "node-downloader-helper": (by_node("helper.cjs"), True),
    "undici, retry": (by_node("undici.mjs"), True),
    "obstore, get": (by_obstore, True),
    "obstore, reader": (by_obstore_reader, False),
    "fsspec": (by_fsspec, False),
    "parfive": (by_parfive, False),
    "pypdl": (by_pypdl, False),
    "easydl": (by_node("easydl.cjs"), False),
    "smart_open": (by_smart_open, False),
}
print(f"{'':22} unchanged  other ETag  other date")
for title, (download, cut) in CLIENTS.items():
    old, by_tag, by_date = (outcome(download, kind, cut) for kind in ("unchanged", "tag", "date"))
    print(f"{title:22} {old:10} {by_tag:11} {by_date}", flush=True)
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                       unchanged  other ETag  other date
gallery-dl             old        mixed       mixed
node-downloader-helper old        mixed       mixed
undici, retry          old        error       mixed
obstore, get           old        error       error
obstore, reader        old        mixed       mixed
fsspec                 old        mixed       mixed
parfive                old        mixed       mixed
pypdl                  old        mixed       mixed
easydl                 old        mixed       mixed
smart_open             old        error       error
SEEN
