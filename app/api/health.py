"""`/healthz`: whether this process answers. `/readyz`: whether it can do its work."""

from collections.abc import Callable

from flask import Response
from marshmallow import Schema, fields
from peewee import PeeweeException

from app.database.connection import db
from app.errors import StorageFailure
from app.http import services
from app.http.operations import Resource
from app.http.problem_types import CATALOGUE
from app.http.problems import problem

NOT_READY_SECONDS = 5  # until it is worth to ask again


class HealthDocument(Schema):
    """Signs of life."""

    status = fields.Constant("ok")


class ReadyDocument(Schema):
    """What was looked at; each of it is well, but for a queue that may be away."""

    status = fields.Constant("ok")
    checks = fields.Dict(keys=fields.String(), values=fields.String())


health = Resource("health", "For those who operate the service")


@health.get("/healthz", answer=HealthDocument)
def get_healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {}


@health.get("/readyz", answer=ReadyDocument, problems=("not-ready",))
def get_readyz() -> Response | dict[str, dict[str, str]]:
    """Tell whether database, storage, free space and engine are well."""
    faults = {name: fault for name, check in CHECKS.items() if (fault := check())}
    if not faults:
        queue = services.engine().queue()
        return {"checks": dict.fromkeys(CHECKS, "ok") | ({"queue": queue} if queue else {})}
    detail = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
    kind = CATALOGUE["not-ready"]
    return problem(kind, detail, errors=faults, retry_seconds=NOT_READY_SECONDS)


def _database() -> str | None:
    try:
        db.probe()
    except PeeweeException:
        return "cannot be read and written"
    return None


def _storage() -> str | None:
    try:
        services.storage().probe()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    except StorageFailure as failure:
        return failure.detail
    return None


def _space() -> str | None:
    least = services.settings().min_free_bytes
    try:
        free = services.storage().free_bytes()
    except OSError as error:
        return f"cannot be measured: {error.strerror}"
    return f"{free} bytes are free, {least} are wanted" if free < least else None


def _engine() -> str | None:
    return None if services.engine().turning() else "has not looked for work lately"


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": _database,
    "storage": _storage,
    "space": _space,
    "engine": _engine,
}
