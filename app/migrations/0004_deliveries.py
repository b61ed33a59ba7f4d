"""What clients are told of a job's end, and where each of them wants to be told."""

from peewee import BigIntegerField, Database, IntegerField, Model, TextField, UUIDField
from playhouse.migrate import SchemaMigrator


class Delivery(Model):
    id = UUIDField(primary_key=True)
    status = TextField()
    added_at = BigIntegerField()
    started_at = BigIntegerField(null=True)
    finished_at = BigIntegerField(null=True)
    attempts = IntegerField()
    crashes = IntegerField()
    owner = TextField(null=True)
    error_code = TextField(null=True)
    error_detail = TextField(null=True)
    job_id = UUIDField()
    url = TextField()
    host = TextField()
    body = TextField()
    due_at = BigIntegerField()
    held_until = BigIntegerField(null=True)


Delivery.add_index(Delivery.status, Delivery.id)
Delivery.add_index(Delivery.owner, where=Delivery.owner.is_null(False))
Delivery.add_index(Delivery.status, Delivery.host, Delivery.due_at)
Delivery.add_index(Delivery.job_id)
Delivery.add_index(Delivery.held_until, where=Delivery.held_until.is_null(False))


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Delivery], bind_refs=False, bind_backrefs=False)
    db.create_tables([Delivery])
    wanted = TextField(null=True)
    migrator.migrate(
        migrator.add_column("download", "callback_url", wanted),
        migrator.add_column("image", "callback_url", wanted),
    )
