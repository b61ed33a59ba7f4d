#!/usr/bin/env bash
# dramatiq 2.2.1: a worker does not stop while Redis is away, for ten minutes.
#
# A thread that has done its message acknowledges it, and tries again every 5 seconds until Redis
# takes that, also when the worker is to stop: Worker.stop() joins the threads first, by default for
# 600 seconds, longer than any supervisor waits for a process. The retries are on purpose, as a comment
# in worker.py says; that they outlive stop() is not said. stop(timeout=…) bounds it; the threads
# are daemons, so the process can end.
#
# Seen with dramatiq 2.2.1, redis 8.1.0, redis-server 7.0 (any will do):
#   stop() returned before its timeout: False
#   the thread still tries: True
set -euo pipefail
command -v redis-server >/dev/null || { echo "redis-server is not installed"; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dramatiq==2.2.1 redis==8.1.0 2>pip ||
    { cat pip; exit 2; }
venv/bin/python >seen 2>log <<'PYTHON'
import subprocess
import threading
import time

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

SOCKET = "redis.sock"
command = ["redis-server", "--port", "0", "--unixsocket", SOCKET, "--save", ""]
server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
client = redis.Redis(unix_socket_path=SOCKET)
while True:
    try:
        client.ping()
        break
    except redis.ConnectionError:
        time.sleep(0.05)
broker = RedisBroker(client=client, middleware=[])
began, away = threading.Event(), threading.Event()


def act():
    began.set()
    away.wait()


dramatiq.actor(act, actor_name="act", broker=broker).send()
worker = dramatiq.Worker(broker, worker_threads=1)
worker.start()
began.wait()
server.kill()
server.wait()
away.set()
thread, start = worker.workers[0], time.monotonic()
worker.stop(timeout=8000)
print("stop() returned before its timeout:", time.monotonic() - start < 8)
print("the thread still tries:", thread.is_alive())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
stop() returned before its timeout: False
the thread still tries: True
SEEN
