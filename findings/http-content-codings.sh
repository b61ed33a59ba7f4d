#!/usr/bin/env bash
# Six HTTP clients hand over coded bytes as the content, and three refuse a gzip header that is valid.
#
# Codings may be several, in the order applied, on one line or more (RFC 9110, 8.4 and 5.3), and x-gzip is to
# be taken for gzip (8.4.1.3). aiohttp, got, pyreqwest, primp and wreq leave two codings as they were sent,
# with status 200 and no error, though each knows gzip and br; httpx does so with x-gzip alone. Of two lines
# aiohttp decodes the last coding only, and the three in Rust read it by the first one, which fails.
# These three do not know a header with a checksum of its own (FHCRC; RFC 1952, 2.3.1) either.
# curl, urllib3 and undici's fetch read all of them.
#
# Seen with pycurl 7.49.0 and what is listed, for the content "hello":
#                     gzip      x-gzip    br        gzip, br  two lines FHCRC
#   curl              read      read      read      read      read      read
#   urllib3 2.8.0     read      read      read      read      read      read
#   httpx 0.28.1      read      coded     read      read      read      read
#   aiohttp 3.14.5    read      coded     read      coded     coded     read
#   pyreqwest 0.15.1  read      coded     read      coded     error     error
#   primp 2.0.1       read      coded     read      coded     error     error
#   wreq 0.13.0       read      coded     read      coded     error     error
#   undici 7.30.2     read      read      read      read      read      read
#   got 14.6.6        read      coded     read      coded     coded     read
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pycurl==7.49.0 urllib3==2.8.0 httpx==0.28.1 \
    aiohttp==3.14.5 brotli==1.2.1 pyreqwest==0.15.1 primp==2.0.1 wreq==0.13.0 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund undici@7.30.2 got@14.6.6 >log 2>&1 || { cat log; exit 2; }

cat >read.mjs <<'NODE'
import got from 'got';
import { fetch } from 'undici';

const [, , name, ...urls] = process.argv;
const read = {
  undici: async (url) => Buffer.from(await (await fetch(url)).arrayBuffer()),
  got: (url) => got(url, { retry: { limit: 0 } }).buffer(),
}[name];
const contents = [];
for (const url of urls) {
  contents.push(await read(url).then((body) => body.toString('hex'), () => 'error'));
}
console.log(contents.join(' '));
NODE

venv/bin/python >seen <<'PYTHON'
import asyncio
import gzip
import io
import socketserver
import struct
import subprocess
import threading
import zlib

import aiohttp
import brotli
import httpx
import primp
import pycurl
import urllib3
import wreq
from pyreqwest.client import SyncClientBuilder

TEXT = b"hello"
GZIP = gzip.compress(TEXT)
TWICE = brotli.compress(GZIP)
CHECKED = b"\x1f\x8b\x08\x02\0\0\0\0\0\xff"  # with the flag FHCRC
CHECKED += struct.pack("<H", zlib.crc32(CHECKED) & 0xFFFF) + GZIP[10:]
CASES = {
    "gzip": (["gzip"], GZIP),
    "x-gzip": (["x-gzip"], GZIP),
    "br": (["br"], brotli.compress(TEXT)),
    "gzip, br": (["gzip, br"], TWICE),
    "two lines": (["gzip", "br"], TWICE),
    "FHCRC": (["gzip"], CHECKED),
}
assert gzip.decompress(CHECKED) == TEXT


class Origin(socketserver.StreamRequestHandler):
    def handle(self):
        at = int(self.rfile.readline().split()[1].strip(b"/"))
        while self.rfile.readline().strip():
            pass
        codings, body = list(CASES.values())[at]
        lines = ["HTTP/1.1 200 OK", *(f"Content-Encoding: {coding}" for coding in codings)]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        self.wfile.write("\r\n".join(lines).encode() + body)


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
URLS = [f"http://127.0.0.1:{server.server_address[1]}/{at}" for at in range(len(CASES))]


def by_pycurl(url):
    content, client = io.BytesIO(), pycurl.Curl()
    client.setopt(pycurl.URL, url)
    client.setopt(pycurl.ACCEPT_ENCODING, "gzip, br")
    client.setopt(pycurl.WRITEDATA, content)
    client.perform()
    return content.getvalue()


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


async def by_wreq(url):
    return bytes(await (await wreq.Client().get(url)).bytes())


def by_pyreqwest(url):
    with SyncClientBuilder().build() as client:
        return bytes(client.get(url).build().send().bytes())


def judged(content):
    return "read" if content == TEXT else "coded"


def line(title, *cells):
    print(f"{title:17} {' '.join(f'{cell:9}' for cell in cells)}".rstrip())


line("", *CASES)
for title, read in {
    "curl": by_pycurl,
    "urllib3 2.8.0": lambda url: urllib3.request("GET", url, retries=False).data,
    "httpx 0.28.1": lambda url: httpx.get(url).content,
    "aiohttp 3.14.5": lambda url: asyncio.run(by_aiohttp(url)),
    "pyreqwest 0.15.1": by_pyreqwest,
    "primp 2.0.1": lambda url: primp.Client().get(url).content,
    "wreq 0.13.0": lambda url: asyncio.run(by_wreq(url)),
}.items():
    cells = []
    for url in URLS:
        try:
            cells.append(judged(read(url)))
        except Exception:  # of seven libraries
            cells.append("error")
    line(title, *cells)
for title, name in ("undici 7.30.2", "undici"), ("got 14.6.6", "got"):
    command = ["node", "read.mjs", name, *URLS]
    answers = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    line(title, *(one if one == "error" else judged(bytes.fromhex(one)) for one in answers))
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                  gzip      x-gzip    br        gzip, br  two lines FHCRC
curl              read      read      read      read      read      read
urllib3 2.8.0     read      read      read      read      read      read
httpx 0.28.1      read      coded     read      read      read      read
aiohttp 3.14.5    read      coded     read      coded     coded     read
pyreqwest 0.15.1  read      coded     read      coded     error     error
primp 2.0.1       read      coded     read      coded     error     error
wreq 0.13.0       read      coded     read      coded     error     error
undici 7.30.2     read      read      read      read      read      read
got 14.6.6        read      coded     read      coded     coded     read
SEEN
