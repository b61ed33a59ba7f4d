#!/usr/bin/env bash
# hypercorn 0.18.0 answers 500 to every HEAD, and for every 204 and 304, where Flask is behind it.
#
# A WSGI application may return an empty iterable; what it said to start_response() is then the answer
# (PEP 3333, the start_response() callable). Flask does so where there is no content: for HEAD, 204 and 304.
# hypercorn sends the status only with the first piece of a body, and without one fails by itself, after
# the application has done its work. An empty text, which is a piece, is well.
# A target in absolute form, which every server must take (RFC 9112, 3.2.2), it puts into PATH_INFO as a whole,
# so that Flask finds no route; cheroot refuses it. waitress and cheroot do not see `close` behind another
# connection option (RFC 9110, 7.6.1). uvicorn sends chunks to clients of HTTP/1.0 (RFC 9112, 6.1).
#
# Seen with hypercorn 0.18.0, gunicorn 27.0.1, waitress 3.0.2, granian 2.8.9, cheroot 11.1.2, uvicorn 0.54.0
# (interface "wsgi", httptools 0.9.0) and Flask 3.1.3 on Python 3.11:
#                      hypercorn gunicorn  waitress  granian   cheroot   uvicorn
#   GET /text          200       200       200       200       200       200
#   GET /empty         200       200       200       200       200       200
#   HEAD /text         500       200       200       200       200       200
#   GET /204           500       204       204       204       204       204
#   GET /304           500       304       304       304       304       304
#   GET http://a/text  404       200       200       200       400       200
#   close, alone       closed    closed    closed    closed    closed    closed
#   close, behind x    closed    closed    waits     closed    waits     closed
#   pieces, by 1.0     plain     plain     plain     plain     plain     chunks
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check flask==3.1.3 hypercorn==0.18.0 gunicorn==27.0.1 \
    waitress==3.0.2 granian==2.8.9 cheroot==11.1.2 uvicorn==0.54.0 httptools==0.9.0 2>pip || { cat pip; exit 2; }

cat >flask_site.py <<'PYTHON'
from flask import Flask

application = Flask(__name__)


@application.get("/<name>")
def view(name):
    answers = {"text": "hello", "empty": "", "pieces": iter(["hel", "lo"])}
    return answers[name] if name in answers else ("", int(name))
PYTHON

venv/bin/python >seen 2>log <<'PYTHON'
import os
import socket
import subprocess
import time

SERVERS = {
    "hypercorn": "hypercorn --bind 127.0.0.1:{} wsgi:flask_site:application",
    "gunicorn": "gunicorn --bind 127.0.0.1:{} flask_site:application",
    "waitress": "waitress-serve --listen=127.0.0.1:{} flask_site:application",
    "granian": "granian --interface wsgi --host 127.0.0.1 --port {} flask_site:application",
    "cheroot": "cheroot --bind 127.0.0.1:{} flask_site:application",
    "uvicorn": "uvicorn --interface wsgi --http httptools --port {} flask_site:application",
}
REQUESTS = {
    "GET /text": "GET /text HTTP/1.1",
    "GET /empty": "GET /empty HTTP/1.1",
    "HEAD /text": "HEAD /text HTTP/1.1",
    "GET /204": "GET /204 HTTP/1.1",
    "GET /304": "GET /304 HTTP/1.1",
    "GET http://a/text": "GET http://a/text HTTP/1.1",
    "close, alone": "GET /text HTTP/1.1",
    "close, behind x": "GET /text HTTP/1.1",
    "pieces, by 1.0": "GET /pieces HTTP/1.0",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(command, port):
    name, *arguments = command.format(port).split()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([f"venv/bin/{name}", *arguments], **quiet, env={**os.environ, "PYTHONPATH": "."})
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{command} does not start")


def answer(port, title, line):
    option = "x, close" if title.endswith("behind x") else "close"
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"{line}\r\nHost: a\r\nConnection: {option}\r\n\r\n".encode())
        received, end = b"", "closed"
        connection.settimeout(3)
        try:
            while piece := connection.recv(65536):
                received += piece
        except TimeoutError:
            end = "waits"
    head, _, _ = received.partition(b"\r\n\r\n")
    if title.startswith("close"):
        return end
    if title.startswith("pieces"):
        return "chunks" if b"chunked" in head.lower() else "plain"
    return received.split()[1].decode()


rows = {title: [] for title in REQUESTS}
for command in SERVERS.values():
    port = free_port()
    process = started(command, port)
    try:
        for title, line in REQUESTS.items():
            rows[title].append(answer(port, title, line))
    finally:
        process.terminate()
        process.wait()
for title, cells in {"": SERVERS, **rows}.items():
    print(f"{title:18} {' '.join(f'{cell:9}' for cell in cells)}".rstrip())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                   hypercorn gunicorn  waitress  granian   cheroot   uvicorn
GET /text          200       200       200       200       200       200
GET /empty         200       200       200       200       200       200
HEAD /text         500       200       200       200       200       200
GET /204           500       204       204       204       204       204
GET /304           500       304       304       304       304       304
GET http://a/text  404       200       200       200       400       200
close, alone       closed    closed    closed    closed    closed    closed
close, behind x    closed    closed    waits     closed    waits     closed
pieces, by 1.0     plain     plain     plain     plain     plain     chunks
SEEN
