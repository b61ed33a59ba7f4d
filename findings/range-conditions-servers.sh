#!/usr/bin/env bash
# Eight of thirteen servers of files resume a download with bytes of another version.
#
# A client that has the beginning of a file asks for the rest with If-Range: where the file is another one by
# now, the range has to be ignored and all of it sent (RFC 9110, 13.1.5 and 14.2). Bottle, Falcon, WhiteNoise, Tornado,
# Sanic, CherryPy, Hono and sirv answer 206 whatever it says, though they give a Last-Modified or an ETag to ask
# with; aiohttp looks at dates only. sirv also takes the last three bytes for the first four.
# If-None-Match comes before If-Modified-Since, which is then ignored (13.2.2), and before a range: a copy that
# is the same needs no part of itself. It may list tags, and If-Match may be `*`. Dates come in three forms,
# all of which have to be understood (5.6.7). More last bytes than there are mean all of them (14.1.2).
#
# Seen with Flask 3.1.3 (Werkzeug 3.1.9), Bottle 0.13.4, Falcon 4.4.0, WhiteNoise 6.12.0 (by waitress 3.0.2), Starlette
# 1.10.0 (uvicorn 0.54.0), aiohttp 3.14.5, Tornado 6.6.1, Sanic 25.12.1, CherryPy 18.10.0, Express 5.3.0, Fastify
# 5.12.8 (@fastify/static 10.1.11), Hono 4.13.19 (@hono/node-server 2.1.9) and sirv 3.0.2, for a file of 10 bytes;
# "." is what RFC 9110 says, "none" a server that gives no ETag:
#                           RFC 9110   flask      bottle     falcon     whitenoise starlette  aiohttp    tornado    sanic      cherrypy   express    fastify    hono       sirv
#   the last three bytes    206 7-9    .          .          .          .          .          .          .          .          .          .          .          .          206 0-3
#   the last thirty bytes   206 0-9    416        .          .          .          .          .          .          500        .          416        416        .          .
#   If-Range: its date      206 0-4    .          .          .          .          .          .          .          .          .          .          .          .          .
#   If-Range: earlier date  200        .          206        206        206        .          .          206        206        206        .          .          206        206
#   If-Range: another tag   200        .          206        206        206        .          206        206        206        206        .          .          206        206
#   If-None-Match: its tag  304        .          .          .          .          .          .          .          none       none       .          .          none       .
#     with a range          304        206        .          .          .          .          .          .          none       none       .          .          none       .
#     as second of two      304        .          200        .          200        .          .          .          none       none       .          .          none       200
#     another, its date     200        .          304        .          .          .          .          .          304        304        .          .          .          .
#   If-Match: *             200        412        .          .          .          .          .          .          .          .          .          .          .          .
#   If-Match: another tag   412        .          200        200        200        200        .          200        200        200        .          .          200        200
#   its date                304        .          .          .          .          .          .          .          .          .          .          .          200        200
#     in its oldest form    304        .          .          400        .          .          .          .          .          200        .          .          200        200
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check flask==3.1.3 werkzeug==3.1.9 bottle==0.13.4 falcon==4.4.0 \
    whitenoise==6.12.0 waitress==3.0.2 starlette==1.10.0 uvicorn==0.54.0 aiohttp==3.14.5 tornado==6.6.1 \
    sanic==25.12.1 cherrypy==18.10.0 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund express@5.3.0 fastify@5.12.8 @fastify/static@10.1.11 hono@4.13.19 \
    @hono/node-server@2.1.9 sirv@3.0.2 >log 2>&1 || { cat log; exit 2; }
mkdir files
printf ABCDEFGHIJ >files/file.bin
touch -d '2023-11-14 22:13:20 UTC' files/file.bin

cat >serve.py <<'PYTHON'
import asyncio
import os
import sys

name, port = sys.argv[1], int(sys.argv[2])
root = os.path.abspath("files")


def by_wsgi(application):
    from waitress import serve

    serve(application, listen=f"127.0.0.1:{port}")


def flask():
    from flask import Flask, send_from_directory

    application = Flask(__name__)
    application.get("/<path:path>")(lambda path: send_from_directory(root, path))
    by_wsgi(application)


def bottle():
    from bottle import Bottle, static_file

    application = Bottle()
    application.get("/<path:path>")(lambda path: static_file(path, root))
    by_wsgi(application)


def falcon():
    from falcon import App

    application = App()
    application.add_static_route("/", root)
    by_wsgi(application)


def whitenoise():
    from whitenoise import WhiteNoise

    by_wsgi(WhiteNoise(None, root=root))


def starlette():
    import uvicorn
    from starlette.staticfiles import StaticFiles

    uvicorn.run(StaticFiles(directory=root), port=port)


def aiohttp():
    from aiohttp import web

    application = web.Application()
    application.router.add_static("/", root)
    web.run_app(application, host="127.0.0.1", port=port)


