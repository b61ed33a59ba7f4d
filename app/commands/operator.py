"""Commands for operators: `flask --app wsgi jobs …`, `flask --app wsgi backup …`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from peewee import PeeweeException

from app import jobs
from app.database.models import KINDS, Delivery, Download, Image, Status
from app.errors import Failure, NotFound
from app.jobs import cleanup
from app.storage.local import Storage


@contextmanager
def _in_words() -> Iterator[None]:
    """Tell what is in a command's way by one sentence."""
    try:
        yield
    except Failure as failure:
        raise click.ClickException(failure.detail) from failure
    except (OSError, PeeweeException) as error:
        raise click.ClickException(str(error)) from error


class Group(AppGroup):
    """Commands that tell their errors in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        with _in_words():
            return super().invoke(ctx)


group = Group("jobs", help="Look after downloads and images.")


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(group)
    app.cli.add_command(backup)


def _storage() -> Storage:
    storage: Storage = current_app.extensions["storage"]
    return storage


def _job(job_id: UUID) -> Download | Image:
    for kind in KINDS:
        try:
            return jobs.get(kind, job_id)
        except NotFound:
            continue
    raise click.ClickException(f"there is no job {job_id}")


@group.command("list")
@click.option("--status", type=click.Choice([status.value for status in Status]))
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="how many of each kind",
)
def show(status: str | None, limit: int) -> None:
    """List the newest jobs."""
    equal: dict[str, Any] = {"status": status} if status else {}
    for kind in KINDS:
        for job in jobs.page(kind, limit, **equal):
            url = job.url if isinstance(job, Download) else job.source_url
            reason = job.error_detail or ""
            click.echo(f"{kind.__name__.lower():8}  {job.id}  {job.status:9}  {url}  {reason}")


@group.command()
@click.argument("job_id", type=click.UUID)
def retry(job_id: UUID) -> None:
    """Ask again for what failed; the running service takes it up."""
    click.echo(jobs.retry(_job(job_id)).id)


@group.command()
@click.argument("job_id", type=click.UUID)
def cancel(job_id: UUID) -> None:
    """Cancel a job that has not ended."""
    if not cleanup.cancel(_job(job_id), _storage()):
        raise click.ClickException("it has ended already; `jobs remove` removes it")


@group.command()
@click.argument("job_id", type=click.UUID)
def remove(job_id: UUID) -> None:
    """Remove a job and its files; cancel it first if it has not ended."""
    cleanup.remove(_job(job_id), _storage())


@group.command()
def deliveries() -> None:
    """List the callbacks that were given up, newest first."""
    for one in jobs.page(Delivery, 100, status=Status.FAILED):
        click.echo(f"{one.id}  {one.job_id}  {one.host}  {one.attempts}  {one.error_detail}")


@group.command()
@click.argument("delivery_id", type=click.UUID)
def redeliver(delivery_id: UUID) -> None:
    """Try a callback once more that was given up."""
    jobs.redeliver(jobs.get(Delivery, delivery_id))


@group.command()
def gc() -> None:
    """Remove files without rows, and rows whose file is gone."""
    files, rows = cleanup.collect(_storage())
    click.echo(f"{files} files without a row and {rows} rows without their file removed")


@click.command()
@with_appcontext
@click.argument("target", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_in_words()
def backup(target: Path) -> None:
    """Copy rows and files into a new folder in TARGET while the service runs."""
    click.echo(cleanup.back_up(_storage(), target))
