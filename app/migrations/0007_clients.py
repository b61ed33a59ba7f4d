"""Who asked for each job, and which site a page is of: claims take turns among both."""

from ada_url import URL
from peewee import Database, SqliteDatabase, TextField
from playhouse.migrate import SchemaMigrator, migrate

WAITING = {
    "download": "status = 'queued'",
    "image": "status = 'queued' AND download_id IS NULL",
}


def host(url: str) -> str | None:
    try:
        return URL(url).hostname or None
    except ValueError:
        return None


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrate(migrator.add_column("download", "site", TextField(null=True)))
    if isinstance(db, SqliteDatabase):  # others have no rows of that age
        db.connection().create_function("host", 1, host, deterministic=True)
        db.execute_sql("UPDATE download SET site = host(url) WHERE status = 'queued'")
    for table, waiting in WAITING.items():
        migrate(migrator.add_column(table, "client", TextField(null=True)))
        for sql in (
            f"UPDATE {table} SET client = '' WHERE {waiting}",  # noqa: S608
            f'CREATE INDEX "{table}_client_id" ON "{table}" ("client", "id") WHERE {waiting}',
            f'CREATE INDEX "{table}_site_id" ON "{table}" ("site", "id") WHERE {waiting}',
        ):
            db.execute_sql(sql)
