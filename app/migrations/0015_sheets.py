"""How many style sheets of a download's page could not be had."""

from peewee import Database, IntegerField
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(migrator.add_column("download", "sheets_failed", IntegerField(null=True)))
