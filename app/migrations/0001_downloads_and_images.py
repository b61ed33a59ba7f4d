"""The first tables: downloads, and the images they found or that were asked for alone."""

from peewee import (
    SQL,
    BigIntegerField,
    BooleanField,
    Database,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    TextField,
    UUIDField,
)
from playhouse.migrate import SchemaMigrator


class Job(Model):
    id = UUIDField(primary_key=True)
    status = TextField()
    added_at = BigIntegerField()
    started_at = BigIntegerField(null=True)
    finished_at = BigIntegerField(null=True)
    attempts = IntegerField()
    crashes = IntegerField()
    owner = TextField(null=True)
    error_code = TextField(null=True)
    error_detail = TextField(null=True)


class Download(Job):
    url = TextField()
    limit = IntegerField()
    min_width = IntegerField()
    min_height = IntegerField()
    types = JSONField(null=True)
    manifest = BooleanField()
    sources = JSONField(null=True)
    image_urls = JSONField(null=True)
    dry_run = BooleanField()
    found = IntegerField(null=True)


class Image(Job):
    download = ForeignKeyField(Download, null=True, index=False)
    position = IntegerField(null=True)
    source_url = TextField()
    other_urls = JSONField(null=True)
    found_in = TextField(null=True)
    alt = TextField(null=True)
    file = TextField(null=True)
    content_type = TextField(null=True)
    width = IntegerField(null=True)
    height = IntegerField(null=True)
    bytes = BigIntegerField(null=True)
    sha256 = TextField(null=True)


for kind in Download, Image:
    kind.add_index(kind.status, kind.id)
    kind.add_index(kind.owner, where=kind.owner.is_null(False))
Image.add_index(Image.download, Image.id)
Image.add_index(Image.source_url, Image.id)
Image.add_index(
    Image.status, Image.download, Image.id, where=SQL("status = 'queued' AND download_id IS NULL")
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    db.bind([Download, Image], bind_refs=False, bind_backrefs=False)
    db.create_tables([Download, Image])
