#!/usr/bin/env bash
# From zero to a zip through nginx; then what a crash and `docker compose down` leave behind, a backup
# as docs/operations.md has it, a fetch without a service, and a start that a bad setting stopped.
# Needs Docker and curl, takes a project and a port of its own and removes what it made.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export COMPOSE_PROJECT_NAME=image-downloader-smoke PORT=${PORT:-8099}
export COMPOSE_FILE=$root/docker-compose.yml:$root/deploy/smoke.yml
. deploy/smoke-common.sh

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
