"""`migrate-storage`: what one machine keeps in a folder, moved to PostgreSQL and a bucket."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import file_digest
from operator import itemgetter
from typing import Any

import click
from peewee import Model, PeeweeException, Tuple, chunked

from app import prepare
from app.database.connection import db
from app.database.models import Delivery, Download, Idempotency, Image, Receiver, Row, Tally
from app.database.sqlite import Sqlite
from app.errors import ConfigurationError, Failure, Gone
from app.setting_values import MiB
from app.settings import Settings, load
from app.storage import FolderStorage, Storage, open_storage
from app.worker.processes import ProcessRegistry

MODELS: list[type[Row]] = [Download, Image, Delivery, Receiver, Idempotency, Tally]
FILES_AT_ONCE = 8
STEP = 100  # rows or files


@click.command("migrate-storage")
def migrate_storage() -> None:
    """Copy rows and files from a folder to servers.

    The folder is DOWNLOADER_STORAGE_DIR, and its service must not run; the servers are those of
    DOWNLOADER_DATABASE_URL and DOWNLOADER_STORAGE_URL. What was copied before an interruption is
    not copied again; each file is read back and compared, and each row. The folder stays as it is.
    """
    try:
        files, rows = _move(load())
    except (ConfigurationError, Failure, OSError, PeeweeException) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{rows} rows and {files} files are there, each compared with the original")


def _move(settings: Settings) -> tuple[int, int]:
    """Copy what is in the folder; return how many files and rows there are.

    Raises:
        ConfigurationError: it cannot be done like this.
    """
    source = FolderStorage(settings.storage_dir)
    if not settings.storage_url:
        raise ConfigurationError(
            "there is nowhere to go: set DOWNLOADER_DATABASE_URL, DOWNLOADER_QUEUE_URL and"
            " DOWNLOADER_STORAGE_URL"
        )
    if not source.database.exists():
        raise ConfigurationError(f"no storage in {source.root}: name it by DOWNLOADER_STORAGE_DIR")
    _refuse_running(source)
    prepare(settings)
    files = _copy_files(source, open_storage(settings))
    with db.atomic():
        rows = _copy_rows(source)
        _refuse_running(source)  # nor one that has started meanwhile
    return files, rows


def _refuse_running(source: FolderStorage) -> None:
    if ProcessRegistry(source.root, lambda name: None).any_alive():
        raise ConfigurationError(f"a service runs in {source.root}: stop it first")


def _copy_files(source: FolderStorage, target: Storage) -> int:
    count = 0
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        # Thumbnails are made again when they are looked at.
        for step in chunked(source.walk("images", "archives"), STEP):
            for _ in pool.map(partial(_copy_file, source, target), (entry.key for entry in step)):
                count += 1
            click.echo(f"{count} files", err=True)
    return count


def _copy_file(storage: FolderStorage, target: Storage, key: str) -> None:
    digest = _digest(storage, key)
    if _digest(target, key) != digest:
        with storage.open(key) as file, target.new_file(key) as copy:
            shutil.copyfileobj(file, copy, MiB)
        if _digest(target, key) != digest:
            raise ConfigurationError(f"the bucket gives other bytes for {key} than it was given")


def _digest(storage: Storage, key: str) -> bytes | None:
    try:
        with storage.open(key) as file:
            return file_digest(file, "sha256").digest()  # type: ignore[arg-type]
    except Gone:
        return None


def _copy_rows(folder: FolderStorage) -> int:
    """Copy the rows, unless they are there, and compare them."""
    source = Sqlite(str(folder.database), pragmas={"foreign_keys": 1})
    source.migrate()
    count = 0
    is_empty = not any(model.select().exists() for model in MODELS)
    for model in MODELS:
        rows: Any = model.select().order_by(*_keys(model)).dicts().bind(source)
        for step in chunked(rows.iterator(), STEP):
            wanted = [_without_nul(row) for row in step]
            if is_empty:
                model.insert_many(wanted).execute()
            _compare(model, wanted)
            count += len(step)
        if model.select().count() != model.select().bind(source).count():
            raise _others(model)
    source.close()
    return count


def _keys(model: type[Model]) -> list[Any]:
    return list(model._meta.get_primary_keys())


def _compare(model: type[Row], wanted: list[dict[str, Any]]) -> None:
    keys = _keys(model)
    key_of = itemgetter(*(key.name for key in keys))
    these = Tuple(*keys).in_([Tuple(*(row[key.name] for key in keys)) for row in wanted])
    rows: Any = model.select().where(these).dicts()
    found = {key_of(row): row for row in rows}
    if [found.get(key_of(row)) for row in wanted] != wanted:
        raise _others(model)


def _others(model: type[Row]) -> ConfigurationError:
    table = model._meta.table_name
    return ConfigurationError(
        f"the database has other rows in {table!r} than the folder: name one that is empty"
    )


def _without_nul(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as PostgreSQL keeps it, whose texts have no NUL."""
    return {
        name: value.replace("\0", "\ufffd") if isinstance(value, str) else value
        for name, value in row.items()
    }
