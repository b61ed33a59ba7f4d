"""The REST API: views load, act and dump; nothing here makes an outgoing request."""

import logging
import time
from importlib import resources

from flask import Flask, Response, g, request, send_from_directory
from peewee import OperationalError

from app.api.downloads import downloads
from app.api.health import health
from app.api.images import images
from app.api.problems import CONTENT_TYPE, ProblemApi, handle_database, handle_failure
from app.errors import Failure
from app.settings import VERSION

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1 << 20

CONFIGURATION = {
    "API_TITLE": "Image Downloader",
    "API_VERSION": VERSION,
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_JSON_PATH": "openapi.json",
    "OPENAPI_SWAGGER_UI_PATH": "docs",
    "OPENAPI_SWAGGER_UI_URL": "/docs/assets/",
    "OPENAPI_SWAGGER_UI_CONFIG": {"validatorUrl": None},  # it would ask a foreign host
    "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
}


def init_app(app: Flask) -> None:
    """Register the resources, their documentation and their errors."""
    app.config.update(CONFIGURATION)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the schemas have an order
    api = ProblemApi(app)
    for blueprint in downloads, images, health:
        api.register_blueprint(blueprint)
    for response in api.spec.components.responses.values():
        if "application/json" in response.get("content", {}):
            response["content"] = {CONTENT_TYPE: response["content"].pop("application/json")}
    app.register_error_handler(Failure, handle_failure)
    app.register_error_handler(OperationalError, handle_database)
    app.add_url_rule("/docs/assets/<path:filename>", "docs_assets", _docs_asset)
    app.before_request(_start_clock)
    app.after_request(_validate_cache)
    app.after_request(_log_request)


def _docs_asset(filename: str) -> Response:
    """Send a file of Swagger UI, so that `/docs` works without the internet."""
    folder = resources.files("flask_swagger_ui") / "dist"
    return send_from_directory(str(folder), filename, max_age=24 * 3600)


def _start_clock() -> None:
    g.started = time.monotonic()


def _validate_cache(response: Response) -> Response:
    """Give JSON answers an ETag, and 304 to those who know it (RFC 9110)."""
    if request.method in ("GET", "HEAD") and response.status_code == 200 and response.is_json:
        response.add_etag()
        response.make_conditional(request)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _log_request(response: Response) -> Response:
    log.info(
        "request",
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "seconds": round(time.monotonic() - g.started, 4),
            "client": request.remote_addr,
        },
    )
    return response
