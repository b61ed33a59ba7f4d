#!/usr/bin/env bash
# openapi-python-client 0.29.1 leaves binary answers out of a client, unless they are octet streams.
#
# An answer that is declared as `application/zip` or `image/png`, with the schema of a binary
# (`type: string`, `format: binary`), is not generated: the call's `sync` returns None for a 200 with
# a file, and only a warning says so. The exit status is 0. `content_type_overrides` of its
# configuration has to name each media type, wildcards (`image/*`) as they stand in the document.
#
# Seen with openapi-python-client 0.29.1 on Python 3.11:
#   application/zip            left out
#   application/octet-stream   a File
#   application/zip, overridden to application/octet-stream   a File
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 2>pip ||
    { cat pip; exit 2; }

document() {  # MEDIA-TYPE
    cat <<JSON
{"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": {"/file": {"get": {
  "operationId": "get_file", "tags": ["files"], "responses": {"200": {"description": "OK",
  "content": {"$1": {"schema": {"type": "string", "format": "binary"}}}}}}}}}
JSON
}

generate() {  # NAME MEDIA-TYPE OVERRIDES: print what the call returns
    document "$2" >"$1.json"
    echo "{\"post_hooks\": [], \"content_type_overrides\": $3}" >"$1.config.json"
    venv/bin/openapi-python-client generate --path "$1.json" --config "$1.config.json" \
        --meta none --output-path "$1" >"$1.log" 2>&1 || { cat "$1.log"; exit 1; }
    if grep -q 'response_200 = File(' "$1/api/files/get_file.py"; then echo 'a File'; else echo 'left out'; fi
}

{
    echo "application/zip: $(generate zip application/zip '{}')"
    grep -o 'Unsupported content_type application/zip' zip.log
    echo "application/octet-stream: $(generate octets application/octet-stream '{}')"
    echo "overridden: $(generate overridden application/zip '{"application/zip": "application/octet-stream"}')"
} >seen
cat >expected <<'TEXT'
application/zip: left out
Unsupported content_type application/zip
application/octet-stream: a File
overridden: a File
TEXT
diff expected seen
cat seen
