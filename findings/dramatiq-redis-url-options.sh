#!/usr/bin/env bash
# dramatiq 2.2.1: RedisBroker(url=…) drops the connection's options that stand beside the URL.
#
# "connection parameters are passed directly to redis.Redis", says its docstring; with `url` they go
# there together with a pool that was made of the URL alone, and redis.Redis asks only the pool. So
# time limits that were given do not exist, nothing says so, and an enqueue waits for a Redis that
# does not answer for as long as the system does. In the URL's query, or with a client of one's own
# (RedisBroker(client=redis.Redis.from_url(url, …))), they hold.
#
# Seen with dramatiq 2.2.1, redis 8.1.0 (no server is needed: the pool knows what it will use):
#   beside the URL     None
#   in the URL         5.0
#   of a client        5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dramatiq==2.2.1 redis==8.1.0 2>pip ||
    { cat pip; exit 2; }
venv/bin/python >seen <<'PYTHON'
import redis
from dramatiq.brokers.redis import RedisBroker

URL = "redis://127.0.0.1:6379/0"
brokers = {
    "beside the URL": RedisBroker(url=URL, socket_timeout=5),
    "in the URL": RedisBroker(url=f"{URL}?socket_timeout=5"),
    "of a client": RedisBroker(client=redis.Redis.from_url(URL, socket_timeout=5)),
}
for title, broker in brokers.items():
    print(f"{title:18} {broker.client.connection_pool.connection_kwargs.get('socket_timeout')}")
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
beside the URL     None
in the URL         5.0
of a client        5
SEEN
