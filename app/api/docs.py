"""The API's own documentation, with no network but ours: `/docs` and `/openapi.json`."""

from importlib import resources

from flask import Blueprint, Response, current_app, render_template, send_from_directory

from app.http.middleware import CONTENT_SECURITY_POLICY
from app.http.problem_types import CATALOGUE
from app.http.responses import versioned
from app.urls import own

DAY = 24 * 3600  # seconds
# Swagger UI's style sheet has its icons in it.
POLICY = CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")

docs = Blueprint(
    "docs",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/docs/static",
)


@docs.get("/openapi.json")
def document() -> Response:
    """Get what `app.api.openapi` writes once for the application."""
    servers = [{"url": own("/").rstrip("/") or "/"}]
    return versioned({**current_app.extensions["openapi"](), "servers": servers})


@docs.get("/docs")
def page() -> tuple[str, dict[str, str]]:
    """Show the API with Swagger UI."""
    shown = render_template("docs.html", problems=CATALOGUE.values())
    return shown, {"Content-Security-Policy": POLICY}


@docs.get("/docs/assets/<path:filename>")
def asset(filename: str) -> Response:
    """Send a file of Swagger UI."""
    folder = resources.files("flask_swagger_ui") / "dist"
    return send_from_directory(str(folder), filename, max_age=DAY)
