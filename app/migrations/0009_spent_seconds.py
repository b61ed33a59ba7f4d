"""How long each job has been at work."""

from peewee import Database, FloatField
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    for table in "download", "image", "delivery":
        migrate(migrator.add_column(table, "spent_seconds", FloatField(null=True)))
