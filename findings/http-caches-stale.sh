#!/usr/bin/env bash
# Six HTTP caches for clients give what is stale, or ask for what is not, each for reasons of its own.
#
# An answer is as old as its Age says, and its Date (RFC 9111, 4.2.3). requests-cache and make-fetch-happen look at
# neither, and count from when it came; CacheControl and hishel do without Age, got without Date.
# CacheControl takes `no-cache` for nothing where max-age stands beside it (5.2.2.4).
# After a POST or PUT that went well, its URL has to be asked for anew (4.4): requests-cache and got
# keep what they have after both, CacheControl after POST. A 304 renews what is kept (4.3.4); undici
# throws it away then, and asks for the whole the next time.
#
# Seen with requests-cache 1.3.3 (cache_control), CacheControl 0.14.4, hishel 2.0.0 (rfc, not shared) with httpx 0.28.1
# on Python 3.11, undici 7.30.2 (private), got 14.6.6 (not shared), make-fetch-happen 15.0.6 on Node.js 20.20.2:
# whether the last of the requests is answered from the cache, or by the server, with 304 where it was asked
# for a change only; "!" is what RFC 9111 does not allow, or, in the last line, a renewal that is lost:
#                           RFC 9111       requests-cache CacheControl   hishel         undici         got            make-fetch-happen
#   max-age=60              kept           kept           kept           kept           kept           kept           kept
#     with Age: 100         server         kept !         kept !         kept !         server         server         kept !
#     of 100 seconds ago    server         kept !         server         server         server         kept !         kept !
#     with no-cache         server         server         kept !         server         server         server         server
#     after a POST          server         kept !         kept !         server         server         kept !         server
#     after a PUT           server         kept !         server         server         server         kept !         server
#   max-age=0, ETag         304            304            304            304            304            304            304
#     then 304, max-age=60  kept           kept           kept           kept           server !       kept           kept
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests-cache==1.3.3 cachecontrol==0.14.4 \
    hishel==2.0.0 httpx==0.28.1 requests==2.34.2 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund undici@7.30.2 got@14.6.6 make-fetch-happen@15.0.6 >log 2>&1 ||
    { cat log; exit 2; }

cat >ask.mjs <<'NODE'
import http from 'node:http';
import got from 'got';
import fetch from 'make-fetch-happen';
import { Agent, cacheStores, interceptors, request } from 'undici';

const [, , name, url, steps] = process.argv;
const store = new cacheStores.MemoryCacheStore();
const dispatcher = new Agent().compose(interceptors.cache({ store, type: 'private' }));
const cache = new Map();
const cacheOptions = { shared: false };
const ask = {
  undici: async (url, method, headers) => {
    const { body } = await request(url, { method, headers, dispatcher });
    return body.text();
  },
  got: (url, method, headers) =>
    got(url, { method, headers, cache, cacheOptions, throwHttpErrors: false, retry: { limit: 0 } }).text(),
  'make-fetch-happen': async (url, method, headers) =>
    (await fetch(url, { method, headers, cachePath: './kept', retry: false })).text(),
}[name];
const mark = new URL('/mark', url);
for (const [method, headers] of JSON.parse(steps)) {
  await new Promise((resolve) => http.get(mark, (answer) => answer.resume().on('end', resolve)));
  await ask(url, method, headers);
  await new Promise((resolve) => setTimeout(resolve, 50));  // some keep it after they gave it
}
process.exit();
NODE

venv/bin/python >seen 2>log <<'PYTHON'
import json
import subprocess
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hishel
import httpx
import requests
import requests_cache
from cachecontrol import CacheControl
from hishel.httpx import CacheClient

FRESH = {"Cache-Control": "max-age=60"}
TAG = {"ETag": '"a"'}
GET = ("GET", {})


def earlier():
    return {**FRESH, "Date": formatdate(time.time() - 100, usegmt=True)}



# what the server says, what is asked for, and by what the last of it has to be answered
CASES = {
    "max-age=60": (FRESH, [GET, GET], "kept"),
    "  with Age: 100": ({**FRESH, "Age": "100"}, [GET, GET], "server"),
    "  of 100 seconds ago": (earlier, [GET, GET], "server"),
    "  with no-cache": ({"Cache-Control": "no-cache, max-age=60"}, [GET, GET], "server"),
    "  after a POST": (FRESH, [GET, ("POST", {}), GET], "server"),
    "  after a PUT": (FRESH, [GET, ("PUT", {}), GET], "server"),
    "max-age=0, ETag": ({**TAG, "Cache-Control": "max-age=0"}, [GET, GET], "304"),
    "  then 304, max-age=60": ({**TAG, "Cache-Control": "max-age=0"}, [GET, GET, GET], "kept"),
}


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/mark":
            self.server.last = "kept"
            self.send_response_only(204)
            return self.end_headers()
        said = self.server.says
        headers = said() if callable(said) else dict(said)
        unchanged = self.headers.get("If-None-Match") == headers.get("ETag", "")
        self.server.last = "304" if unchanged else "server"
        if unchanged:
            headers["Cache-Control"] = "max-age=60"
        headers.setdefault("Date", formatdate(usegmt=True))
        self.send_response_only(304 if unchanged else 200)
        for header in headers.items():
            self.send_header(*header)
        if not unchanged:
            self.send_header("Content-Length", "5")
        self.end_headers()
        if not unchanged:
            self.wfile.write(b"hello")

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()


def by_python(client):
    def ask(url, steps):
        for method, headers in steps:
            server.last = "kept"
            client.request(method, url, headers=headers).text  # noqa: B018

    return ask


def by_node(name):
    def ask(url, steps):
        subprocess.run(["node", "ask.mjs", name, url, json.dumps(steps)], check=True)

    return ask


storage = hishel.SqliteStorage(database_path="kept.db")
CACHES = {
    "requests-cache": by_python(requests_cache.CachedSession(backend="memory", cache_control=True)),
    "CacheControl": by_python(CacheControl(requests.Session())),
    "hishel": by_python(CacheClient(storage=storage, rfc={"shared": False})),
    **{name: by_node(name) for name in ("undici", "got", "make-fetch-happen")},
}


def line(title, cells):
    print(f"{title:23} {' '.join(f'{cell:14}' for cell in cells)}".rstrip())


line("", ("RFC 9111", *CACHES))
for at, (title, (said, steps, right)) in enumerate(CASES.items()):
    cells = [right]
    for name, ask in CACHES.items():
        server.says = said
        ask(f"http://127.0.0.1:{server.server_address[1]}/{name}/{at}", steps)
        cells.append(server.last + ("" if server.last == right else " !"))
    line(title, cells)
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                        RFC 9111       requests-cache CacheControl   hishel         undici         got            make-fetch-happen
max-age=60              kept           kept           kept           kept           kept           kept           kept
  with Age: 100         server         kept !         kept !         kept !         server         server         kept !
  of 100 seconds ago    server         kept !         server         server         server         kept !         kept !
  with no-cache         server         server         kept !         server         server         server         server
  after a POST          server         kept !         kept !         server         server         kept !         server
  after a PUT           server         kept !         server         server         server         kept !         server
max-age=0, ETag         304            304            304            304            304            304            304
  then 304, max-age=60  kept           kept           kept           kept           server !       kept           kept
SEEN
