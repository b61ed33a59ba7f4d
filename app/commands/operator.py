"""Commands for operators: `jobs …` and `backup …`, of `image-downloader` or `flask --app wsgi`."""

import json
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from uuid import UUID

import click
from peewee import PeeweeException

from app import jobs, prepare
from app.database.connection import db
from app.database.ids import now
from app.database.models import JOB_KINDS, Delivery, Download, Image, Status
from app.errors import ConfigurationError, Failure, NotFound
from app.jobs import cleanup
from app.jobs.documents import DownloadDocument, ImageDocument
from app.settings import load
from app.storage import FolderStorage, Storage, open_storage

if TYPE_CHECKING:
    from flask import Flask

P = ParamSpec("P")


def init_app(app: "Flask") -> None:
    """Register the commands."""
    app.cli.add_command(group)
    app.cli.add_command(backup)


def _open() -> Storage:
    """Open the storage: that of the application if Flask runs the command, else as settings say.

    Raises:
        ConfigurationError: there is none, or it cannot be used.
    """
    script = click.get_current_context().find_root().obj
    if script:
        storage: Storage = script.load_app().extensions["storage"]
        return storage
    settings = load()
    storage = open_storage(settings)
    if isinstance(storage, FolderStorage) and not storage.database.exists():
        raise ConfigurationError(
            f"no storage in {storage.root}: call this where the service was started,"
            " or name its folder in DOWNLOADER_STORAGE_DIR"
        )
    prepare(settings)
    return storage


def _job(job_id: UUID) -> Download | Image:
    for kind in JOB_KINDS:
        with suppress(NotFound):
            return jobs.get(kind, job_id)
    raise click.ClickException(f"there is no job {job_id}")


def with_storage(command: Callable[Concatenate[Storage, P], None]) -> Callable[P, None]:
    """Open the storage for a command, and report in one sentence what stops it."""

    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a backup has to clean up
        try:
            command(_open(), *args, **options)
        except BrokenPipeError:
            raise  # the reader of the list has gone: click ends it quietly
        except (ConfigurationError, Failure, OSError, PeeweeException) as error:
            raise click.ClickException(str(error)) from error

    return run


@click.group("jobs")
def group() -> None:
    """Look after downloads and images."""


@group.command("list")
@click.option("--status", type=click.Choice([status.value for status in Status]))
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="How many of each kind.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line, as in the API.")
@with_storage
def show(_: Storage, status: str | None, limit: int, as_json: bool) -> None:
    """List the newest jobs: kind, id, state, when it was added, URL, and why it failed."""
    equal: dict[str, Any] = {"status": status} if status else {}
    for kind in JOB_KINDS:
        for job in jobs.page(kind, limit, **equal):
            click.echo(_json(job) if as_json else _line(job))


def _line(job: Download | Image) -> str:
    url = job.url if isinstance(job, Download) else job.source_url
    kind, added = type(job).__name__.lower(), f"{job.added_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{kind:8}  {job.id}  {job.status:9}  {added}  {url}  {job.error_detail or ''}".rstrip()


def _json(job: Download | Image) -> str:
    schema = DownloadDocument() if isinstance(job, Download) else ImageDocument()
    return json.dumps({"kind": type(job).__name__.lower(), **schema.dump(job)})


@group.command()
@click.argument("job_id", type=click.UUID)
@with_storage
def retry(_: Storage, job_id: UUID) -> None:
    """Ask again for what failed; the running service takes it up."""
    click.echo(jobs.retry(_job(job_id)).id)


@group.command()
@click.argument("job_id", type=click.UUID)
@with_storage
def cancel(storage: Storage, job_id: UUID) -> None:
    """Cancel a job that has not ended."""
    if not cleanup.cancel(_job(job_id), storage):
        raise click.ClickException("it has ended already; `jobs remove` removes it")


@group.command()
@click.argument("job_id", type=click.UUID)
@with_storage
def remove(storage: Storage, job_id: UUID) -> None:
    """Remove a job and its files; cancel it first if it has not ended."""
    cleanup.remove(_job(job_id), storage)


@group.command()
@with_storage
def deliveries(_: Storage) -> None:
    """List the callbacks that were given up, newest first."""
    for delivery in jobs.page(Delivery, 100, status=Status.FAILED):
        columns = delivery.id, delivery.job_id, delivery.host, delivery.attempts
        click.echo("  ".join(map(str, [*columns, delivery.error_detail])))


@group.command()
@click.argument("delivery_id", type=click.UUID)
@with_storage
def redeliver(_: Storage, delivery_id: UUID) -> None:
    """Try a callback once more that was given up."""
    jobs.redeliver(jobs.get(Delivery, delivery_id))


@group.command()
@with_storage
def gc(storage: Storage) -> None:
    """Remove files without rows, and rows whose file is gone."""
    files, rows = cleanup.collect(storage)
    click.echo(f"{files} files without a row and {rows} rows without their file removed")


@click.command()
@click.argument("target", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_storage
def backup(storage: Storage, target: Path) -> None:
    """Copy rows and files into a new folder in TARGET.

    The service may run meanwhile.
    """
    click.echo(back_up(storage, target))


def back_up(storage: Storage, folder: Path) -> Path:
    """Copy the rows, then the files, into a new folder in `folder`; return which.

    What is removed meanwhile is missing there, and what is added has no row: both are what
    `cleanup.collect` mends.

    Raises:
        FileExistsError: another was made in this second.
    """
    target = folder / f"storage-{now():%Y%m%dT%H%M%SZ}"
    storage.make_copy(target, db.copy_to)
    return target
