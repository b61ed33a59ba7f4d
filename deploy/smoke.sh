#!/usr/bin/env bash
# From zero to a zip through nginx; then what a crash and `docker compose down` leave behind, a backup
# as docs/operations.md has it, a fetch without a service, and a start that a bad setting stopped.
# Needs Docker and curl, takes a project and a port of its own and removes what it made.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export COMPOSE_PROJECT_NAME=image-downloader-smoke PORT=${PORT:-8099}
export COMPOSE_FILE=$root/docker-compose.yml:$root/deploy/smoke.yml
url=http://localhost:$PORT
archive=$(mktemp)
folder=$(mktemp --directory)  # an ordinary one: it belongs to who runs this

compose() { docker compose "$@"; }

clean() {
    local status=$?
    ((status == 0)) || compose logs --tail 50
    compose down --volumes --timeout 5
    rm -rf "$archive" "$folder"
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

guide() {  # START: print the lines of the guide's block that begins so
    awk -v start="$1" '/^```/ { inside = 0; first = 1; next }
        first && index($0, start) == 1 { inside = 1 }
        { first = 0 }
        inside' "$root/docs/operations.md"
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

(cd "$folder" && eval "$(guide 'docker compose exec')")
compose down --volumes
compose up --detach --wait
if check "${locations[0]}" >/dev/null; then echo "the zip outlived its volume"; exit 1; fi
(cd "$folder" && eval "$(guide 'docker compose stop')")
check "${locations[0]}"
echo "ok: a backup brought the zip back"

docker run --rm --user "$(id -u):$(id -g)" --volume "$folder:/pictures" \
    --network "${COMPOSE_PROJECT_NAME}_default" --env DOWNLOADER_ALLOW_NETWORKS=172.16.0.0/12,192.168.0.0/16 \
    "$COMPOSE_PROJECT_NAME-app" python -m app fetch -o /pictures --limit 3 http://origin/
python3 -m zipfile -t "$folder"/origin-*.zip >/dev/null
[[ $(stat --format %u "$folder"/origin-*.zip) == "$(id -u)" ]]
echo "ok: the image fetches without a service, for who runs it"

if JOB_THREADS=many compose up --detach --wait; then echo "it started with a bad setting"; exit 1; fi
compose up --detach --wait
check "$(post)"
echo "ok: a corrected setting brings the service up"