def tornado():
    from tornado.web import Application, StaticFileHandler

    async def run():
        Application([("/(.*)", StaticFileHandler, {"path": root})]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(run())


def sanic():
    from sanic import Sanic

    application = Sanic("files")
    options = {"use_content_range": True, "use_modified_since": True}
    application.static("/", root, **options)
    application.run("127.0.0.1", port, single_process=True)


def cherrypy():
    import cherrypy

    cherrypy.config.update({"server.socket_port": port, "engine.autoreload.on": False})
    static = {"tools.staticdir.on": True, "tools.staticdir.dir": root}
    cherrypy.quickstart(type("Empty", (), {})(), "/", {"/": static})


globals()[name]()
PYTHON
cat >serve.cjs <<'NODE'
const http = require('node:http');
const [, , name, port] = process.argv;
const root = require('node:path').resolve('files');
const serve = {
  express() {
    const express = require('express');
    express().use(express.static(root)).listen(port, '127.0.0.1');
  },
  fastify() {
    const fastify = require('fastify')();
    fastify.register(require('@fastify/static'), { root });
    fastify.listen({ port: Number(port), host: '127.0.0.1' });
  },
  async hono() {
    const { Hono } = await import('hono');
    const { serve: listen } = await import('@hono/node-server');
    const { serveStatic } = await import('@hono/node-server/serve-static');
    const app = new Hono().use('/*', serveStatic({ root: './files' }));
    listen({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' });
  },
  sirv() {
    http.createServer(require('sirv')(root, { etag: true })).listen(port, '127.0.0.1');
  },
};
serve[name]();
NODE

venv/bin/python >seen 2>log <<'PYTHON'
import socket
import subprocess
import time
from http.client import HTTPConnection

ITS_DATE, EARLIER = "Tue, 14 Nov 2023 22:13:20 GMT", "Mon, 13 Nov 2023 22:13:20 GMT"
START = {"Range": "bytes=0-4"}
OTHER = '"other"'
# what is sent, with TAG for the server's own, and what the answer has to be
CASES = {
    "the last three bytes": ({"Range": "bytes=-3"}, "206 7-9"),
    "the last thirty bytes": ({"Range": "bytes=-30"}, "206 0-9"),
    "If-Range: its date": ({**START, "If-Range": ITS_DATE}, "206 0-4"),
    "If-Range: earlier date": ({**START, "If-Range": EARLIER}, "200"),
    "If-Range: another tag": ({**START, "If-Range": OTHER}, "200"),
    "If-None-Match: its tag": ({"If-None-Match": "TAG"}, "304"),
    "  with a range": ({**START, "If-None-Match": "TAG"}, "304"),
    "  as second of two": ({"If-None-Match": f"{OTHER}, TAG"}, "304"),
    "  another, its date": ({"If-None-Match": OTHER, "If-Modified-Since": ITS_DATE}, "200"),
    "If-Match: *": ({"If-Match": "*"}, "200"),
    "If-Match: another tag": ({"If-Match": OTHER}, "412"),
    "its date": ({"If-Modified-Since": ITS_DATE}, "304"),
    "  in its oldest form": ({"If-Modified-Since": "Tue Nov 14 22:13:20 2023"}, "304"),
}
IN_PYTHON = "flask bottle falcon whitenoise starlette aiohttp tornado sanic cherrypy".split()
SERVERS = {name: ["venv/bin/python", "serve.py", name] for name in IN_PYTHON}
SERVERS |= {name: ["node", "serve.cjs", name] for name in "express fastify hono sirv".split()}


def started(command):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, str(port)], **quiet)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{command} does not start")


def answer(port, headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=9)
    connection.request("GET", "/file.bin", headers=headers)
    response = connection.getresponse()
    part = response.headers.get("Content-Range", "").removeprefix("bytes ").split("/")[0]
    text = f"{response.status} {part}" if response.status == 206 else str(response.status)
    response.read()
    connection.close()
    return text, response.headers.get("ETag")


def judged(port, headers, right, tag):
    if not tag and any("TAG" in value for value in headers.values()):
        return "none"
    sent = {name: value.replace("TAG", tag or "") for name, value in headers.items()}
    text, _ = answer(port, sent)
    if text == right or (right.startswith("206") and text == "200"):  # ranges may be ignored
        return "."
    return text if right.startswith("206") else text[:3]


rows = {title: [right] for title, (_, right) in CASES.items()}
for command in SERVERS.values():
    process, port = started(command)
    try:
        _, tag = answer(port, {})
        for title, (headers, right) in CASES.items():
            rows[title].append(judged(port, headers, right, tag))
    finally:
        process.terminate()
        process.wait()
for title, cells in {"": ["RFC 9110", *SERVERS], **rows}.items():
    print(f"{title:23} {' '.join(f'{cell:10}' for cell in cells)}".rstrip())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                        RFC 9110   flask      bottle     falcon     whitenoise starlette  aiohttp    tornado    sanic      cherrypy   express    fastify    hono       sirv
the last three bytes    206 7-9    .          .          .          .          .          .          .          .          .          .          .          .          206 0-3
the last thirty bytes   206 0-9    416        .          .          .          .          .          .          500        .          416        416        .          .
If-Range: its date      206 0-4    .          .          .          .          .          .          .          .          .          .          .          .          .
If-Range: earlier date  200        .          206        206        206        .          .          206        206        206        .          .          206        206
If-Range: another tag   200        .          206        206        206        .          206        206        206        206        .          .          206        206
If-None-Match: its tag  304        .          .          .          .          .          .          .          none       none       .          .          none       .
  with a range          304        206        .          .          .          .          .          .          none       none       .          .          none       .
  as second of two      304        .          200        .          200        .          .          .          none       none       .          .          none       200
  another, its date     200        .          304        .          .          .          .          .          304        304        .          .          .          .
If-Match: *             200        412        .          .          .          .          .          .          .          .          .          .          .          .
If-Match: another tag   412        .          200        200        200        200        .          200        200        200        .          .          200        200
its date                304        .          .          .          .          .          .          .          .          .          .          .          200        200
  in its oldest form    304        .          .          400        .          .          .          .          .          200        .          .          200        200
SEEN
