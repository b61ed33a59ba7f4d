# What the scripts that try the containers share; they set COMPOSE_PROJECT_NAME, COMPOSE_FILE and PORT.
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

post() {  # BODY, or one that asks for the origin's page; prints where the download will be
    local body='{"url": "http://origin/"}'
    curl --fail --silent --show-error --output /dev/null --dump-header - \
        --header 'Content-Type: application/json' --data "${1:-$body}" \
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
