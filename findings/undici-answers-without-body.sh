#!/usr/bin/env bash
# undici 7.30.2 fails on a 304 that tells the length, and on a 100 that nobody asked for.
#
# A 304 ends with its header, and may say how long the content of a 200 would be (RFC 9110, 8.6 and 15.4.5;
# RFC 9112, 6.3). undici's request() gives the status, and reading the body, which is empty, fails with
# UND_ERR_RES_CONTENT_LENGTH_MISMATCH: so does what asks by ETag, as long as nothing has changed. A
# client has to take interim answers that it does not expect (RFC 9110, 15.2). undici takes 102 and 103, and
# refuses 100 ("bad response"), in request(), fetch() and the fetch() of Node.js, which is undici.
# The http module of Node.js, which has the same parser below, is right in each case.
#
# Seen with undici 7.30.2 and Node.js 20.20.2 (its fetch is undici 6.24.1):
#                undici request    undici fetch      fetch of Node.js  http of Node.js
#   200          200               200               200               200
#   304          304               304               304               304
#   304, length  error             304               304               304
#   100, 200     error             error             error             200
#   103, 200     200               200               200               200
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is not installed'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund undici@7.30.2 >log 2>&1 || { cat log; exit 2; }

cat >read.cjs <<'NODE'
const http = require('node:http');
const net = require('node:net');
const { fetch: undiciFetch, request } = require('undici');

const FOUND = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const ANSWERS = {
  '200': FOUND,
  '304': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
  '304, length': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n',
  '100, 200': 'HTTP/1.1 100 Continue\r\n\r\n' + FOUND,
  '103, 200': 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n' + FOUND,
};
const clients = {
  'undici request': async (url, headers) => {
    const { statusCode, body } = await request(url, { headers });
    await body.text();
    return statusCode;
  },
  'undici fetch': async (url, headers) => (await undiciFetch(url, { headers })).status,
  'fetch of Node.js': async (url, headers) => (await fetch(url, { headers })).status,
  'http of Node.js': (url, headers) => new Promise((resolve, reject) => {
    const answered = (response) => response.resume().on('end', () => resolve(response.statusCode));
    http.get(url, { headers }, answered).on('error', reject);
  }),
};
const line = (title, cells) =>
  console.log((title.padEnd(13) + cells.map((cell) => cell.padEnd(18)).join('')).trimEnd());
const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => socket.end(Object.values(ANSWERS)[String(data).match(/^GET \/(\d)/)[1]]));
});
server.listen(0, '127.0.0.1', async () => {
  line('', Object.keys(clients));
  for (const [at, title] of Object.keys(ANSWERS).entries()) {
    const cells = [];
    for (const client of Object.values(clients)) {
      const url = `http://127.0.0.1:${server.address().port}/${at}`;
      cells.push(await client(url, { 'If-None-Match': '"a"' }).then(String, () => 'error'));
    }
    line(title, cells);
  }
  process.exit();
});
NODE
node read.cjs >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
             undici request    undici fetch      fetch of Node.js  http of Node.js
200          200               200               200               200
304          304               304               304               304
304, length  error             304               304               304
100, 200     error             error             error             200
103, 200     200               200               200               200
SEEN
