"""Downloads that put together what another has stored."""

from peewee import Database, JSONField, UUIDField
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(
        migrator.add_column("download", "source_id", UUIDField(null=True)),
        migrator.add_column("download", "image_ids", JSONField(null=True)),
    )
    where = 'WHERE ("source_id" IS NOT NULL)'
    db.execute_sql(f'CREATE INDEX "download_source_id" ON "download" ("source_id") {where}')
