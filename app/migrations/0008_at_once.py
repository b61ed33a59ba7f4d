"""How many pictures of a download are fetched side by side, if its client said so."""

from peewee import Database, IntegerField
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(migrator.add_column("download", "at_once", IntegerField(null=True)))
