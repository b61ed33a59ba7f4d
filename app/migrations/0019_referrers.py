"""What pages say of the Referer of their pictures, for a job that goes on after a restart."""

from peewee import Database, JSONField
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(migrator.add_column("download", "referrers", JSONField(null=True)))
