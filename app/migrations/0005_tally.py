"""How many jobs have ended, and how; those that ended before are not counted."""

from peewee import BigIntegerField, CompositeKey, Database, Model, TextField
from playhouse.migrate import SchemaMigrator


class Tally(Model):
    kind = TextField()
    state = TextField()
    reason = TextField()
    count = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("kind", "state", "reason")


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Tally], bind_refs=False, bind_backrefs=False)
    db.create_tables([Tally])
