"""The REST API: views load, act and dump; nothing here makes an outgoing request."""

from functools import cache
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from gunicorn.http.errors import ParseException
from marshmallow import ValidationError
from peewee import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from app.api import openapi
from app.api.docs import docs
from app.api.downloads import downloads
from app.api.health import health
from app.api.images import images
from app.api.metrics import metrics
from app.errors import Failure
from app.http.auth import Access, refuse_foreign
from app.http.bad_requests import handle_broken_body
from app.http.hosts import Hosts, refuse_nameless
from app.http.keys import Keys
from app.http.middleware import Guard, Middleware
from app.http.prefix import note_prefix
from app.http.problems import (
    handle_database,
    handle_failure,
    handle_http_exception,
    handle_invalid,
)
from app.http.rate_limit import RateLimit
from app.http.routes import Routes
from app.jobs.capacity import Capacity
from app.jobs.quotas import Quotas
from app.settings import Settings

if TYPE_CHECKING:
    from limits import RateLimitItem

MAX_BODY_BYTES = 4 << 20  # 10,000 URLs of 400 characters

RESOURCES = [downloads, images, health, metrics]


def init_app(app: Flask) -> None:
    """Register the resources, their documentation and their errors."""
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.url_map.strict_slashes = False  # `/images/` is `/images`,
    app.url_map.merge_slashes = False  # and nobody is sent elsewhere for a slash
    for resource in RESOURCES:
        resource.register(app)
    # When it is first asked for: most processes are never asked.
    app.extensions["openapi"] = cache(lambda: openapi.write(RESOURCES, app.extensions["settings"]))
    app.register_blueprint(docs)
    app.register_error_handler(Failure, handle_failure)
    app.register_error_handler(HTTPException, handle_http_exception)
    app.register_error_handler(OperationalError, handle_database)
    app.register_error_handler(ParseException, handle_broken_body)
    app.register_error_handler(ValidationError, handle_invalid)
    app.after_request(_answer_options)
    settings: Settings = app.extensions["settings"]
    app.extensions["capacity"] = Capacity(settings.max_queued)
    app.extensions["quotas"] = Quotas(settings.quota_jobs, settings.quota_bytes)
    inner = Middleware(app.wsgi_app, *_guards(app), route=Routes(app.url_map).name)
    app.wsgi_app = inner  # type: ignore[method-assign]
    if proxies := settings.trusted_proxies:  # which are believed, and nobody else
        # Each adds to X-Forwarded-For; the others have one value, the nearest proxy's word.
        outer = ProxyFix(inner, proxies, x_proto=1, x_host=1, x_prefix=1)
        app.wsgi_app = outer  # type: ignore[method-assign]


def _answer_options(response: Response) -> Response:
    """Answer OPTIONS with `Allow` and nothing else."""
    if request.method == "OPTIONS" and response.status_code == 200:
        response.status_code = 204
        del response.headers["Content-Type"]
    return response


def _rate_limit(rate: "RateLimitItem", queue_url: str) -> RateLimit:
    if queue_url:
        from app.http.shared_rate_limit import SharedRateLimit

        return SharedRateLimit(rate, queue_url)
    return RateLimit(rate)


def _guards(app: Flask) -> list[Guard]:
    """Return what the settings ask of those who come."""
    settings: Settings = app.extensions["settings"]
    keys = app.extensions["keys"] = Keys(settings.api_keys)
    access = Access(keys)
    hosts = [Hosts(settings.hosts)] if settings.hosts or not keys else []
    limits = [_rate_limit(settings.rate_limit, settings.queue_url)] if settings.rate_limit else []
    # The limit is in the middle: it goes by keys, and counts who tries to guess one.
    known = [access.recognize, *limits, access.check] if keys else limits
    return [note_prefix, refuse_nameless, *hosts, *known, refuse_foreign]
