"""The REST API: views load, act and dump; nothing here makes an outgoing request."""

from wsgiref.types import WSGIApplication

from flask import Flask
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from peewee import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix

from app.api import openapi
from app.api.docs import docs
from app.api.downloads import downloads
from app.api.health import health
from app.api.images import images
from app.api.metrics import scrape
from app.errors import Failure
from app.http import conditional
from app.http.auth import Access, refuse_foreign
from app.http.bad_requests import handle_broken_body
from app.http.hosts import Hosts, refuse_nameless
from app.http.problems import (
    ProblemApi,
    handle_database,
    handle_failure,
)
from app.http.rate_limit import RateLimit
from app.http.request_log import Door, Guard
from app.http.responses import JsonProvider
from app.http.routes import Routes
from app.jobs.capacity import Capacity
from app.keys import Keys
from app.settings import VERSION, Settings

MAX_BODY_BYTES = 4 << 20  # 10,000 URLs of 400 characters

CONFIGURATION = {
    "API_TITLE": "Image Downloader",
    "API_VERSION": VERSION,
    "OPENAPI_VERSION": "3.1.0",
    "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
}


def init_app(app: Flask) -> None:
    """Register the resources, their documentation and their errors."""
    app.config.update(CONFIGURATION)
    app.url_map.strict_slashes = False  # `/images/` is `/images`,
    app.url_map.merge_slashes = False  # and nobody is sent elsewhere for a slash
    app.json = JsonProvider(app)
    app.json.sort_keys = False  # the schemas have an order
    api = ProblemApi(app)
    for blueprint in downloads, images, health, scrape:
        api.register_blueprint(blueprint)
    document = openapi.complete(api.spec.to_dict(), app.extensions["settings"])
    app.extensions["openapi"] = document
    app.register_blueprint(docs)
    app.register_error_handler(Failure, handle_failure)
    app.register_error_handler(ParseException, handle_broken_body)
    app.register_error_handler(OperationalError, handle_database)
    conditional.observe(app, document["paths"])
    app.extensions["capacity"] = Capacity(app.extensions["settings"].max_queued)
    door = Door(app.wsgi_app, *_guards(app), route=Routes(app.url_map).name)
    app.wsgi_app = _behind_proxies(door, app)  # type: ignore[assignment,method-assign]


def _behind_proxies(door: Door, app: Flask) -> WSGIApplication:
    """Believe what the deployer's own proxies say of a request, and nobody else."""
    count = app.extensions["settings"].trusted_proxies
    # Each proxy adds to X-Forwarded-For; the other two have one value, the nearest proxy's word.
    return ProxyFix(door, count, x_proto=1, x_host=1) if count else door


def _guards(app: Flask) -> list[Guard]:
    """Return what the settings ask of those who come."""
    settings: Settings = app.extensions["settings"]
    keys = app.extensions["keys"] = Keys(settings.api_keys)
    access = Access(keys)
    hosts = [Hosts(settings.hosts)] if settings.hosts or not keys else []
    limits = [RateLimit(settings.rate_limit)] if settings.rate_limit else []
    # The limit is in the middle: it goes by keys, and counts who tries to guess one.
    known: list[Guard] = (
        [access.recognize, *limits, access.check] if keys else [*limits, refuse_foreign]
    )
    return [refuse_nameless, *hosts, *known]
