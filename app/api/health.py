"""`/healthz`: whether this process answers."""

from marshmallow import Schema, fields

from app.api.answers import Blueprint


class HealthDocument(Schema):
    """Signs of life."""

    status = fields.Constant("ok")


health = Blueprint("health", __name__, description="For those who operate the service")


@health.get("/healthz")
@health.response(200, HealthDocument)
def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {}
