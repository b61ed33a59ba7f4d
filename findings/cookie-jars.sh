#!/usr/bin/env bash
# requests 2.34.2, aiohttp 3.14.5 and libcurl send other cookies back than RFC 6265 says, each in its own way.
#
# An attribute that makes no sense is left out, and of two alike the last one counts (5.2 and 5.3); requests,
# and httpx by the same http.cookiejar, drop the cookie, or take the first. libcurl does so at Max-Age. A date
# needs no zone, and no order of its parts (5.1.1): old cookies stay in the first two or in aiohttp. That one
# also quotes values by default (a server gets `\054` back for its comma), and sends shorter paths first and
# one cookie of a name, where 5.4 has all, longer paths first. It and tough-cookie decode the path that is
# asked for before they compare it (5.1.4 does not). libcurl sends the newest first, where the oldest should be.
#
# Seen with requests 2.34.2 (and httpx 0.28.1) on Python 3.11, aiohttp 3.14.5, pycurl 7.49.0 and tough-cookie
# 6.1.0; "-" is no cookie, and "+" begins a second answer:
#                                          RFC 6265  requests  aiohttp      libcurl   tough-cookie
#   a=1; Path=/x; Path=/                   a=1       -         a=1          a=1       a=1
#   a=1; Path=foo                          a=1       -         a=1          a=1       a=1
#   a=1; Domain=                           a=1       -         a=1          a=1       a=1
#   a=1; Max-Age=x                         a=1       -         a=1          -         a=1
#   a=1; Expires=Sun Nov 6 08:49:37 1994   -         a=1       a=1          -         -
#   a=1; Expires=Sun, 06 Nov 1994 08:49:37 -         -         a=1          -         -
#   a=b,c                                  a=b,c     a=b,c     a="b\054c"   a=b,c     a=b,c
#   a=1; Path=/ + b=2; Path=/x             b=2; a=1  b=2; a=1  a=1; b=2     b=2; a=1  b=2; a=1
#   a=1; Path=/ + a=2; Path=/x             a=2; a=1  a=2; a=1  a=2          a=2; a=1  a=2; a=1
#   a=1 + b=2                              a=1; b=2  a=1; b=2  a=1; b=2     b=2; a=1  a=1; b=2
#   a=1; Path=/a%20b                       a=1       a=1       -            a=1       -
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5 \
    pycurl==7.49.0 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund tough-cookie@6.1.0 >log 2>&1 || { cat log; exit 2; }

cat >cases.json <<'JSON'
[
  ["a=1; Path=/x; Path=/", "/", "/", "a=1"],
  ["a=1; Path=foo", "/d/e", "/d/f", "a=1"],
  ["a=1; Domain=", "/", "/", "a=1"],
  ["a=1; Max-Age=x", "/", "/", "a=1"],
  ["a=1; Expires=Sun Nov 6 08:49:37 1994", "/", "/", null],
  ["a=1; Expires=Sun, 06 Nov 1994 08:49:37", "/", "/", null],
  ["a=b,c", "/", "/", "a=b,c"],
  ["a=1; Path=/ + b=2; Path=/x", "/", "/x", "b=2; a=1"],
  ["a=1; Path=/ + a=2; Path=/x", "/", "/x", "a=2; a=1"],
  ["a=1 + b=2", "/", "/", "a=1; b=2"],
  ["a=1; Path=/a%20b", "/", "/a%20b/c", "a=1"]
]
JSON
cat >read.cjs <<'NODE'
const { CookieJar } = require('tough-cookie');
const answers = require('./cases.json').map(([lines, from, to]) => {
  const jar = new CookieJar();
  for (const line of lines.split(' + ')) {
    jar.setCookieSync(line, `http://127.0.0.1${from}`, { ignoreError: true });
  }
  return jar.getCookieStringSync(`http://127.0.0.1${to}`) || null;
});
console.log(JSON.stringify(answers));
NODE
node read.cjs >tough.json

venv/bin/python >seen 2>log <<'PYTHON'
import asyncio
import json
import socketserver
import threading
from pathlib import Path

import aiohttp
import httpx
import pycurl
import requests
from yarl import URL

CASES = json.loads(Path("cases.json").read_text())
cookies = []  # what the last request brought


class Origin(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().decode().split()[1]
        cookies[:] = [None]
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            if name.lower() == "cookie":
                cookies[:] = [value.strip()]
        given = self.server.given.get(path, [])
        lines = ["HTTP/1.1 200 OK", *(f"Set-Cookie: {line}" for line in given), "Content-Length: 0"]
        self.wfile.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
ORIGIN = f"http://127.0.0.1:{server.server_address[1]}"


def steps(lines, start, end):
    """Yield what to ask for; the last answer is what counts."""
    for line in lines.split(" + "):
        server.given = {start: [line]}
        yield ORIGIN + start
    server.given = {}
    yield ORIGIN + end


def by_session(session, *case):
    with session:
        for url in steps(*case):
            session.get(url)
    return cookies[0]


async def by_aiohttp(*case):
    jar = aiohttp.CookieJar(unsafe=True)  # the origin has no name
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        for url in steps(*case):
            async with session.get(URL(url, encoded=True)) as response:
                await response.read()
    return cookies[0]


def by_pycurl(*case):
    client = pycurl.Curl()
    client.setopt(pycurl.COOKIEFILE, "")
    for url in steps(*case):
        client.setopt(pycurl.URL, url)
        client.perform()
    return cookies[0]


WIDTHS = 9, 9, 12, 9, 12
rows = [("", "RFC 6265", "requests", "aiohttp", "libcurl", "tough-cookie")]
for (*case, expected), tough in zip(CASES, json.loads(Path("tough.json").read_text()), strict=True):
    by_requests = by_session(requests.Session(), *case)
    assert by_session(httpx.Client(), *case) == by_requests
    found = (
        by_requests,
        asyncio.run(by_aiohttp(*case)),
        by_pycurl(*case),
        tough,
    )
    rows.append((case[0], *(cell or "-" for cell in (expected, *found))))
for title, *cells in rows:
    padded = (f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
    print(f"{title:38} {' '.join(padded)}".rstrip())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                                       RFC 6265  requests  aiohttp      libcurl   tough-cookie
a=1; Path=/x; Path=/                   a=1       -         a=1          a=1       a=1
a=1; Path=foo                          a=1       -         a=1          a=1       a=1
a=1; Domain=                           a=1       -         a=1          a=1       a=1
a=1; Max-Age=x                         a=1       -         a=1          -         a=1
a=1; Expires=Sun Nov 6 08:49:37 1994   -         a=1       a=1          -         -
a=1; Expires=Sun, 06 Nov 1994 08:49:37 -         -         a=1          -         -
a=b,c                                  a=b,c     a=b,c     a="b\054c"   a=b,c     a=b,c
a=1; Path=/ + b=2; Path=/x             b=2; a=1  b=2; a=1  a=1; b=2     b=2; a=1  b=2; a=1
a=1; Path=/ + a=2; Path=/x             a=2; a=1  a=2; a=1  a=2          a=2; a=1  a=2; a=1
a=1 + b=2                              a=1; b=2  a=1; b=2  a=1; b=2     b=2; a=1  a=1; b=2
a=1; Path=/a%20b                       a=1       a=1       -            a=1       -
SEEN
