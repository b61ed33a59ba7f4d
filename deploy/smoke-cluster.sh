#!/usr/bin/env bash
# Past one machine: a zip that nginx gets from the bucket; then what the end of a worker in the middle of
# its work, of all servers at once, and of all containers leave behind.
# Needs Docker and curl, takes a project and a port of its own and removes what it made.
set -euo pipefail
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=image-downloader-smoke-cluster PORT=${PORT:-8098}
export COMPOSE_FILE=$PWD/docker-compose.yml:$PWD/deploy/cluster.yml:$PWD/deploy/smoke-cluster.yml
. deploy/smoke-common.sh

up() { compose up --build --detach --wait --scale worker=3; }

running() {  # COUNT: wait until so many downloads run
    for _ in $(seq 120); do
        (($(curl --fail --silent "$url/download?status=running" | grep -o '"status":"running"' | wc -l) >= $1)) && return
        sleep 0.1
    done
    return 1
}

post_many() {  # all at once: on a busy machine the first would end before the last is asked for
    mapfile -t locations < <(for _ in $(seq 24); do post & done; wait)
    ((${#locations[@]} == 24))
    running 20  # so each worker has some
}

up
check "$(post)"
[[ $(curl --fail --silent "$url/readyz") == *'"queue":"ok"'* ]]
echo "ok: 50 images of a page, in a zip that nginx got from the bucket"

post_many
docker kill "$(compose ps --quiet worker | head -1)" >/dev/null
for location in "${locations[@]}"; do check "$location"; done
again=$(compose logs --no-log-prefix worker | grep '"kind": "download"' | grep -c '"attempt": 2')
((again > 0 && again <= 8)) || { echo "$again downloads ran twice"; exit 1; }
echo "ok: 24 downloads ended although a worker was killed, the $again that it had begun by a second run"

up
post_many
compose kill --signal KILL postgres queue objects
up
for location in "${locations[@]}"; do check "$location"; done
echo "ok: 24 downloads ended although the database, the queue and the bucket were killed"

compose down
up
check "${locations[0]}"
echo "ok: the zip outlived docker compose down"
