#!/usr/bin/env bash
# A page that only scripts fill, by a browser in a container whose sandbox and wall hold; and that the
# worker does not start where they could not.
# Needs Docker and curl, takes a project and a port of its own and removes what it made.
set -euo pipefail
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=image-downloader-smoke-render PORT=${PORT:-8097}
export COMPOSE_FILE=$PWD/docker-compose.yml:$PWD/deploy/render.yml:$PWD/deploy/smoke-render.yml
. deploy/smoke-common.sh

confined() {  # what shows a page while it runs: in namespaces of its own, by filters beyond the container's
    compose exec -T worker python - <<'PYTHON'
import re, sys, time
from pathlib import Path

for _ in range(300):
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, status = (folder / "cmdline").read_bytes(), (folder / "status").read_text()
        except OSError:
            continue
        if b"--type=renderer" in command:
            [filters] = re.findall(r"^Seccomp_filters:\s(\d+)$", status, re.MULTILINE)
            [numbers] = re.findall(r"^NSpid:\s(.+)$", status, re.MULTILINE)
            print(f"a page in {len(numbers.split()) - 1} more namespaces, by {filters} filters")
            sys.exit(b"--no-sandbox" in command or int(filters) < 2 or len(numbers.split()) < 2)
    time.sleep(0.05)
sys.exit("no browser was seen")
PYTHON
}

compose up --build --detach --wait
confined & seen=$!
check "$(post '{"url": "http://origin/", "render": true}')"
wait "$seen"
[[ -z $(compose exec -T worker ls /tmp) ]]
echo "ok: 50 images of a page that scripts fill, by a browser that is confined and left nothing"

if docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges:true \
    "$COMPOSE_PROJECT_NAME-worker" > "$archive" 2>&1; then
    echo "it started without deploy/seccomp-render.json"; exit 1
fi
grep --fixed-strings DOWNLOADER_BROWSER "$archive"
echo "ok: it does not start where a browser could not be confined"
