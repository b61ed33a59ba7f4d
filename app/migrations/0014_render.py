"""Whether a download's page is to be opened in a browser, and whether it was."""

from peewee import BooleanField, Database, TextField
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(
        migrator.add_column("download", "render", BooleanField(default=False)),
        migrator.add_column("download", "rendered", BooleanField(null=True)),
        migrator.add_column("download", "render_detail", TextField(null=True)),
    )
