"""Commands for operators: `flask --app wsgi jobs …`, `flask --app wsgi backup …`."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from app import jobs, upkeep
from app.errors import Failure, NotFound
from app.models import KINDS, Download, Image, Status
from app.storage import Storage

group = AppGroup("jobs", help="Look after downloads and images.")


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
@click.option("--limit", default=20, show_default=True, help="how many of each kind")
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
    try:
        click.echo(jobs.retry(_job(job_id)).id)
    except Failure as failure:
        raise click.ClickException(failure.detail) from failure


@group.command()
@click.argument("job_id", type=click.UUID)
def cancel(job_id: UUID) -> None:
    """Cancel a job that has not ended, or remove one that has."""
    upkeep.remove(_job(job_id), _storage())


@group.command()
def gc() -> None:
    """Remove files without rows, and rows whose file is gone."""
    files, rows = upkeep.collect(_storage())
    click.echo(f"{files} files without a row and {rows} rows without their file removed")


@click.command()
@with_appcontext
@click.argument("target", type=click.Path(exists=True, path_type=Path))
def backup(target: Path) -> None:
    """Copy rows and files into a new folder in TARGET while the service runs."""
    click.echo(upkeep.back_up(_storage(), target))
