"""Jobs may wait for a pause to end; the indexes for claims are without them."""

from peewee import SQL, BigIntegerField, Database, FloatField, TextField
from playhouse.migrate import SchemaMigrator, migrate

READY = {
    "download": "status = 'queued' AND due_at IS NULL",
    "image": "status = 'queued' AND due_at IS NULL AND download_id IS NULL",
}


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(migrator.drop_index("image", "image_status_download_id_id"))
    for table, ready in READY.items():
        migrate(
            migrator.add_column(table, "due_at", BigIntegerField(null=True)),
            migrator.add_column(table, "waiting_for", TextField(null=True)),
            migrator.add_column(table, "paused_seconds", FloatField(null=True)),
            migrator.drop_index(table, f"{table}_client_id"),
            migrator.drop_index(table, f"{table}_site_id"),
            migrator.add_index(table, ["id"], where=SQL(ready)),
            migrator.add_index(table, ["client", "id"], where=SQL(ready)),
            migrator.add_index(table, ["site", "id"], where=SQL(ready)),
            migrator.add_index(table, ["due_at"], where=SQL("due_at IS NOT NULL")),
        )
