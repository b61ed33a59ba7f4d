#!/usr/bin/env bash
# Six drivers give other values than PostgreSQL has stored, and say nothing.
#
# All of these are valid values, which psycopg and pg give as they are, or refuse. PyGreSQL reads half a second of an
# interval as five microseconds (as it does each fraction of less than six digits), and what was before Christ as the year 1.
# In pg8000 it is as long after Christ, an address in a network becomes the network, a record loses its last field if
# that is NULL, and `infinity` its first and last letter. psqlpy has -1 for the highest oid (ts-postgres too),
# midnight at the end of a day (24:00) at its beginning, and no network. The year 1 is 2001 in postgres.js, which nests an
# array whose first index is not 1, and 1901 in postgrejs, where NaN is 0. ts-postgres has null for what it does not know,
# numeric and interval among them, where others refuse or give bytes.
#
# Seen with psycopg 3.3.9, psqlpy 0.13.1, PyGreSQL 6.2.3, pg8000 1.31.6 on Python 3.11, and pg 8.23.1, postgres 3.4.9,
# postgrejs 2.23.1, ts-postgres 2.0.4 on Node.js 20.20.2, PostgreSQL 15.18 (Debian 12; its programs are needed), in UTC;
# "." is right:
#                                       psycopg  psqlpy       pygresql        pg8000          pg  postgres    postgrejs   ts-postgres
#   '1.5 seconds'::interval             .        .            0:00:01.000005  .               .   .           bytes       null
#   '24:00'::time                       refused  00:00:00     refused         refused         .   .           1970-01-02  null
#   '0001-01-01 00:00+00'::timestamptz  .        .            .               .               .   2001-01-01  1901-01-01  .
#   '4713-01-01 BC'::timestamp          refused  refused      1-01-01         4713-01-01      .   refused     .           .
#   'NaN'::numeric                      .        refused      .               .               .   .           0           null
#   1.10::numeric                       .        .            .               .               .   .           .           null
#   4294967295::oid                     .        -1           .               .               .   .           .           -1
#   '192.168.0.1/24'::inet              .        192.168.0.1  .               192.168.0.0/24  .   .           bytes       null
#   '[,infinity]'::tsrange              refused  refused      .               (,nfinit]       .   .           bytes       null
#   row(1, 'a', null)                   .        refused      .               ('1', 'a')      .   .           bytes       null
#   '[0:2]={1,2,3}'::int[]              .        .            .               refused         .   [[1,2,3]]   .           .
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(cat "$folder/pid") 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' psqlpy==0.13.1 pygresql==6.2.3 \
    pg8000==1.31.6 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund pg@8.23.1 postgres@3.4.9 postgrejs@2.23.1 ts-postgres@2.0.4 >log 2>&1 ||
    { cat log; exit 2; }
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as=()
if ((EUID == 0)); then as=(setpriv --reuid=postgres --clear-groups); chmod 711 .; fi
mkdir data
((EUID != 0)) || chown postgres data
(cd data && "${as[@]}" "$programs/initdb" -D . -U postgres -A trust --no-sync >/dev/null)
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
(cd data && exec "${as[@]}" "$programs/postgres" -D . -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c timezone=UTC 2>log) &
echo $! >pid
until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; do kill -0 "$(cat pid)"; sleep 0.1; done
export TZ=UTC PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGDATABASE=postgres

cat >cases.json <<'JSON'
[
  ["'1.5 seconds'::interval", "(0:00:01.500000|00:00:01.5|1.5 seconds)"],
  ["'24:00'::time", "24:00:00"],
  ["'0001-01-01 00:00+00'::timestamptz", "0?0?0?1-01-01"],
  ["'4713-01-01 BC'::timestamp", "-004712-01-01"],
  ["'NaN'::numeric", "(?i:nan)"],
  ["1.10::numeric", "1.10?"],
  ["4294967295::oid", "4294967295"],
  ["'192.168.0.1/24'::inet", "192.168.0.1/24"],
  ["'[,infinity]'::tsrange", ".*[ ,]infinity\\]"],
  ["row(1, 'a', null)", "(\\(1,a,\\)|\\('?1'?, 'a', None\\))"],
  ["'[0:2]={1,2,3}'::int[]", "\\[1, ?2, ?3\\]"]
]
JSON
cat >read.mjs <<'NODE'
import fs from 'node:fs';
import pg from 'pg';
import { Connection } from 'postgrejs';
import postgres from 'postgres';
import { connect } from 'ts-postgres';

