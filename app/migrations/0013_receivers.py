"""Whose each callback is, and a row for each host that callbacks wait for."""

from peewee import SQL, BigIntegerField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator, migrate


class Receiver(Model):
    host = TextField(primary_key=True)
    client = TextField()
    ready_at = BigIntegerField()
    held_until = BigIntegerField(null=True)
    calls = TextField()


Receiver.add_index(Receiver.client, Receiver.ready_at, where=SQL("calls = 'ready'"))
Receiver.add_index(Receiver.ready_at, where=SQL("calls = 'paused'"))


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Receiver], bind_refs=False, bind_backrefs=False)
    db.create_tables([Receiver])
    db.execute_sql(
        "INSERT INTO receiver (host, client, ready_at, held_until, calls)"
        " SELECT host, '', CASE WHEN MAX(held_until) > MIN(due_at) THEN MAX(held_until)"
        " ELSE MIN(due_at) END, MAX(held_until), 'paused'"
        " FROM delivery WHERE status = 'queued' GROUP BY host"
    )
    migrate(
        migrator.add_column("delivery", "client", TextField(null=True)),
        migrator.drop_index("delivery", "delivery_held_until"),
        migrator.drop_column("delivery", "held_until"),
    )
    db.execute_sql("UPDATE delivery SET client = ''")
