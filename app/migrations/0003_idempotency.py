"""The first answers to requests with an `Idempotency-Key`."""

from peewee import BigIntegerField, CompositeKey, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


class Idempotency(Model):
    caller = TextField()
    call = TextField()
    key = TextField()
    request = TextField()
    status = IntegerField()
    location = TextField(null=True)
    body = TextField()
    added_at = BigIntegerField(index=True)

    class Meta:
        primary_key = CompositeKey("caller", "call", "key")


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Idempotency], bind_refs=False, bind_backrefs=False)
    db.create_tables([Idempotency])
