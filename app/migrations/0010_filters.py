"""How small pictures may be in bytes, which addresses are taken or left out, and their names."""

from peewee import Database, IntegerField, JSONField, TextField
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(
        migrator.add_column("download", "min_bytes", IntegerField(default=0)),
        migrator.add_column("download", "include", JSONField(null=True)),
        migrator.add_column("download", "exclude", JSONField(null=True)),
        migrator.add_column("download", "pattern", TextField(null=True)),
    )
