#!/usr/bin/env bash
# Six readers of Link headers lose the next page of a list, where the header says more than the address.
#
# A relation may stand beside others (`rel="prev next"`), in any case, as may the parameter's name; the first `rel` counts; an
# address ends at `>`, whatever is in it; a parameter may have no value, or a quoted one with any character (RFC 8288, 3, 3.3
# and B.2). requests, niquests and httpx split at `;` and `=`, and know a link by the whole of its `rel`, so that its page
# is none of "next"; aiohttp takes a title for a `rel`. got, which follows pages by itself, stops with an error at a
# comma or semicolon in an address, at a comma in a title, and at any link without `rel`; at two relations it ends the list
# as if it were complete. parse-link-header takes names and relations only as they are usually written: not in capitals,
# with blanks, or beside a second `rel`. http-link-header is right but where a parameter has no value, or an element of the list is empty,
# which has to be ignored (RFC 9110, 5.6.1.2).
#
# Seen with requests 2.34.2, niquests 3.21.2, httpx 0.28.1, aiohttp 3.14.5 on Python 3.11, and got 14.6.6, parse-link-header
# 2.0.0, http-link-header 1.1.4 on Node.js 20.20.2; "." is the next page, "none" that there is none:
#                                     requests niquests httpx aiohttp got   parse-link-header http-link-header
#   </a>; rel=next                    .        .        .     .       .     .                 .
#   </a?b=1,2>; rel=next              .        .        .     .       error .                 .
#   </a?b=1;2>; rel=next              none     none     none  .       error .                 .
#   </a>; title="b, c"; rel=next      .        .        .     .       error .                 .
#   </a>; title="b; rel=c"; rel=next  .        .        .     none    .     .                 .
#   </a>; title="b=c"; rel=next       none     none     none  .       .     .                 .
#   </a>; rel="prev next"             none     none     none  none    none  .                 .
#   </a>; rel=next; rel=prev          none     none     none  .       none  none              .
#   </a>; REL=next                    none     none     none  none    none  none              .
#   </a>; rel=NEXT                    none     none     none  none    none  none              .
#   </a> ; rel = "next"               .        .        .     .       .     none              .
#   </a>; b; rel=next                 none     none     none  .       error .                 none
#   </b>, </a>; rel=next              .        .        .     .       error .                 .
#   , </a>; rel=next                  .        .        .     .       error .                 error
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 httpx==0.28.1 niquests==3.21.2 \
    aiohttp==3.14.5 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund got@14.6.6 parse-link-header@2.0.0 http-link-header@1.1.4 >log 2>&1 ||
    { cat log; exit 2; }

cat >read.mjs <<'NODE'
import fs from 'node:fs';
import got from 'got';
import LinkHeader from 'http-link-header';
import parse from 'parse-link-header';

const [origin, file] = process.argv.slice(2);
const readers = {
  async got(url) {
    const pagination = { transform: (response) => [response.url], requestLimit: 2 };
    return (await got.paginate.all(url, { pagination }))[1];
  },
  'parse-link-header': async (url) => parse((await fetch(url)).headers.get('link'))?.next?.url,
  'http-link-header': async (url) => LinkHeader.parse((await fetch(url)).headers.get('link')).rel('next')[0]?.uri,
};
const rows = [];
for (let number = 0; number < Number(file); number++) {
  const row = [];
  for (const read of Object.values(readers)) {
    try {
      row.push((await read(`${origin}/${number}`)) ?? 'none');
    } catch {
      row.push('error');
    }
  }
  rows.push(row);
}
fs.writeFileSync('read.json', JSON.stringify([Object.keys(readers), rows]));
NODE

venv/bin/python >seen 2>log <<'PYTHON'
import asyncio
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import httpx
import niquests
import requests

CASES = [  # the next page, and the header that leads there
    ("/a", "<{}>; rel=next"),
    ("/a?b=1,2", "<{}>; rel=next"),
    ("/a?b=1;2", "<{}>; rel=next"),
    ("/a", '<{}>; title="b, c"; rel=next'),
    ("/a", '<{}>; title="b; rel=c"; rel=next'),
    ("/a", '<{}>; title="b=c"; rel=next'),
    ("/a", '<{}>; rel="prev next"'),
    ("/a", "<{}>; rel=next; rel=prev"),
    ("/a", "<{}>; REL=next"),
    ("/a", "<{}>; rel=NEXT"),
    ("/a", '<{}> ; rel = "next"'),
    ("/a", "<{}>; b; rel=next"),
    ("/a", "</b>, <{}>; rel=next"),
    ("/a", ", <{}>; rel=next"),
]


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        if (number := self.path.lstrip("/")).isdecimal():
            path, link = CASES[int(number)]
            self.send_header("Link", link.format(ORIGIN + path))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")


server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
ORIGIN = f"http://127.0.0.1:{server.server_address[1]}"


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return str(response.links["next"]["url"])


READERS = {
    "requests": lambda url: requests.get(url).links["next"]["url"],
    "niquests": lambda url: niquests.get(url).links["next"]["url"],
    "httpx": lambda url: httpx.get(url).links["next"]["url"],
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
}


def outcome(read, url):
    try:
        return read(url)
    except KeyError:
        return "none"


subprocess.run(["node", "read.mjs", ORIGIN, str(len(CASES))], check=True)
names, others = json.loads(Path("read.json").read_text())
widths = [max(len(name), 5) for name in (*READERS, *names)]
rows = [("", [*READERS, *names])]
for number, ((path, link), found) in enumerate(zip(CASES, others, strict=True)):
    found = [*(outcome(read, f"{ORIGIN}/{number}") for read in READERS.values()), *found]
    rows.append((link.format(path), ["." if one == ORIGIN + path else one.removeprefix(ORIGIN) for one in found]))
for title, cells in rows:
    padded = (f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
    print(f"{title:33}", " ".join(padded).rstrip())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                                  requests niquests httpx aiohttp got   parse-link-header http-link-header
</a>; rel=next                    .        .        .     .       .     .                 .
</a?b=1,2>; rel=next              .        .        .     .       error .                 .
</a?b=1;2>; rel=next              none     none     none  .       error .                 .
</a>; title="b, c"; rel=next      .        .        .     .       error .                 .
</a>; title="b; rel=c"; rel=next  .        .        .     none    .     .                 .
</a>; title="b=c"; rel=next       none     none     none  .       .     .                 .
</a>; rel="prev next"             none     none     none  none    none  .                 .
</a>; rel=next; rel=prev          none     none     none  .       none  none              .
</a>; REL=next                    none     none     none  none    none  none              .
</a>; rel=NEXT                    none     none     none  none    none  none              .
</a> ; rel = "next"               .        .        .     .       .     none              .
</a>; b; rel=next                 none     none     none  .       error .                 none
</b>, </a>; rel=next              .        .        .     .       error .                 .
, </a>; rel=next                  .        .        .     .       error .                 error
SEEN
