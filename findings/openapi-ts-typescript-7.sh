#!/usr/bin/env bash
# @hey-api/openapi-ts 0.95.0 accepts TypeScript 7 as a peer and does not start with it.
#
# Its peer dependency is `>=5.5.3 || >=6.0.0 || 6.0.1-rc`, which is open at the top. TypeScript 7.0.2, the
# native compiler, has no JavaScript API under that name any more: `ts.NewLineKind` is undefined. So
# `npm install @hey-api/openapi-ts typescript`, which takes the newest of both, installs without a
# warning, and then even `--version` fails. With typescript@5.9.3 it works.
#
# Seen with Node.js 20.20.2:
#   typescript 7.0.2   TypeError: Cannot read properties of undefined (reading 'LineFeed')
#   typescript 5.9.3   0.95.0
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is not installed'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

with() {  # VERSION: print the version of openapi-ts, or why it does not start
    mkdir "$1"
    cd "$1"
    npm install --silent --no-audit --no-fund --strict-peer-deps \
        @hey-api/openapi-ts@0.95.0 "typescript@$1" >install 2>&1 || { cat install; exit 2; }
    npx openapi-ts --version 2>&1 | grep -o "TypeError: .*\|^[0-9.]*$" || true
    cd ..
}

{
    echo "typescript 7.0.2: $(with 7.0.2)"
    echo "typescript 5.9.3: $(with 5.9.3)"
} >seen
cat >expected <<'TEXT'
typescript 7.0.2: TypeError: Cannot read properties of undefined (reading 'LineFeed')
typescript 5.9.3: 0.95.0
TEXT
diff expected seen
cat seen
