#!/usr/bin/env bash
# From zero to a zip through nginx; then what a crash and `docker compose down` leave behind.
# Needs Docker and curl, takes a project and a port of its own and removes what it made.
set -euo pipefail
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=image-downloader-smoke PORT=${PORT:-8099}
url=http://localhost:$PORT
archive=$(mktemp)

compose() { docker compose -f docker-compose.yml -f deploy/smoke.yml "$@"; }

clean() {
    local status=$?
    ((status == 0)) || compose logs --tail 50
    compose down --volumes --timeout 5
    rm -f "$archive"
    exit "$status"
}
trap clean EXIT

post() {  # prints where the download will be
    curl --fail --silent --show-error --output /dev/null --dump-header - \
        --header 'Content-Type: application/json' --data '{"url": "http://origin/"}' \
        "$url/download" | sed -n 's/^[Ll]ocation: \(.*\)\r$/\1/p'
}

check() {  # LOCATION: wait for the zip and test it
    local status
    for _ in $(seq 120); do
        status=$(curl --silent --show-error --output "$archive" --write-out '%{http_code}' "$url$1")
        [[ $status == 202 ]] || break
        sleep 0.5
    done
    [[ $status == 200 ]] || { echo "$1 answered $status"; return 1; }
    python3 -m zipfile -t "$archive" >/dev/null
    [[ $(python3 -m zipfile -l "$archive" | grep -c '\.svg') == 50 ]]
}

logged() {  # TEXT: tell whether a line of nginx's log has it
    compose logs --no-log-prefix nginx | grep --fixed-strings -- "$1" >/dev/null
}

compose up --build --detach --wait
check "$(post)"
logged '"file":"/stored/archives/'
echo "ok: 50 images of a page, in a zip that nginx sent"

locations=()
for _ in $(seq 20); do locations+=("$(post)"); done
compose kill --signal KILL app
compose up --detach --wait
for location in "${locations[@]}"; do check "$location"; done
! logged '"status":429' || { echo "nginx held a modest client up"; exit 1; }
echo "ok: 20 downloads ended although the container was killed"

compose down
compose up --detach --wait
check "${locations[0]}"
echo "ok: the zip outlived docker compose down"
