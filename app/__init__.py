"""An image downloader as a service: a page's images in one zip, an image as a stored copy."""

import os
import sys
from functools import cache

TYPE_CHECKING = False  # `--version` does without `typing`
if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings
    from app.worker.pool import PoolEngine

VERSION = "0.1.0"
CONNECTIONS = 16  # of a process to PostgreSQL, beside one for each job that runs

# peewee imports psycopg wherever it is installed, which takes three times as long as itself.
if not any(name.startswith("DOWNLOADER_DATABASE_URL") for name in os.environ):
    sys.modules.setdefault("psycopg", None)  # type: ignore[arg-type]

# Functions import what they need: to import one module of ours does not load all others.


def verify(settings: "Settings") -> None:
    """Make sure, before the service starts, that its storage can be relied on.

    Raises:
        ConfigurationError: it cannot; the message says what to change.
    """
    from app.database.connection import db
    from app.storage import open_storage

    open_storage(settings).prepare()
    _use_database(settings)
    try:
        db.check()
    finally:
        db.disconnect()  # a connection must not be carried over a fork
    verify_browser(settings)


def verify_browser(settings: "Settings") -> None:
    """Make sure that a browser can be run, where this service would run one.

    Raises:
        ConfigurationError: it cannot; the message says what to change.
    """
    if settings.job_threads and settings.browser and not settings.queue_url:
        from app.render import trial

        trial.verify(settings)


@cache
def prepare(settings: "Settings") -> None:
    """Make the storage ready, once: what gunicorn's master has done, its workers need not.

    Raises:
        ConfigurationError: it cannot be used; the message says what to change.
    """
    from app.database.connection import db
    from app.storage import open_storage
    from app.storage.disk import exclusive

    open_storage(settings).prepare()
    _use_database(settings)
    if settings.database_url:
        db.migrate()
    else:
        with exclusive(settings.storage_dir / "migration.lock"):
            db.migrate()
    db.disconnect()


def _use_database(settings: "Settings") -> None:
    """Choose what the rows are in."""
    if settings.database_url:
        from app.database import postgres

        postgres.use(settings.database_url, CONNECTIONS + settings.job_threads)
    else:
        from app.database import sqlite
        from app.storage import FolderStorage

        sqlite.use(FolderStorage(settings.storage_dir).database)


def _engine_of(settings: "Settings") -> "type[PoolEngine]":
    if settings.queue_url:
        from app.worker.messages import MessageEngine

        return MessageEngine
    from app.worker.pool import PoolEngine

    return PoolEngine


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Make the application; its engine starts with the first job, or when it is started.

    Raises:
        ConfigurationError: it cannot work like this; the message says what to change.
    """
    from flask import Flask

    from app import api, metrics, web
    from app.commands import operator
    from app.database.connection import db
    from app.jobs.watch import JobWatcher
    from app.settings import load
    from app.storage import open_storage

    settings = settings or load()
    prepare(settings)
    storage = open_storage(settings)
    _use_database(settings)
    app = Flask(__name__, static_folder="web/static")
    app.extensions["settings"] = settings
    app.extensions["storage"] = storage
    app.teardown_appcontext(lambda error: db.give_back())
    engine = app.extensions["engine"] = _engine_of(settings)(
        settings, storage, report=metrics.count_fetch
    )
    app.extensions["watcher"] = JobWatcher(settings.max_waiting, lambda: engine.stopping)
    api.init_app(app)
    web.init_app(app)
    operator.init_app(app)
    return app


def get_image_urls_sync(url: str) -> list[str]:
    """Fetch a page and list the URLs of its pictures in document order, of each the largest shown.

    What galleries and links open instead is left to a download, which falls back if that is gone.

    Raises:
        Failure: the page cannot be had, or is neither HTML nor a feed nor an image.
    """
    from app.fetch import Fetcher
    from app.settings import load
    from app.urls import Url
    from app.worker.pages import read_page
    from app.worker.sheets import SheetLoader

    settings = load()
    with Fetcher(settings) as fetcher:
        sheets = SheetLoader(fetcher, settings.style_sheets)
        _, pictures = read_page(Url.parse(url), fetcher, sheets)
    return [picture.shown or picture.url for picture in pictures if not picture.skipped]
