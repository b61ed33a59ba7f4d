"""The site of each image, and lists by each combination of filters along an index."""

from ada_url import URL
from peewee import Database, Model, SqliteDatabase, TextField, UUIDField
from playhouse.migrate import SchemaMigrator, migrate


class Image(Model):
    id = UUIDField(primary_key=True)
    status = TextField()
    source_url = TextField()
    site = TextField(null=True)


Image.add_index(Image.source_url, Image.status, Image.id)
Image.add_index(Image.site, Image.status, Image.id)


def host(url: str) -> str | None:
    try:
        return URL(url).hostname or None
    except ValueError:
        return None


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Image], bind_refs=False, bind_backrefs=False)
    migrate(
        migrator.add_column("image", "site", TextField(null=True)),
        migrator.drop_index("image", "image_source_url_id"),
    )
    if isinstance(db, SqliteDatabase):  # others have no rows of that age
        fill(db)
    db.create_tables([Image])  # there is one: this adds the new indexes


def fill(db: Database) -> None:
    # One statement, row by row: ten million of them need no more memory than ten.
    db.connection().create_function("host", 1, host, deterministic=True)
    db.execute_sql("UPDATE image SET site = host(source_url)")
