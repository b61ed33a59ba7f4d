#!/usr/bin/env bash
# peewee 4.5.3 imports psycopg wherever it is installed, whatever database is used.
#
# With psycopg come its C library and asyncio: `import peewee` has several times as many modules and
# takes about three times as long. A program on SQLite, in an image that also serves PostgreSQL, pays
# for it at each start. There is no switch; `sys.modules["psycopg"] = None` before the first import
# makes that import fail, and peewee then does without.
#
# Seen with peewee 4.5.3, psycopg[binary] 3.3.9, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check peewee==4.5.3 'psycopg[binary]==3.3.9' \
    2>pip || { cat pip; exit 2; }

cat >load.py <<'PYTHON'
import sys
if sys.argv[1] == "blocked":
    sys.modules["psycopg"] = None
from peewee import SqliteDatabase
assert SqliteDatabase(":memory:").execute_sql("SELECT 1").fetchone() == (1,)
loaded = {name.partition(".")[0] for name, module in sys.modules.items() if module}
print(sys.argv[1], *sorted(loaded & {"asyncio", "psycopg", "psycopg_binary"}))
PYTHON
{ venv/bin/python load.py plain; venv/bin/python load.py blocked; } >seen
cat seen
diff seen - <<'SEEN'
plain asyncio psycopg psycopg_binary
blocked
SEEN