const { PGHOST: host, PGPORT, PGUSER: user, PGDATABASE: database } = process.env;
const port = Number(PGPORT);
const clients = {
  async pg(text) {
    const client = new pg.Client();
    await client.connect();
    return Object.values((await client.query(text)).rows[0])[0];
  },
  async postgres(text) {
    return Object.values((await postgres().unsafe(text))[0])[0];
  },
  async postgrejs(text) {
    const client = new Connection(`postgres://${user}@${host}:${port}/${database}`);
    await client.connect();
    return (await client.query(text)).rows[0][0];
  },
  async 'ts-postgres'(text) {
    const client = await connect({ host, port, user, database });
    return (await client.query(text)).rows[0][0];
  },
};
const shown = (value) => {
  if (value instanceof Date) return value.toISOString().split('T')[0];
  if (Buffer.isBuffer(value)) return 'bytes';
  if (value?.toPostgres) return value.toPostgres();
  return value && typeof value === 'object' ? JSON.stringify(value) : String(value);
};
const rows = [];
for (const [text] of JSON.parse(fs.readFileSync('cases.json'))) {
  const row = [];
  for (const read of Object.values(clients)) {
    try {
      row.push(shown(await read(`select ${text} as value`)));
    } catch {
      row.push('refused');
    }
  }
  rows.push(row);
}
fs.writeFileSync('read.json', JSON.stringify([Object.keys(clients), rows]));
process.exit();
NODE
node read.mjs >log 2>&1

venv/bin/python >seen 2>log <<'PYTHON'
import asyncio
import datetime
import json
import os
import re
from pathlib import Path

import pg
import pg8000.native
import psqlpy
import psycopg

HOST, PORT, USER, DATABASE = (os.environ[f"PG{name}"] for name in ("HOST", "PORT", "USER", "DATABASE"))


def by_psycopg(text):
    with psycopg.connect() as connection:
        return connection.execute(text).fetchone()[0]


def by_psqlpy(text):
    async def read():
        pool = psqlpy.ConnectionPool(dsn=f"postgres://{USER}@{HOST}:{PORT}/{DATABASE}")
        connection = await pool.connection()
        return (await connection.execute(text)).result()[0]["value"]

    return asyncio.run(read())


def by_pygresql(text):
    connection = pg.DB(dbname=DATABASE, host=HOST, port=int(PORT), user=USER)
    return connection.query(text).getresult()[0][0]


def by_pg8000(text):
    with pg8000.native.Connection(USER, host=HOST, port=int(PORT), database=DATABASE) as connection:
        return connection.run(text)[0][0]


CLIENTS = {"psycopg": by_psycopg, "psqlpy": by_psqlpy, "pygresql": by_pygresql, "pg8000": by_pg8000}


def shown(value):
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime.datetime) else str(value)


def outcome(read, text):
    try:
        return shown(read(f"select {text} as value"))
    except Exception:
        return "refused"


names, others = json.loads(Path("read.json").read_text())
rows = [("", *CLIENTS, *names)]
for (text, right), found in zip(json.loads(Path("cases.json").read_text()), others, strict=True):
    values = [*(outcome(read, text) for read in CLIENTS.values()), *found]
    rows.append((text, *("." if re.fullmatch(right, value) else value for value in values)))
widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
for row in rows:
    print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                                    psycopg  psqlpy       pygresql        pg8000          pg  postgres    postgrejs   ts-postgres
'1.5 seconds'::interval             .        .            0:00:01.000005  .               .   .           bytes       null
'24:00'::time                       refused  00:00:00     refused         refused         .   .           1970-01-02  null
'0001-01-01 00:00+00'::timestamptz  .        .            .               .               .   2001-01-01  1901-01-01  .
'4713-01-01 BC'::timestamp          refused  refused      1-01-01         4713-01-01      .   refused     .           .
'NaN'::numeric                      .        refused      .               .               .   .           0           null
1.10::numeric                       .        .            .               .               .   .           .           null
4294967295::oid                     .        -1           .               .               .   .           .           -1
'192.168.0.1/24'::inet              .        192.168.0.1  .               192.168.0.0/24  .   .           bytes       null
'[,infinity]'::tsrange              refused  refused      .               (,nfinit]       .   .           bytes       null
row(1, 'a', null)                   .        refused      .               ('1', 'a')      .   .           bytes       null
'[0:2]={1,2,3}'::int[]              .        .            .               refused         .   [[1,2,3]]   .           .
SEEN
