#!/usr/bin/env bash
# peewee 4.5.3: a FloatField keeps 53 bits on SQLite, and 24 on PostgreSQL (REAL).
#
# Python's float is a double, and so is SQLite's REAL, whose name PostgreSQL has for single precision.
# The same model so gives back what was stored on SQLite and something near it on PostgreSQL: equality
# in a WHERE finds nothing, sums of small steps stand still, and rows that are copied from one to the
# other differ. DoubleField, or field_types = {..., "FLOAT": "DOUBLE PRECISION"} in a subclass of the
# database, keeps the value.
#
# Seen with peewee 4.5.3, psycopg 3.3.9, PostgreSQL 15.18 (Debian 12; its programs are needed):
#   sqlite      0.5550344100010989  found True
#   postgresql  0.5550344           found False
#   as double   0.5550344100010989  found True
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(cat "$folder/pid") 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check peewee==4.5.3 'psycopg[binary]==3.3.9' 2>pip ||
    { cat pip; exit 2; }
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as=()
if ((EUID == 0)); then as=(setpriv --reuid=postgres --clear-groups); chmod 711 .; fi
mkdir data
((EUID != 0)) || chown postgres data
(cd data && "${as[@]}" "$programs/initdb" -D . -U postgres -A trust --no-sync >/dev/null)
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
(cd data && exec "${as[@]}" "$programs/postgres" -D . -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= 2>log) &
echo $! >pid
until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; do kill -0 "$(cat pid)"; sleep 0.1; done

venv/bin/python - "$port" >seen <<'PYTHON'
import sys

from peewee import DoubleField, FloatField, Model, PostgresqlDatabase, SqliteDatabase

STORED = 0.5550344100010989
server = PostgresqlDatabase("postgres", host="127.0.0.1", port=int(sys.argv[1]), user="postgres")
cases = [
    ("sqlite", SqliteDatabase(":memory:"), FloatField),
    ("postgresql", server, FloatField),
    ("as double", server, DoubleField),
]
for number, (title, db, kind) in enumerate(cases):
    meta = type("Meta", (), {"database": db, "table_name": f"t{number}"})
    table = type("Table", (Model,), {"value": kind(), "Meta": meta})
    db.create_tables([table])
    table.create(value=STORED)
    found = table.select().where(table.value == STORED).exists()
    print(f"{title:11} {table.get().value!r:19} found {found}")
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
sqlite      0.5550344100010989  found True
postgresql  0.5550344           found False
as double   0.5550344100010989  found True
SEEN
