"""How many bytes of each client are stored, and how many of them are in each archive."""

from peewee import SQL, BigIntegerField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator, migrate


class Usage(Model):
    client = TextField(primary_key=True)
    bytes = BigIntegerField(index=True)


COUNT = (
    "UPDATE download SET archive_bytes = (SELECT SUM(bytes) FROM image"
    " WHERE download_id = download.id AND image.status = 'finished') WHERE status = 'finished'",
    "INSERT INTO usage (client, bytes) SELECT client, SUM(bytes) FROM ("
    "SELECT COALESCE(client, '') AS client, bytes FROM image"
    " WHERE status = 'finished' AND download_id IS NULL"
    " UNION ALL SELECT COALESCE(download.client, ''), image.bytes FROM image"
    " JOIN download ON download.id = image.download_id WHERE image.status = 'finished'"
    " UNION ALL SELECT COALESCE(client, ''), archive_bytes FROM download"
    ") AS stored WHERE bytes IS NOT NULL GROUP BY client",
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Usage], bind_refs=False, bind_backrefs=False)
    db.create_tables([Usage])
    migrate(migrator.add_column("download", "archive_bytes", BigIntegerField(null=True)))
    for table in "download", "image":
        migrate(migrator.add_index(table, ["client"], where=SQL("due_at IS NOT NULL")))
    for sql in COUNT:
        db.execute_sql(sql)
