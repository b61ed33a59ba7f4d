#!/usr/bin/env bash
# peewee 4.5.3: `close()` within `connection_context()` ends in "IndexError: pop from empty list".
#
# `close()` resets the state of the thread, and with it the stack of contexts, from which the context
# takes itself when it is left. So a function that gives its connection back early, as with a pool,
# breaks callers that it does not know: the work is done, and an IndexError comes all the same.
# It is so with pools and without; a plain `try: … finally: db.close()` may close as often as it likes.
#
# Seen with peewee 4.5.3, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check peewee==4.5.3 2>pip || { cat pip; exit 2; }

venv/bin/python >seen <<'PYTHON'
from peewee import SqliteDatabase
from playhouse.pool import PooledSqliteDatabase

for kind in SqliteDatabase, PooledSqliteDatabase:
    db = kind(":memory:")
    try:
        with db.connection_context():
            db.execute_sql("SELECT 1")
            db.close()
            db.execute_sql("SELECT 1")  # connects again by itself
    except IndexError as error:
        print(kind.__name__, "IndexError:", error)
    for _ in range(2):
        db.execute_sql("SELECT 1")
        db.close()
        db.close()
    print(kind.__name__, "closed twice")
PYTHON
cat seen
diff seen - <<'SEEN'
SqliteDatabase IndexError: pop from empty list
SqliteDatabase closed twice
PooledSqliteDatabase IndexError: pop from empty list
PooledSqliteDatabase closed twice
SEEN
