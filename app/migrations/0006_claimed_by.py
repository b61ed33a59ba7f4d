"""A job is claimed by a process; `owner` is free for people."""

from peewee import SQL, Database
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: Database) -> None:
    for table in "download", "image", "delivery":
        migrate(
            migrator.drop_index(table, f"{table}_owner"),
            migrator.rename_column(table, "owner", "claimed_by"),
            migrator.add_index(table, ["claimed_by"], where=SQL('("claimed_by" IS NOT NULL)')),
        )
