"""Which processes live, and counts of ends that several processes write at once."""

from peewee import BigIntegerField, CompositeKey, Database, Model, SqliteDatabase, TextField
from playhouse.migrate import SchemaMigrator


class Process(Model):
    name = TextField(primary_key=True)
    seen_at = BigIntegerField()


class Tally(Model):
    kind = TextField()
    state = TextField()
    reason = TextField()
    shard = BigIntegerField()
    count = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("kind", "state", "reason", "shard")


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Process, Tally], bind_refs=False, bind_backrefs=False)
    db.execute_sql("ALTER TABLE tally RENAME TO tally_before")
    db.create_tables([Process, Tally])
    db.execute_sql(
        "INSERT INTO tally (kind, state, reason, shard, count)"
        " SELECT kind, state, reason, 0, count FROM tally_before"
    )
    db.execute_sql("DROP TABLE tally_before")
    if not isinstance(db, SqliteDatabase):  # it does not merge the states of one index by id
        for name in "site", "source_url":
            sql = f'CREATE INDEX "image_{name}_all" ON "image" ("{name}", "id")'
            db.execute_sql(sql)
